//! `POST /v1/chat/completions`.

use std::{num::NonZeroU32, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    beam_search::{Beams, OneError},
    chat_answer::{ChatHead, whole},
    chat_request::{CHAT, ChatRequest},
    chat_stream::ChatStream,
    content_parts::{described, unreadable},
    context::Context,
    developer_role,
    error::{ApiError, json_response},
    generation::{Generation, Job, Prompt},
    images::{self, AskedImages, Images},
    limits,
    load_report::load_report,
    logprobs::{self, TokenNames},
    sse::{KeptAlive, stream_response},
    structured::Structured,
    tool_arguments,
};
use crate::{
    chat_template::RenderOptions,
    engine::{ContentKey, PrefixCacheReads},
    structured::Gate,
    usage::{Endpoint, plan_usage},
    version::{ExceptionCause, Features, ImageProcessing, ReplyParsing, TextModelName},
};

/// What `transformers` says, which is both the exception and its cause.
const CONFLICT: &str = "continue_final_message and add_generation_prompt are not compatible. Use continue_final_message when you want the \
                        model to continue the final message, and add_generation_prompt when you want to add a header that will prompt \
                        it to start a new assistant message instead.";

pub(super) async fn create(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    match answer(&context, &headers, body).await {
        Ok(response) => response,
        Err(error) => error.response(context.features()),
    }
}

async fn answer(context: &Arc<Context>, headers: &HeaderMap, body: Body) -> Result<Response, ApiError> {
    let body = context.read(headers, body, CHAT).await?;
    let request = ChatRequest::read(context.features(), &body)?;
    context.check_model(request.model.as_deref())?;
    context.check_alive()?;
    context.preflight(request.sampling.choices()).await?;
    request.check(context.features(), &context.app.frontend)?;
    let (prompt, content_keys) = prompt_with_images(context, &request)?;
    let head = ChatHead {
        id: format!("chatcmpl-{}", context.request_id(headers, &body)),
        created: context.app.clock.unix_seconds(),
        role: role(context, &request),
        prompt_tokens: Arc::clone(&prompt.tokens),
        logprobs: request.logprobs,
        return_token_ids: request.return_token_ids,
        reading: request.reading(context, &prompt.text),
    };
    // `echo` asks for the log probabilities of the prompt, as 0 alternatives of each token
    let reads = match (request.prompt_logprobs, request.echo) {
        (None, false) => PrefixCacheReads::Allowed,
        _ => PrefixCacheReads::Bypassed,
    };
    let job = Job {
        id: &head.id,
        prompts: vec![prompt],
        n: request.sampling.choices(),
        messages: Some(&request.messages),
        model: request.model.as_deref(),
        cache_salt: request.cache_salt.clone(),
        prefix_cache_reads: reads,
        priority: request.priority,
    };
    let in_flight = context.enter();
    if request.beams.is_some()
        && request.stream.is_some()
        && let Err(error) = check_logprobs(context, Beams::alternatives(request.sampling.choices()), None)
    {
        // the search begins when the stream is read: its refusal comes inside
        return Ok(stream_response(Arc::clone(context), OneError(error), in_flight));
    }
    let mut generation = match request.beams {
        Some(beams) => beams.search(context, &job).await?,
        None => Generation::start_with(context, &job, &content_keys),
    };
    if let Some(stream) = request.stream {
        let reporting = context.app.frontend.usage_reporting;
        let plan = plan_usage(context.features(), reporting, Endpoint::Chat, stream.options);
        generation.set_interval(stream.interval(context.app.frontend.stream_interval));
        let events =
            ChatStream::new(head, plan, generation, echoed(&request)).with_unechoable(unechoable(context, &request));
        return Ok(stream_response(Arc::clone(context), KeptAlive(events), in_flight));
    }
    generation.finish().await?;
    let prompt_logprobs = prompt_logprobs(context, &request, &head);
    let body = whole(context, &head, &generation, &echoed(&request).unwrap_or_default(), prompt_logprobs)?;
    let mut response = json_response(StatusCode::OK, body.to_string());
    response.headers_mut().extend(load_report(context, headers));
    Ok(response)
}

/// Renders, tokenises and measures the conversation, in the order in which vLLM refuses it.
pub(super) fn prompt(context: &Context, request: &ChatRequest) -> Result<Prompt, ApiError> {
    prompt_with_images(context, request).map(|(prompt, _)| prompt)
}

