//! `POST /v1/chat/completions/render` and `POST /v1/completions/render`: the tokens that a request would send to the engine.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    chat::prompt,
    chat_request::{CHAT, ChatRequest},
    completion::measured,
    completion_request::{COMPLETIONS, CompletionRequest},
    context::Context,
    error::{ApiError, json_response},
    generation::Prompt,
    object::shaped,
    sampling::Sampling,
    stream_options::StreamRequest,
};
use crate::version::ShapeName;

pub(super) async fn chat(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    respond(&context, chat_rendered(&context, &headers, body).await)
}

pub(super) async fn completions(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    respond(&context, completions_rendered(&context, &headers, body).await)
}

fn respond(context: &Context, outcome: Result<Value, ApiError>) -> Response {
    match outcome {
        Ok(body) => json_response(StatusCode::OK, body.to_string()),
        Err(error) => error.response(context.features()),
    }
}

async fn chat_rendered(context: &Context, headers: &HeaderMap, body: Body) -> Result<Value, ApiError> {
    context.check_scale_out()?;
    let body = context.read(headers, body, CHAT).await?;
    let request = ChatRequest::read(context.features(), &body)?;
    context.check_model(request.model.as_deref())?;
    request.check(context.features(), &context.app.frontend)?;
    let prompt = prompt(context, &request)?;
    let id = format!("chatcmpl-{}", context.request_id(headers, &body));
    let rendered = Rendered {
        id: &id,
        model: request.model.as_deref(),
        prompt: &prompt,
        sampling: &request.sampling,
        stream: request.stream,
        options: body.get("stream_options"),
        cache_salt: request.cache_salt.as_deref(),
        priority: request.priority,
    };
    Ok(rendered.json(context))
}

async fn completions_rendered(context: &Context, headers: &HeaderMap, body: Body) -> Result<Value, ApiError> {
    context.check_scale_out()?;
    let body = context.read(headers, body, COMPLETIONS).await?;
    let request = CompletionRequest::read(context.features(), &body)?;
    context.check_model(request.model.as_deref())?;
    request.check(context.features())?;
    let mut all = Vec::with_capacity(request.prompts.len());
    for input in &request.prompts {
        let prompt = measured(context, &request, input)?;
        let id = format!("cmpl-{}", context.request_id(headers, &body));
        let rendered = Rendered {
            id: &id,
            model: request.model.as_deref(),
            prompt: &prompt,
            sampling: &request.sampling,
            stream: request.stream,
            options: body.get("stream_options"),
            cache_salt: request.cache_salt.as_deref(),
            priority: request.priority,
        };
        all.push(rendered.json(context));
    }
    Ok(all.into())
}

/// One prompt, as the engine would get it.
struct Rendered<'a> {
    id: &'a str,
    model: Option<&'a str>,
    prompt: &'a Prompt,
    sampling: &'a Sampling,
    stream: Option<StreamRequest>,
    options: Option<&'a Value>,
    cache_salt: Option<&'a str>,
    priority: i32,
}

impl Rendered<'_> {
    fn json(&self, context: &Context) -> Value {
        shaped(
            &context.wire,
            ShapeName::Rendered,
            [
                ("request_id", self.id.into()),
                ("token_ids", json!(*self.prompt.tokens)),
                (
                    "sampling_params",
                    self.sampling
                        .or(&context.app.frontend.generation_defaults)
                        .rendered(self.prompt.sampling.max_tokens.get(), self.stream.is_some()),
                ),
                ("model", context.answering_model(self.model).into()),
                ("output_mode", "tokens".into()),
                ("stream", self.stream.is_some().into()),
                ("stream_options", self.options.cloned().unwrap_or_default()),
                ("cache_salt", self.cache_salt.map_or(Value::Null, Value::from)),
                ("priority", self.priority.into()),
            ],
        )
    }
}
