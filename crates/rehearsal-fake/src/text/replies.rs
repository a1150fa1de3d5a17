//! Models with a reply of known length.

use std::sync::Arc;

use serde_json::Value;

use super::{TextModel, TextRequest};
use crate::engine::Continuation;

/// Repeats the last message of the user, or the prompt of a completion, then ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Echo;

impl TextModel for Echo {
    fn reply(&self, request: &TextRequest<'_>) -> Continuation {
        let Some(messages) = request.messages else {
            return Continuation::Script(request.prompt_tokens.into());
        };
        Continuation::Script(request.tokenizer.encode(&last_of_user(messages)).into())
    }
}

/// The texts of the last message with the role `user`, parts joined by line feeds.
fn last_of_user(messages: &Value) -> String {
    let is_user = |message: &&Value| message.get("role").and_then(Value::as_str) == Some("user");
    let message = messages.as_array().and_then(|messages| messages.iter().rev().find(is_user));
    match message.and_then(|message| message.get("content")) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

/// Says the same text to everyone, then ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed(pub String);

impl TextModel for Fixed {
    fn reply(&self, request: &TextRequest<'_>) -> Continuation {
        Continuation::Script(request.tokenizer.encode(&self.0).into())
    }
}

/// Says these token ids to everyone, then ends; the ids need not be text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script(Arc<[u32]>);

impl Script {
    /// A model that says these tokens.
    #[must_use]
    pub fn new(token_ids: impl Into<Arc<[u32]>>) -> Self {
        Self(token_ids.into())
    }
}

impl TextModel for Script {
    fn reply(&self, _request: &TextRequest<'_>) -> Continuation {
        Continuation::Script(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tokenizer::Tokenizer;

    #[track_caller]
    fn check(model: &dyn TextModel, messages: Option<&Value>, expect: &str) {
        let tokenizer = Tokenizer::byte_level();
        let mut request = TextRequest::new("prompt", &[112, 33], &tokenizer);
        request.messages = messages;
        let Continuation::Script(tokens) = model.reply(&request) else { panic!("a script was expected") };
        assert_eq!(tokenizer.decode(&tokens), expect);
    }

    #[test]
    fn echo_repeats_the_user_and_not_the_template() {
        check(&Echo, None, "p!");
        let turns = json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]);
        check(&Echo, Some(&turns), "a");
        let parts =
            json!([{"role": "user", "content": [{"type": "text", "text": "é"}, {"type": "image"}, {"text": "b"}]}]);
        check(&Echo, Some(&parts), "é\nb");
        check(&Echo, Some(&json!([{"role": "system"}])), "");
    }

    #[test]
    fn fixed_and_script_say_the_same_to_everyone() {
        check(&Fixed("hello".to_owned()), None, "hello");
        check(&Script::new([104, 105]), Some(&json!([])), "hi");
    }
}
