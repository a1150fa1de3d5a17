//! `POST /v1/completions`.

use std::{num::NonZeroU32, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};

use super::{
    beam_search::{Beams, OneEvent},
    chat::check_logprobs,
    completion_answer::{CompletionHead, whole},
    completion_request::{COMPLETIONS, CompletionRequest},
    completion_stream::CompletionStream,
    context::Context,
    error::{ApiError, json_response},
    generation::{Generation, Job, Prompt},
    limits,
    load_report::load_report,
    prompt_input::PromptInput,
    sse::{KeptAlive, stream_response},
    structured::Structured,
};
use crate::{
    engine::PrefixCacheReads,
    structured::Gate,
    usage::{Endpoint, plan_usage},
    version::{NegativeTokenIds, Overflow},
};

pub(super) async fn create(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    match answer(&context, &headers, body).await {
        Ok(response) => response,
        Err(error) => error.response(context.features()),
    }
}

async fn answer(context: &Arc<Context>, headers: &HeaderMap, body: Body) -> Result<Response, ApiError> {
    let body = context.read(headers, body, COMPLETIONS).await?;
    let request = CompletionRequest::read(context.features(), &body)?;
    context.check_model(request.model.as_deref())?;
    context.check_alive()?;
    context.preflight(request.sampling.choices()).await?;
    request.check(context.features())?;
    let prompts =
        request.prompts.iter().map(|prompt| measured(context, &request, prompt)).collect::<Result<Vec<_>, _>>()?;
    let head = CompletionHead {
        id: format!("cmpl-{}", context.request_id(headers, &body)),
        created: context.app.clock.unix_seconds(),
        prompts: prompts.clone(),
        logprobs: request.logprobs,
        prompt_logprobs: request.prompt_logprobs,
        return_token_ids: request.return_token_ids,
        echo: request.echo,
        hides_token: request.generates_hidden_token(),
    };
    let reads = match (request.prompt_logprobs, request.echo && request.logprobs.is_some()) {
        (None, false) => PrefixCacheReads::Allowed,
        _ => PrefixCacheReads::Bypassed,
    };
    let job = Job {
        id: &head.id,
        prompts,
        n: request.sampling.choices(),
        messages: None,
        model: request.model.as_deref(),
        cache_salt: request.cache_salt.clone(),
        prefix_cache_reads: reads,
        priority: request.priority,
    };
    let in_flight = context.enter();
    if let Some(beams) = request.beams {
        let generation = beams.search(context, &job).await?;
        request.check_reply()?;
        let body = whole(context, &head, &generation);
        return Ok(match request.stream {
            Some(_) => stream_response(Arc::clone(context), OneEvent(body), in_flight),
            None => json_response(StatusCode::OK, body.to_string()),
        });
    }
    let mut generation = Generation::start(context, &job);
    if let Some(stream) = request.stream {
        let reporting = context.app.frontend.usage_reporting;
        let plan = plan_usage(context.features(), reporting, Endpoint::Completions, stream.options);
        generation.set_interval(stream.interval(context.app.frontend.stream_interval));
        let events = KeptAlive(CompletionStream::new(head, plan, generation));
        return Ok(stream_response(Arc::clone(context), events, in_flight));
    }
    generation.finish().await?;
    request.check_reply()?;
    let mut response = json_response(StatusCode::OK, whole(context, &head, &generation).to_string());
    response.headers_mut().extend(load_report(context, headers));
    Ok(response)
}

/// Tokenises and measures one prompt, in the order in which vLLM refuses it.
pub(super) fn measured(
    context: &Context,
    request: &CompletionRequest,
    prompt: &PromptInput,
) -> Result<Prompt, ApiError> {
    let (app, features) = (&context.app, context.features());
    let (text, mut tokens) = match prompt {
        PromptInput::Text(text) => (text.clone(), app.tokenizer.encode(text)),
        PromptInput::Tokens(ids) => {
            let tokens = known(context, ids)?;
            (app.tokenizer.decode(&tokens), tokens)
        }
    };
    let limit = match features.max_tokens_overflow {
        Overflow::Refused => i64::from(app.max_model_len) - request.max_tokens.max(0),
        Overflow::Clamped => i64::from(app.max_model_len),
    };
    let all = limits::whole_prompt(features, i64::from(app.max_model_len), request.max_tokens != 0);
    limits::truncate(features, &mut tokens, request.truncation, (all, limit), |kept, limit| {
        format!(
            "truncate_prompt_tokens={kept} cannot be greater than max_length={limit}. Please select a smaller truncation size."
        )
    })?;
    let wanted = limits::Wanted { tokens: request.max_tokens, field: "max_tokens" };
    let max_tokens = limits::for_completion(features, app.max_model_len, tokens.len(), wanted)?;
    let max_tokens = if request.is_unlimited() {
        i64::from(app.max_model_len) - i64::try_from(tokens.len()).unwrap_or(i64::MAX)
    } else {
        max_tokens
    };
    let max_tokens = app.frontend.generation_defaults.limited(features, !request.is_unlimited(), max_tokens);
    let max_tokens = if request.generates_hidden_token() { 1 } else { max_tokens };
    let sampling = request.sampling.or(&app.frontend.generation_defaults);
    if request.beams.is_some() {
        check_logprobs(context, Beams::alternatives(request.sampling.choices()), None)?;
    } else {
        sampling.check(features, max_tokens, app.vocab_size)?;
        check_logprobs(context, request.top_logprobs, request.prompt_logprobs)?;
    }
    if tokens.is_empty() {
        return Err(ApiError::bad_request("The decoder prompt cannot be empty"));
    }
    // `check` has refused everything below 1
    let max_tokens = u32::try_from(max_tokens).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
    let sampling = sampling.engine(max_tokens, &app.tokenizer);
    request.structured.check()?;
    let gate = app.frontend.reasoning_parser.and_then(|parser| {
        let thinking = parser.thinking(&serde_json::Map::new(), &text);
        Gate::new(parser, features.reply_parsing, thinking, &app.tokenizer)
    });
    let constraint = request.structured.constraint();
    let structured = constraint.map(|constraint| Structured::compile(context, constraint, gate)).transpose()?;
    Ok(Prompt { text, tokens: tokens.into(), sampling, structured })
}

/// The token ids as the model's; one above its vocabulary is refused, one below zero is what the version makes of it.
pub(super) fn known(context: &Context, ids: &[i64]) -> Result<Vec<u32>, ApiError> {
    let out_of_vocabulary = |id: i64| ApiError::bad_request(format!("Token id {id} is out of vocabulary"));
    let highest = ids.iter().copied().max().unwrap_or(0);
    if i64::from(context.app.vocab_size) <= highest {
        return Err(out_of_vocabulary(highest));
    }
    match ids.iter().find(|id| **id < 0) {
        None => Ok(ids.iter().filter_map(|id| u32::try_from(*id).ok()).collect()),
        Some(_) if context.features().negative_token_ids == NegativeTokenIds::Fatal => {
            context.app.engine.kill();
            Err(ApiError::engine_dead())
        }
        Some(id) => Err(out_of_vocabulary(*id)),
    }
}
