//! The routes of models that pool — embeddings, classes, scores — as a model that generates answers them: it cannot, says a body with an
//! error, and the status says 200 (`vllm/entrypoints/pooling/*/api_router.py` of 0.13.0 returns the error object as it would a result).

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::{Map, Value};

use super::{
    context::Context,
    error::{ApiError, json_response},
    validation::{Handler, Loc, Problem, invalid},
};

/// What one route is called in the refusal, and the fields without which the body is refused first.
struct Task {
    handler: Handler,
    api: &'static str,
    required: Required,
}

enum Required {
    /// Each of them.
    All(&'static [&'static str]),
    /// One of them: a request is of the type that has it.
    Any(&'static [&'static str]),
}

/// The lines of these functions are not known; nobody compares them.
const NOT_RECORDED: u32 = 1;

/// How pydantic names a type whose extra fields vLLM logs.
const WRAPPED: &str = "function-wrap[__log_extra_fields__()]";

async fn refuse(context: &Context, headers: &HeaderMap, body: Body, task: &Task) -> Response {
    match context.read(headers, body, task.handler).await.and_then(|body| check(context, &body, task)) {
        Ok(()) => {
            let message = format!("The model does not support {} API", task.api);
            let error = ApiError::bad_request(message).json(context.features()).unwrap_or_default();
            json_response(StatusCode::OK, error.to_string())
        }
        Err(error) => error.response(context.features()),
    }
}

fn check(context: &Context, body: &Map<String, Value>, task: &Task) -> Result<(), ApiError> {
    let whole = Value::Object(body.clone());
    let problems: Vec<Problem> = match task.required {
        Required::All(keys) => {
            keys.iter().filter(|key| !body.contains_key(**key)).map(|key| Problem::missing(key, &whole)).collect()
        }
        Required::Any(keys) if keys.iter().any(|key| body.contains_key(*key)) => Vec::new(),
        Required::Any(keys) => {
            let problem = |key: &&str| {
                let loc = vec![Loc::Variant(WRAPPED), (*key).into()];
                Problem::new("missing", loc, "Field required", &whole)
            };
            keys.iter().map(problem).collect()
        }
    };
    if problems.is_empty() { Ok(()) } else { Err(invalid(context.features(), task.handler, &problems)) }
}

macro_rules! routes {
    ($($(#[$doc:meta])* $name:ident = $path:literal $function:literal $api:literal $required:expr;)+) => {$(
        $(#[$doc])*
        pub(super) async fn $name(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
            let handler = Handler { path: $path, function: $function, line: NOT_RECORDED };
            refuse(&context, &headers, body, &Task { handler, api: $api, required: $required }).await
        }
    )+};
}

routes! {
    /// `POST /v1/embeddings`.
    embeddings = "/v1/embeddings" "create_embedding" "Embeddings" Required::Any(&["input", "messages"]);
    /// `POST /pooling`.
    pooling = "/pooling" "create_pooling" "Pooling" Required::Any(&["input", "messages", "data"]);
    /// `POST /classify`.
    classify = "/classify" "create_classify" "Classification" Required::Any(&["input", "messages"]);
    /// `POST /score` and `POST /v1/score`.
    score = "/score" "create_score" "Score" Required::All(&["text_1", "text_2"]);
    /// `POST /rerank`, `POST /v1/rerank` and `POST /v2/rerank`.
    rerank = "/rerank" "do_rerank" "Rerank (Score)" Required::All(&["query", "documents"]);
}
