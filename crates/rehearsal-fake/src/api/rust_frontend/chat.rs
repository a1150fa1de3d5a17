//! `POST /v1/chat/completions`.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::{Map, Value};

use super::{
    super::{
        context::Context,
        error::json_response,
        generation::{Generation, Job, Prompt},
        logprobs::Wanted,
        sse::stream_response,
    },
    body,
    chat_answer::{ChatHead, Reply, whole},
    chat_request::ChatCompletionRequest,
    chat_stream::ChatStream,
    conversation::{self, Ending, Setting},
    message::last_reply,
    reading,
    refusal::Refusal,
    router,
    sampling::Bounds,
    sampling_fields::StreamOptions,
    structured,
    tool::{Calls, calls},
};
use crate::{
    engine::PrefixCacheReads,
    usage::{Endpoint, plan_usage},
};

pub(super) async fn create(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    answer(&context, &headers, body).await.unwrap_or_else(|refusal| refusal.response())
}

async fn answer(context: &Arc<Context>, headers: &HeaderMap, body: Body) -> Result<Response, Refusal> {
    let request: ChatCompletionRequest = body::read(context, headers, body).await?;
    router::check_model(context, request.model.as_deref())?;
    request.check_compatibility()?;
    let id = format!("chatcmpl-{}", router::request_id(context, headers, request.request_id.as_deref()));
    let ending = Ending::of(request.add_generation_prompt, request.continue_final_message, &request.messages)?;
    let top_logprobs = request.top_logprobs.unwrap_or(0);
    let mut wishes = request.wishes(request.max_completion_tokens, request.logprobs.then_some(top_logprobs));
    // a whole answer that repeats its prompt scores it, too
    let scored = (request.echo && !request.stream).then_some(top_logprobs);
    wishes.prompt_logprobs = wishes.prompt_logprobs.or(scored);
    let constraint = structured::of_chat(request.response_format.as_ref(), request.structured_outputs.as_ref())?;
    wishes.biases()?;
    let calls = calls(request.tools(), request.tool_choice.as_ref())?;
    let reader = reading::reader(context, &calls)?;
    let once = request.parallel_tool_calls == Some(false);
    let constraint = reading::demanded(context, request.tools(), &calls, once).or(constraint);
    let setting = Setting {
        ending,
        tools: if calls == Calls::None { &[] } else { request.tools() },
        template: request.chat_template.as_deref(),
        variables: variables(&request),
    };
    let (text, messages) = conversation::render(context, &request.messages, setting)?;
    let mut tokens = context.app.tokenizer.encode(&text);
    let mut sampling = wishes.lower(Bounds::of(&context.app), &mut tokens)?;
    if tokens.is_empty() {
        return Err(Refusal::empty_prompt(&id));
    }
    let structured = structured::compiled(context, constraint, &mut sampling);
    let prompt = Prompt { text, tokens: tokens.into(), sampling, structured };
    let names = request.token_names();
    let top = u32::try_from(top_logprobs).unwrap_or(context.app.frontend.max_logprobs);
    let reader = if reading::is_thinking(context, &prompt.tokens) { reader.thinking() } else { reader };
    let head = ChatHead {
        id,
        created: context.app.clock.unix_seconds(),
        prompt_tokens: Arc::clone(&prompt.tokens),
        logprobs: request.logprobs.then_some(Wanted { top, names }),
        prompt_logprobs: wishes.prompt_logprobs,
        return_token_ids: request.return_token_ids.unwrap_or(false),
        echo: if request.echo { last_reply(&request.messages) } else { None },
        include_reasoning: request.include_reasoning,
        is_named: matches!(calls, Calls::Named(_)),
    };
    let reads = match wishes.prompt_logprobs {
        Some(_) => PrefixCacheReads::Bypassed,
        None => PrefixCacheReads::Allowed,
    };
    let job = Job {
        id: &head.id,
        prompts: vec![prompt],
        n: 1,
        messages: Some(&messages),
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
        let plan = plan_usage(context.features(), reporting, Endpoint::Chat, options);
        return Ok(stream_response(Arc::clone(context), ChatStream::new(head, plan, generation, reader), in_flight));
    }
    let mut reply = Reply::new(reader);
    while let Some(delta) = generation.next().await {
        reply.push(&delta?.text);
    }
    reply.finish();
    Ok(json_response(StatusCode::OK, whole(context, &head, &generation, reply).to_string()))
}

/// The template's variables that a request sets.
fn variables(request: &ChatCompletionRequest) -> Map<String, Value> {
    let mut variables = Map::new();
    if let Some(effort) = request.reasoning_effort {
        variables.insert("reasoning_effort".to_owned(), effort.word().into());
    }
    if let Some(documents) = &request.documents {
        variables.insert("documents".to_owned(), documents.clone().into());
    }
    variables.extend(request.chat_template_kwargs.clone().unwrap_or_default());
    variables
}
