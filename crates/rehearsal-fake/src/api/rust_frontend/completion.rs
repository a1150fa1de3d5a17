//! `POST /v1/completions`.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};

use super::{
    super::{
        context::Context,
        error::json_response,
        generation::{self, Generation, Job},
        logprobs::Wanted,
        sse::stream_response,
    },
    body,
    completion_answer::{CompletionHead, whole},
    completion_request::{CompletionRequest, Prompt},
    completion_stream::CompletionStream,
    refusal::Refusal,
    router,
    sampling::Bounds,
    sampling_fields::StreamOptions,
    structured,
};
use crate::{
    engine::PrefixCacheReads,
    usage::{Endpoint, plan_usage},
};

pub(super) async fn create(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    answer(&context, &headers, body).await.unwrap_or_else(|refusal| refusal.response())
}

async fn answer(context: &Arc<Context>, headers: &HeaderMap, body: Body) -> Result<Response, Refusal> {
    let request: CompletionRequest = body::read(context, headers, body).await?;
    router::check_model(context, request.model.as_deref())?;
    request.check_compatibility()?;
    let id = format!("cmpl-{}", router::request_id(context, headers, request.request_id.as_deref()));
    let constraint = structured::of_completion(request.response_format.as_ref(), request.structured_outputs.as_ref())?;
    let prompt_only = request.prompt_only();
    let mut wishes = request.wishes(Some(request.max_tokens()).filter(|_| !prompt_only).or(Some(1)), request.logprobs);
    // an answer that repeats its prompt scores it, too, unless it is on its way before the scores are known
    let scored = if request.echo && (!request.stream || prompt_only) { request.logprobs } else { None };
    wishes.prompt_logprobs = wishes.prompt_logprobs.or(scored);
    wishes.biases()?;
    let tokenizer = &context.app.tokenizer;
    let (text, mut tokens) = match &request.prompt {
        Prompt::Text(text) => (text.clone(), tokenizer.encode(text)),
        Prompt::TokenIds(tokens) if tokens.is_empty() => {
            let message = format!("text request `{id}` must contain at least one prompt token ID");
            return Err(Refusal::invalid(message));
        }
        Prompt::TokenIds(tokens) => (tokenizer.decode(tokens), tokens.clone()),
    };
    let mut sampling = wishes.lower(Bounds::of(&context.app), &mut tokens)?;
    if tokens.is_empty() {
        return Err(Refusal::empty_prompt(&id));
    }
    let structured = structured::compiled(context, constraint, &mut sampling);
    let prompt = generation::Prompt { text, tokens: tokens.into(), sampling, structured };
    let names = request.token_names();
    let wanted = |top: i32| Wanted { top: u32::try_from(top).unwrap_or(context.app.frontend.max_logprobs), names };
    let head = CompletionHead {
        id,
        created: context.app.clock.unix_seconds(),
        prompt: prompt.clone(),
        logprobs: request.logprobs.map(wanted),
        prompt_logprobs: wishes.prompt_logprobs,
        return_token_ids: request.return_token_ids.unwrap_or(false),
        echo: request.echo,
        prompt_only,
    };
    let reads = match wishes.prompt_logprobs {
        Some(_) => PrefixCacheReads::Bypassed,
        None => PrefixCacheReads::Allowed,
    };
    let job = Job {
        id: &head.id,
        prompts: vec![prompt],
        n: 1,
        messages: None,
        model: request.model.as_deref(),
        cache_salt: request.cache_salt.clone(),
        prefix_cache_reads: reads,
        priority: request.priority.unwrap_or(0),
    };
    context.check_alive()?;
    let in_flight = context.enter();
    let mut generation = Generation::start(context, &job);
    if request.stream {
        let reporting = context.app.frontend.usage_reporting;
        let options = StreamOptions::plan(request.stream_options);
        let plan = plan_usage(context.features(), reporting, Endpoint::Completions, options);
        return Ok(stream_response(Arc::clone(context), CompletionStream::new(head, plan, generation), in_flight));
    }
    generation.finish().await?;
    Ok(json_response(StatusCode::OK, whole(context, &head, &generation).to_string()))
}
