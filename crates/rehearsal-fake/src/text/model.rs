//! The plug-in's one question.

use serde_json::Value;

use crate::{engine::Continuation, tokenizer::Tokenizer};

/// What a model may know when it answers.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TextRequest<'a> {
    /// The prompt as text, after the chat template.
    pub prompt_text: &'a str,
    /// The same as token ids.
    pub prompt_tokens: &'a [u32],
    /// The conversation as sent; `None` for a completion.
    pub messages: Option<&'a Value>,
    /// The name under which the request asks for the model; `None` when it names none.
    pub model: Option<&'a str>,
    /// 0-based index among the choices (`n`) of one prompt.
    pub choice_index: u32,
    /// A hash of the content and of all seeds: equal requests have equal keys.
    pub key: u64,
    /// The tokenizer of the model.
    pub tokenizer: &'a Tokenizer,
}

impl<'a> TextRequest<'a> {
    /// The first choice of a completion, with key 0.
    #[must_use]
    pub const fn new(prompt_text: &'a str, prompt_tokens: &'a [u32], tokenizer: &'a Tokenizer) -> Self {
        Self { prompt_text, prompt_tokens, messages: None, model: None, choice_index: 0, key: 0, tokenizer }
    }

    /// The request as a chat with these messages.
    #[must_use]
    pub const fn with_messages(mut self, messages: &'a Value) -> Self {
        self.messages = Some(messages);
        self
    }

    /// The request as one for this model.
    #[must_use]
    pub const fn with_model(mut self, model: &'a str) -> Self {
        self.model = Some(model);
        self
    }

    /// The request as this choice of several.
    #[must_use]
    pub const fn with_choice_index(mut self, choice_index: u32) -> Self {
        self.choice_index = choice_index;
        self
    }

    /// The request with this key.
    #[must_use]
    pub const fn with_key(mut self, key: u64) -> Self {
        self.key = key;
        self
    }
}

/// Says what a request is answered with. Closures are models.
///
/// It is asked once a choice, when the request arrives, and must not block.
///
/// ```
/// use rehearsal_fake::{engine::Continuation, text::{TextModel, TextRequest}, tokenizer::Tokenizer};
///
/// let shout = |request: &TextRequest<'_>| {
///     Continuation::Script(request.tokenizer.encode(&request.prompt_text.to_uppercase()).into())
/// };
/// let tokenizer = Tokenizer::byte_level();
/// let reply = shout.reply(&TextRequest::new("hi", &[104, 105], &tokenizer));
/// assert!(matches!(reply, Continuation::Script(tokens) if *tokens == [72, 73]));
/// ```
pub trait TextModel: Send + Sync {
    /// What the model would say.
    fn reply(&self, request: &TextRequest<'_>) -> Continuation;
}

impl<F: Fn(&TextRequest<'_>) -> Continuation + Send + Sync> TextModel for F {
    fn reply(&self, request: &TextRequest<'_>) -> Continuation {
        self(request)
    }
}
