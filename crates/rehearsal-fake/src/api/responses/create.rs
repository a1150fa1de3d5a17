//! `POST /v1/responses`.

use std::{num::NonZeroU32, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::Value;

use super::{
    answer::ResponseHead,
    deltas::DeltaStream,
    input::{Past, chat_messages},
    request::{RESPONSES, ResponsesRequest},
    store::refused,
    stream::ItemStream,
};
use crate::{
    api::{
        chat,
        chat_request::ChatRequest,
        context::Context,
        error::{ApiError, json_response},
        generation::{Generation, Job, Prompt},
        options::ResponsesStore,
        said::Said,
        sse::stream_response,
    },
    engine::PrefixCacheReads,
    version::ResponsesStream,
};

const NO_BACKGROUND: &str = "This vLLM engine does not support `store=True` and therefore does not support the background mode. To enable \
                             these features, set the environment variable `VLLM_ENABLE_RESPONSES_API_STORE=1` when launching the vLLM \
                             server.";

/// Answers with a response, whole or in events.
pub(in crate::api) async fn create(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    answer(&context, &headers, body).await.unwrap_or_else(|error| error.response(context.features()))
}

async fn answer(context: &Arc<Context>, headers: &HeaderMap, body: Body) -> Result<Response, ApiError> {
    let body = context.read(headers, body, RESPONSES).await?;
    let request = ResponsesRequest::read(&context.wire, body)?;
    context.check_model(request.model.as_deref())?;
    context.check_alive()?;
    let keeps = context.app.frontend.responses_store == ResponsesStore::On;
    if request.stores && request.background && !keeps {
        return Err(refused(NO_BACKGROUND, "background"));
    }
    let past = match &request.previous {
        Some(id) => context.responses.past(id)?,
        None => Past::default(),
    };
    let history = context.features().responses_history;
    let messages = chat_messages(history, request.instructions.as_deref(), &past, &request.input)?;
    let chat = request.chat(&context.wire, messages.clone())?;
    let prompt = prompt(context, &request, &chat)?;
    let head = ResponseHead {
        id: request.id.clone().unwrap_or_else(|| format!("resp_{}", context.new_id())),
        model: context.answering_model(request.model.as_deref()).to_owned(),
        created_at: context.app.clock.unix_seconds(),
        max_output_tokens: prompt.sampling.max_tokens.get(),
        top_logprobs: request.top_logprobs.and_then(|top| u32::try_from(top).ok()),
        echo: request.echo,
        reading: chat.reading(context, &prompt.text),
        stored: (request.stores && keeps).then_some(messages),
    };
    let job = Job {
        id: &head.id,
        prompts: vec![prompt],
        n: 1,
        messages: Some(&chat.messages),
        model: request.model.as_deref(),
        cache_salt: chat.cache_salt.clone(),
        prefix_cache_reads: PrefixCacheReads::Allowed,
        priority: chat.priority,
    };
    let in_flight = context.enter();
    let mut generation = Generation::start(context, &job);
    if request.streams {
        let context = Arc::clone(context);
        return Ok(match context.features().responses_stream {
            ResponsesStream::ItemByItem => stream_response(context, ItemStream::new(head, generation), in_flight),
            ResponsesStream::DeltaByDelta => stream_response(context, DeltaStream::new(head, generation), in_flight),
        });
    }
    if request.background {
        let queued = head.unfinished(context, "queued");
        context.responses.put(&head.id, queued.clone(), head.stored.clone().unwrap_or_default());
        let (id, weak) = (head.id.clone(), Arc::downgrade(context));
        let work = async move {
            let finished = generation.finish().await;
            if let (Ok(()), Some(context)) = (finished, weak.upgrade()) {
                finish(&context, &head, &generation);
            }
        };
        context.responses.in_background(&id, work);
        return Ok(json_response(StatusCode::OK, queued.to_string()));
    }
    generation.finish().await?;
    Ok(json_response(StatusCode::OK, finish(context, &head, &generation).to_string()))
}

fn finish(context: &Context, head: &ResponseHead, generation: &Generation) -> Value {
    let output = generation.choices.first().map(|choice| {
        // a forced call that cannot be read is left as the text that it is
        let said = Said::whole(context, &head.reading, choice).unwrap_or_else(|_| Said::text(choice.text()));
        head.output(context, choice, &said)
    });
    head.finished(context, generation, output.unwrap_or_default())
}

/// The prompt of the chat, with the smaller of what is asked for and what fits as its limit.
fn prompt(context: &Context, request: &ResponsesRequest, chat: &ChatRequest) -> Result<Prompt, ApiError> {
    if let Some(tokens) = request.max_output_tokens.filter(|tokens| *tokens < 1) {
        let message = format!("max_tokens must be at least 1, got {tokens}.");
        return Err(ApiError::bad_value(context.features(), "max_tokens", &tokens.to_string(), &message));
    }
    let mut prompt = chat::prompt(context, chat)?;
    let asked = request.max_output_tokens.and_then(|tokens| u32::try_from(tokens).ok()).and_then(NonZeroU32::new);
    if let Some(asked) = asked {
        prompt.sampling.max_tokens = prompt.sampling.max_tokens.min(asked);
    }
    Ok(prompt)
}
