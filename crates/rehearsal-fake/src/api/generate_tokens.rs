//! `POST /inference/v1/generate`: token ids in, token ids out.

use std::{num::NonZeroU32, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::{Map, Value, json};

use super::{
    completion::known,
    context::Context,
    error::{ApiError, json_response},
    fields::Fields,
    generate_tokens_answer::{GenerateHead, GenerateStream, whole},
    generation::{Generation, Job, Prompt},
    logprobs::{TokenNames, Wanted},
    sampling::Sampling,
    sse::stream_response,
    stream_options::{StreamRequest, read_stream},
    validation::{Handler, Problem, invalid},
};
use crate::{
    engine::PrefixCacheReads,
    usage::{Endpoint, plan_usage},
    version::TokensStream,
};

const GENERATE: Handler = Handler { path: "/inference/v1/generate", function: "generate", line: 46 };

/// `SamplingParams.max_tokens` of `vllm/sampling_params.py`.
const DEFAULT_MAX_TOKENS: i64 = 16;

/// Token ids to continue, as asked for.
struct GenerateRequest {
    model: Option<String>,
    token_ids: Vec<i64>,
    sampling: Sampling,
    max_tokens: i64,
    logprobs: Option<i64>,
    stream: Option<StreamRequest>,
    cache_salt: Option<String>,
    priority: i32,
}

pub(super) async fn create(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    match answer(&context, &headers, body).await {
        Ok(response) => response,
        Err(error) => error.response(context.features()),
    }
}

async fn answer(context: &Arc<Context>, headers: &HeaderMap, body: Body) -> Result<Response, ApiError> {
    context.check_scale_out()?;
    let body = context.read(headers, body, GENERATE).await?;
    let request = GenerateRequest::read(context, &body)?;
    context.check_model(request.model.as_deref())?;
    context.check_alive()?;
    let features = context.features();
    let prompt = prompt(context, &request)?;
    let served = features.tokens_stream == TokensStream::Served;
    let id = context.request_id(headers, &body);
    let top = request.logprobs.map(|top| u32::try_from(top).unwrap_or(0));
    let head = GenerateHead {
        id: if served { format!("generate-tokens-{id}") } else { id },
        created: context.app.clock.unix_seconds(),
        logprobs: top.map(|top| Wanted { top, names: TokenNames::Ids }),
    };
    let job = Job {
        id: &head.id,
        prompts: vec![prompt],
        n: request.sampling.choices(),
        messages: None,
        model: request.model.as_deref(),
        cache_salt: request.cache_salt.clone(),
        prefix_cache_reads: PrefixCacheReads::Allowed,
        priority: request.priority,
    };
    let in_flight = context.enter();
    let mut generation = Generation::start(context, &job);
    if let Some(stream) = request.stream.filter(|_| served) {
        let reporting = context.app.frontend.usage_reporting;
        let plan = plan_usage(features, reporting, Endpoint::Completions, stream.options);
        return Ok(stream_response(Arc::clone(context), GenerateStream::new(head, plan, generation), in_flight));
    }
    generation.finish().await?;
    Ok(json_response(StatusCode::OK, whole(context, &head, &generation).to_string()))
}

impl GenerateRequest {
    fn read(context: &Context, body: &Map<String, Value>) -> Result<Self, ApiError> {
        let features = context.features();
        let mut fields = Fields::new(body, features.coercion);
        for key in ["token_ids", "sampling_params"] {
            if !body.contains_key(key) {
                fields.problem(Problem::missing(key, &Value::Object(body.clone())));
            }
        }
        let token_ids = fields.ints("token_ids").unwrap_or_default();
        let params = fields.within("sampling_params", |params| {
            let max_tokens = params.int("max_tokens").unwrap_or(DEFAULT_MAX_TOKENS);
            (Sampling::read(params, features), max_tokens, params.int("logprobs"))
        });
        let (sampling, max_tokens, logprobs) = params.unwrap_or((Sampling::default(), DEFAULT_MAX_TOKENS, None));
        let request = Self {
            model: fields.string("model").map(str::to_owned),
            token_ids,
            sampling,
            max_tokens,
            logprobs,
            stream: read_stream(&mut fields),
            cache_salt: fields.string("cache_salt").map(str::to_owned),
            priority: fields.int("priority").and_then(|priority| i32::try_from(priority).ok()).unwrap_or(0),
        };
        let problems = fields.into_problems();
        if problems.is_empty() { Ok(request) } else { Err(invalid(features, GENERATE, &problems)) }
    }
}

fn prompt(context: &Context, request: &GenerateRequest) -> Result<Prompt, ApiError> {
    let app = &context.app;
    request.sampling.check_sequences(1)?;
    request.sampling.check(context.features(), request.max_tokens, app.vocab_size)?;
    let tokens = known(context, &request.token_ids)?;
    if tokens.is_empty() {
        return Err(ApiError::bad_request("The decoder prompt cannot be empty"));
    }
    let (length, limit) = (tokens.len(), app.max_model_len);
    if usize::try_from(limit).is_ok_and(|limit| limit <= length) {
        return Err(ApiError::bad_request(format!(
            "The decoder prompt (length {length}) is longer than the maximum model length of {limit}. Make sure that `max_model_len` is no \
             smaller than the number of text tokens."
        )));
    }
    // `check` has refused everything below 1
    let max_tokens = u32::try_from(request.max_tokens).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
    let sampling = request.sampling.engine(max_tokens, &app.tokenizer);
    Ok(Prompt { text: app.tokenizer.decode(&tokens), tokens: tokens.into(), sampling, structured: None })
}

/// One choice's `weight_versions`: all its tokens come from the weights that the server started with.
pub(super) fn weight_versions(tokens: usize) -> Value {
    json!([{"version": "default", "start": 0, "end": tokens}])
}
