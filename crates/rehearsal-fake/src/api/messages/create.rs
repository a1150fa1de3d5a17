//! `POST /v1/messages` and `POST /v1/messages/count_tokens`.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::{Map, json};

use super::{
    answer::whole,
    error::Refused,
    request::{COUNT_TOKENS, MESSAGES, MessagesRequest, Purpose},
    stream::MessagesStream,
};
use crate::{
    api::{
        chat,
        chat_request::ChatRequest,
        context::Context,
        error::json_response,
        generation::{Generation, Job, Prompt},
        sse::stream_response,
    },
    engine::PrefixCacheReads,
};

/// Answers with a message, whole or in events.
pub(in crate::api) async fn create(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    answer(&context, &headers, body).await.unwrap_or_else(|refused| refused.response(context.features()))
}

/// Says how many tokens the prompt of a message has.
pub(in crate::api) async fn count_tokens(
    State(context): State<Arc<Context>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    count(&context, &headers, body).await.unwrap_or_else(|refused| refused.response(context.features()))
}

async fn answer(context: &Arc<Context>, headers: &HeaderMap, body: Body) -> Result<Response, Refused> {
    let body = context.read(headers, body, MESSAGES).await.map_err(Refused::Body)?;
    let request = MessagesRequest::read(&context.wire, &body, Purpose::Generate).map_err(Refused::Body)?;
    let chat = ChatRequest::read(context.features(), &request.chat)?;
    let prompt = prompt(context, &chat)?;
    let reading = chat.reading(context, &prompt.text);
    let id = format!("chatcmpl-{}", context.request_id(headers, &Map::new()));
    let job = Job {
        id: &id,
        prompts: vec![prompt],
        n: 1,
        messages: Some(&chat.messages),
        model: chat.model.as_deref(),
        cache_salt: chat.cache_salt.clone(),
        prefix_cache_reads: PrefixCacheReads::Allowed,
        priority: 0,
    };
    let in_flight = context.enter();
    let mut generation = Generation::start(context, &job);
    if request.streams {
        return Ok(stream_response(Arc::clone(context), MessagesStream::new(id, generation, &reading), in_flight));
    }
    generation.finish().await?;
    Ok(json_response(StatusCode::OK, whole(context, &id, &generation, &reading)?.to_string()))
}

async fn count(context: &Context, headers: &HeaderMap, body: Body) -> Result<Response, Refused> {
    let body = context.read(headers, body, COUNT_TOKENS).await.map_err(Refused::Body)?;
    let request = MessagesRequest::read(&context.wire, &body, Purpose::Count).map_err(Refused::Body)?;
    let chat = ChatRequest::read(context.features(), &request.chat)?;
    let tokens = prompt(context, &chat)?.tokens.len();
    let body = json!({"input_tokens": tokens, "context_management": {"original_input_tokens": tokens}});
    Ok(json_response(StatusCode::OK, body.to_string()))
}

/// The prompt of the chat, refused as the chat would refuse it.
fn prompt(context: &Context, chat: &ChatRequest) -> Result<Prompt, Refused> {
    context.check_model(chat.model.as_deref())?;
    context.check_alive()?;
    chat.check(context.features(), &context.app.frontend)?;
    Ok(chat::prompt(context, chat)?)
}
