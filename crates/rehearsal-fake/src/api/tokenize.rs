//! `POST /tokenize` and `POST /detokenize`.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::{Map, Value, json};

use super::{
    chat::rendered,
    context::Context,
    error::{ApiError, json_response},
    fields::Fields,
    images::{self, AskedImages},
    validation::{Handler, Loc, Problem, invalid},
};
use crate::{
    chat_template::RenderOptions,
    tokenizer::Tokenizer,
    version::{ImageProcessing, NegativeIds},
};

const TOKENIZE: Handler = Handler { path: "/tokenize", function: "tokenize", line: 36 };
const DETOKENIZE: Handler = Handler { path: "/detokenize", function: "detokenize", line: 36 };

pub(super) async fn tokenize(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    respond(&context, context.read(&headers, body, TOKENIZE).await.and_then(|body| count(&context, &body)))
}

pub(super) async fn detokenize(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    respond(&context, context.read(&headers, body, DETOKENIZE).await.and_then(|body| text(&context, &body)))
}

fn respond(context: &Context, outcome: Result<Value, ApiError>) -> Response {
    match outcome {
        Ok(body) => json_response(StatusCode::OK, body.to_string()),
        Err(error) => error.response(context.features()),
    }
}

fn count(context: &Context, body: &Map<String, Value>) -> Result<Value, ApiError> {
    let mut fields = Fields::new(body, context.features().coercion);
    let model = fields.string("model");
    let names = fields.bool("return_token_strs").unwrap_or(false);
    let tokenizer = &context.app.tokenizer;
    let options = RenderOptions {
        add_generation_prompt: fields.bool("add_generation_prompt").unwrap_or(true),
        continue_final_message: fields.bool("continue_final_message").unwrap_or(false),
        tools: fields.value("tools").cloned(),
        kwargs: fields.object("chat_template_kwargs").cloned().unwrap_or_default(),
    };
    let text = match (fields.value("prompt"), fields.value("messages")) {
        (Some(_), _) => fields.string("prompt").map(|prompt| Asked::Prompt(prompt.to_owned())),
        (None, Some(messages)) => Some(Asked::Conversation(messages)),
        (None, None) => {
            for key in ["prompt", "messages"] {
                let loc = vec![Loc::Variant("function-wrap[__log_extra_fields__()]"), key.into()];
                fields.problem(Problem::new("missing", loc, "Field required", &Value::Object(body.clone())));
            }
            None
        }
    };
    let problems = fields.into_problems();
    let Some(text) = text.filter(|_| problems.is_empty()) else {
        return Err(invalid(context.features(), TOKENIZE, &problems));
    };
    context.check_model(model)?;
    let text = match text {
        Asked::Prompt(text) => text,
        Asked::Conversation(messages) => rendered(context, messages, &options)?.0,
    };
    let tokens = tokenizer.encode(&text);
    let tokens = match (body.get("messages"), context.features().image_processing) {
        (Some(messages), ImageProcessing::Frontend) => with_images(context, messages, body, tokens)?,
        _ => tokens,
    };
    let strings = names.then(|| tokens.iter().map(|token| name(tokenizer, *token)).collect::<Vec<_>>());
    Ok(json!({
        "count": tokens.len(), "max_model_len": context.app.max_model_len, "tokens": tokens, "token_strs": strings
    }))
}

/// What is to be counted.
enum Asked<'a> {
    Prompt(String),
    /// Messages, for the chat template.
    Conversation(&'a Value),
}

/// The tokens with images in them, where the frontend knows how many they are.
fn with_images(
    context: &Context,
    messages: &Value,
    body: &Map<String, Value>,
    tokens: Vec<u32>,
) -> Result<Vec<u32>, ApiError> {
    let kwargs = body.get("mm_processor_kwargs").and_then(Value::as_object);
    images::check_kwargs(context, kwargs)?;
    match AskedImages::read(context, messages)? {
        Some(asked) => Ok(asked.load(context, kwargs)?.place(context, tokens)?.tokens),
        None => Ok(tokens),
    }
}

fn text(context: &Context, body: &Map<String, Value>) -> Result<Value, ApiError> {
    let mut fields = Fields::new(body, context.features().coercion);
    let model = fields.string("model");
    let tokens = fields.ints("tokens");
    if fields.value("tokens").is_none() {
        fields.problem(Problem::missing("tokens", &Value::Object(body.clone())));
    }
    if context.features().negative_detokenize_ids == NegativeIds::Refused {
        for (index, token) in tokens.iter().flatten().enumerate().filter(|(_, token)| **token < 0) {
            let loc = vec!["tokens".into(), Loc::Index(index)];
            let problem =
                Problem::new("greater_than_equal", loc, "Input should be greater than or equal to 0", &(*token).into());
            fields.problem(Problem { context: Some("'ge': 0".to_owned()), ..problem });
        }
    }
    let problems = fields.into_problems();
    let Some(tokens) = tokens.filter(|_| problems.is_empty()) else {
        return Err(invalid(context.features(), DETOKENIZE, &problems));
    };
    context.check_model(model)?;
    let Ok(tokens) = tokens.into_iter().map(u32::try_from).collect::<Result<Vec<u32>, _>>() else {
        const REFUSED: &str = "out of range integral type conversion attempted";
        return Err(ApiError::invalid_body(format!("1 validation error:\n  {REFUSED} ['{REFUSED}']")));
    };
    Ok(json!({ "prompt": context.app.tokenizer.decode(&tokens) }))
}

/// The token as a byte-level vocabulary writes it: `Ġworld` for ` world`; special tokens by their text.
pub(super) fn name(tokenizer: &Tokenizer, token: u32) -> String {
    let bytes = tokenizer.token_bytes(token);
    match std::str::from_utf8(bytes) {
        Ok(text) if tokenizer.is_special(token) => text.to_owned(),
        _ => bytes.iter().map(|byte| letter(*byte)).collect(),
    }
}

/// GPT-2's letter for a byte: itself when it is printable, else the next of the letters from U+0100 on.
fn letter(byte: u8) -> char {
    let printable = |byte: u8| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    if printable(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|byte| !printable(*byte)).count();
    u32::try_from(before).ok().and_then(|before| char::from_u32(0x100 + before)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the vocabularies of GPT-2 and Qwen2.5.
    #[test]
    fn bytes_have_the_letters_of_gpt_2() {
        assert_eq!([b' ', b'\n', b'a', 0xc3, 0xad, 0x7f].map(letter), ['Ġ', 'Ċ', 'a', 'Ã', 'Ń', 'ġ']);
    }
}
