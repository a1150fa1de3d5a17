//! `POST /tokenize` and `POST /detokenize`.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    super::{context::Context, error::json_response, tokenize::name},
    body::{self, RequestBody},
    conversation::{self, Ending, Setting},
    message::{ChatMessage, check_messages},
    refusal::Refusal,
    router,
    sampling_fields::yes,
    tool::Tool,
    violations::Violations,
};

/// A conversation or a text.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum TokenizeRequest {
    Chat(ChatToTokenize),
    Completion(TextToTokenize),
}

/// A conversation, rendered before its tokens are counted.
#[derive(Clone, Debug, Deserialize)]
struct ChatToTokenize {
    model: Option<String>,
    messages: Vec<ChatMessage>,
    #[serde(default = "yes")]
    add_generation_prompt: bool,
    #[serde(default)]
    continue_final_message: bool,
    #[serde(default)]
    return_token_strs: bool,
    chat_template: Option<String>,
    chat_template_kwargs: Option<Map<String, Value>>,
    tools: Option<Vec<Tool>>,
}

/// A text.
#[derive(Clone, Debug, Deserialize)]
struct TextToTokenize {
    model: Option<String>,
    prompt: String,
    #[serde(default)]
    return_token_strs: bool,
}

/// Tokens.
#[derive(Clone, Debug, Deserialize)]
struct DetokenizeRequest {
    model: Option<String>,
    tokens: Vec<u32>,
}

impl RequestBody for TokenizeRequest {
    fn check(&self, rules: &mut Violations) {
        if let Self::Chat(chat) = self {
            check_messages(&chat.messages, rules);
        }
    }
}

impl RequestBody for DetokenizeRequest {}

pub(super) async fn tokenize(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    respond(body::read(&context, &headers, body).await.and_then(|request| count(&context, &request)))
}

pub(super) async fn detokenize(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    respond(body::read(&context, &headers, body).await.and_then(|request| text(&context, &request)))
}

fn respond(outcome: Result<Value, Refusal>) -> Response {
    match outcome {
        Ok(body) => json_response(StatusCode::OK, body.to_string()),
        Err(refusal) => refusal.response(),
    }
}

fn count(context: &Context, request: &TokenizeRequest) -> Result<Value, Refusal> {
    let (text, names) = match request {
        TokenizeRequest::Chat(chat) => {
            router::check_model(context, chat.model.as_deref())?;
            chat.messages.iter().try_for_each(ChatMessage::check_meaning)?;
            let setting = Setting {
                ending: Ending::of(Some(chat.add_generation_prompt), chat.continue_final_message, &chat.messages)?,
                tools: chat.tools.as_deref().unwrap_or_default(),
                template: chat.chat_template.as_deref(),
                variables: chat.chat_template_kwargs.clone().unwrap_or_default(),
            };
            (conversation::render(context, &chat.messages, setting)?.0, chat.return_token_strs)
        }
        TokenizeRequest::Completion(text) => {
            router::check_model(context, text.model.as_deref())?;
            (text.prompt.clone(), text.return_token_strs)
        }
    };
    let tokenizer = &context.app.tokenizer;
    let tokens = tokenizer.encode(&text);
    let strings = names.then(|| tokens.iter().map(|token| name(tokenizer, *token)).collect::<Vec<_>>());
    Ok(json!({
        "count": tokens.len(), "max_model_len": context.app.max_model_len, "tokens": tokens, "token_strs": strings
    }))
}

fn text(context: &Context, request: &DetokenizeRequest) -> Result<Value, Refusal> {
    router::check_model(context, request.model.as_deref())?;
    Ok(json!({"prompt": context.app.tokenizer.decode(&request.tokens)}))
}