/// The same, and what its image tokens stand for.
fn prompt_with_images(context: &Context, request: &ChatRequest) -> Result<(Prompt, Arc<[ContentKey]>), ApiError> {
    let (app, features) = (&context.app, context.features());
    images::check_kwargs(context, request.mm_processor_kwargs.as_ref())?;
    let dumped = request.tools.in_prompt(&app.frontend);
    // `/v1/responses` of old versions gives the template definitions of its own form
    let tools = match features.reply_parsing {
        ReplyParsing::Separate => request.render.tools.clone().or(dumped),
        ReplyParsing::Unified => dumped.or_else(|| request.render.tools.clone()),
    };
    let render = RenderOptions { tools, ..request.render.clone() };
    let (text, asked) = rendered(context, &request.messages, &render)?;
    let images = match asked {
        Some(asked) => asked.load(context, request.mm_processor_kwargs.as_ref())?,
        None => Images::default(),
    };
    let mut tokens = app.tokenizer.encode(&text);
    let whole = i64::from(app.max_model_len);
    let generates = request.wanted.is_some_and(|wanted| wanted.tokens != 0);
    let all = limits::whole_prompt(features, whole, generates);
    limits::truncate(features, &mut tokens, request.truncation, (all, whole), |kept, limit| {
        format!(
            "truncate_prompt_tokens value ({kept}) is greater than max_model_len ({limit}). Please, select a smaller truncation size."
        )
    })?;
    let in_frontend = features.image_processing == ImageProcessing::Frontend;
    let max_tokens = limits::for_chat(features, app.max_model_len, tokens.len(), request.wanted)?;
    let early = if in_frontend { Some(images.place(context, tokens.clone())?) } else { None };
    let max_tokens = match &early {
        Some(placed) => {
            images::check_length(context, placed)?;
            limits::for_chat(features, app.max_model_len, placed.tokens.len(), request.wanted)?
        }
        None => max_tokens,
    };
    let sampling = request.sampling.or(&app.frontend.generation_defaults);
    let max_tokens = app.frontend.generation_defaults.limited(features, request.wanted.is_some(), max_tokens);
    if request.beams.is_some() {
        if request.stream.is_none() {
            check_logprobs(context, Beams::alternatives(request.sampling.choices()), None)?;
        }
    } else {
        sampling.check(features, max_tokens, app.vocab_size)?;
        check_logprobs(context, request.top_logprobs, request.prompt_logprobs)?;
    }
    // `check` has refused everything below 1
    let max_tokens = u32::try_from(max_tokens).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
    let mut sampling = sampling.engine(max_tokens, &app.tokenizer);
    if request.tools.shows_special_tokens(features, &app.frontend) {
        sampling.skip_special_tokens = false;
    }
    request.structured.check()?;
    let constraint =
        request.tools.constraint(features, &app.frontend).or_else(|| request.structured.constraint().cloned());
    let gate = gate(context, request, &text);
    let structured = constraint.map(|constraint| Structured::compile(context, &constraint, gate)).transpose()?;
    let placed = match early {
        Some(placed) => placed,
        None => images.place(context, tokens)?,
    };
    images::check_length(context, &placed)?;
    Ok((Prompt { text, tokens: placed.tokens.into(), sampling, structured }, placed.keys.into()))
}

/// The text of a conversation, and the images that it names, in the order in which vLLM refuses what it cannot render.
pub(super) fn rendered(
    context: &Context,
    messages: &Value,
    render: &RenderOptions,
) -> Result<(String, Option<AskedImages>), ApiError> {
    let (app, features) = (&context.app, context.features());
    if messages.as_array().is_some_and(Vec::is_empty) {
        return Err(caused(features, &features.empty_conversation, Some(&features.empty_conversation)));
    }
    if let Some(message) = messages.as_array().and_then(|messages| messages.iter().find_map(unreadable)) {
        return Err(caused(features, &message, None));
    }
    let asked = AskedImages::read(context, messages)?;
    if let Some(kind) = unsupported_part(messages, asked.is_some()) {
        let name = match features.text_model_name {
            TextModelName::Root => &app.frontend.model_root,
            TextModelName::Served => app.frontend.model_name(),
        };
        let message = match kind {
            "image_url" | "input_image" | "input_audio" | "audio_url" | "video_url" => {
                format!("{name} is not a multimodal model")
            }
            _ => "Missing 'type' field in multimodal part.".to_owned(),
        };
        return Err(caused(features, &message, None));
    }
    if render.continue_final_message && render.add_generation_prompt {
        return Err(caused(features, CONFLICT, Some(CONFLICT)));
    }
    let messages = developer_role::rendered(features, &app.chat_template, messages);
    let messages = tool_arguments::parsed(features, &messages)?;
    let text = app.chat_template.render(&messages, render).map_err(|error| ApiError::bad_request(error.to_string()))?;
    Ok((text, asked))
}

/// Who speaks the answer: the role of the server's setting, or that of the message that is continued (`get_chat_request_role`).
fn role(context: &Context, request: &ChatRequest) -> String {
    let own = context.app.frontend.response_role.as_str();
    let last = request.messages.as_array().and_then(|messages| messages.last()?.get("role")?.as_str());
    if request.render.add_generation_prompt { own.to_owned() } else { last.unwrap_or(own).to_owned() }
}

/// Reasoning comes before the text that is constrained.
fn gate(context: &Context, request: &ChatRequest, prompt: &str) -> Option<Gate> {
    let (features, options) = (context.features(), &context.app.frontend);
    let unified = features.reply_parsing == ReplyParsing::Unified;
    if unified && !request.tools.include_reasoning {
        return None;
    }
    let parser = options.reasoning_parser?;
    let thinking = parser.thinking(&request.render.kwargs, prompt);
    Gate::new(parser, features.reply_parsing, thinking, &context.app.tokenizer)
}

/// An exception of the rendering, in old versions followed by its cause.
fn caused(features: &Features, message: &str, cause: Option<&str>) -> ApiError {
    ApiError::bad_request(match features.exception_cause {
        ExceptionCause::Appended => format!("{message} {}", cause.unwrap_or("None")),
        ExceptionCause::Absent => message.to_owned(),
    })
}

/// The type of the first part of a message's content that is no text.
fn unsupported_part(messages: &Value, sees: bool) -> Option<&str> {
    let parts = messages.as_array()?.iter().filter_map(|message| message.get("content")?.as_array()).flatten();
    let mut kinds = parts.filter_map(|part| part.get("type").and_then(Value::as_str));
    let image = |kind: &str| ["image_url", "input_image"].contains(&kind);
    let text = |kind: &str| ["text", "input_text", "output_text", "refusal"].contains(&kind);
    kinds.find(|kind| !(text(kind) || sees && image(kind)))
}

/// Refuses more log probabilities than `--max-logprobs`; −1 asks for the whole vocabulary.
pub(super) fn check_logprobs(context: &Context, sample: i64, prompt: Option<i64>) -> Result<(), ApiError> {
    let max = context.app.frontend.max_logprobs;
    for (kind, field, asked) in [("sample", "logprobs", sample), ("prompt", "prompt_logprobs", prompt.unwrap_or(0))] {
        let asked = if asked == -1 { i64::from(context.app.vocab_size) } else { asked };
        if i64::from(max) < asked {
            let message = format!("Requested {kind} logprobs of {asked}, which is greater than max allowed: {max}");
            return Err(ApiError::bad_value(context.features(), field, &asked.to_string(), &message));
        }
    }
    Ok(())
}

/// The text of the last message, which `echo` repeats when the reply continues it.
fn echoed(request: &ChatRequest) -> Option<String> {
    let last = request.messages.as_array().and_then(|messages| messages.last())?;
    let repeats = request.echo && last.get("role").and_then(Value::as_str) == Some("assistant");
    match last.get("content").filter(|_| repeats)? {
        Value::String(text) => Some(text.clone()),
        parts => {
            let texts = parts.as_array()?.iter().filter_map(|part| part.get("text")?.as_str());
            Some(texts.collect::<Vec<_>>().join("\n"))
        }
    }
}

/// For a template that takes lists of parts vLLM has made one of the message, and a stream's chunk takes strings only.
fn unechoable(context: &Context, request: &ChatRequest) -> Option<ApiError> {
    let text = echoed(request).filter(|_| context.app.chat_template.takes_parts())?;
    let said = request.messages.as_array()?.last()?.get("content")?;
    let parts = if said.is_string() { json!([{"type": "text", "text": text}]) } else { said.clone() };
    let reason = described("string_type", "Input should be a valid string", &parts);
    Some(ApiError::bad_request(format!("1 validation error for DeltaMessage\ncontent\n{reason}")))
}

fn prompt_logprobs(context: &Context, request: &ChatRequest, head: &ChatHead) -> Value {
    let asked = request.prompt_logprobs.or_else(|| request.echo.then_some(0));
    let Some(top) = asked else { return Value::Null };
    let top = u32::try_from(top).unwrap_or(context.app.frontend.max_logprobs);
    let wanted = logprobs::Wanted { top, names: TokenNames::Text };
    logprobs::Logprobs { tokenizer: &context.app.tokenizer, wanted }.prompt(&head.prompt_tokens)
}
