//! One choice of a request while it is generated, and what each step brings to it.

use serde_json::Value;

use super::generation::Prompt;
use crate::{
    engine::{Finish, FinishReason, Nanos, SamplingParams, StopReason},
    tokenizer::{GeneratedText, Tokenizer},
    usage::Usage,
};

/// One choice while it grows.
#[derive(Debug)]
pub(super) struct Choice {
    /// Index of its prompt.
    pub(super) prompt: usize,
    pub(super) prompt_tokens: u64,
    pub(super) token_ids: Vec<u32>,
    pub(super) finish: Option<Finish>,
    /// When its last token came, in the engine's time.
    pub(super) last_token_at: Option<Nanos>,
    /// Tokens of which a [`Delta`] has told.
    pub(super) sent: usize,
    /// Its text, as far as it is decided.
    pub(super) growing: GeneratedText,
    stop: Vec<String>,
}

impl Choice {
    /// An empty choice of the prompt with this index.
    pub(super) fn new(tokenizer: &Tokenizer, index: usize, prompt: &Prompt, sampling: &SamplingParams) -> Self {
        Self {
            prompt: index,
            prompt_tokens: prompt.tokens.len() as u64,
            token_ids: Vec::new(),
            finish: None,
            last_token_at: None,
            sent: 0,
            growing: GeneratedText::new(tokenizer, sampling),
            stop: sampling.stop.clone(),
        }
    }

    /// The same with characters that are unfinished at the end shown.
    pub(super) fn with_unfinished_characters(self) -> Self {
        Self { growing: self.growing.with_unfinished_characters(), ..self }
    }

    /// Takes all tokens and the end at once, and returns the text of the first `shown` tokens.
    pub(super) fn take(&mut self, tokens: &[u32], shown: usize, finish: Finish) -> String {
        for token in tokens.iter().take(shown) {
            self.growing.push(*token);
        }
        self.token_ids.extend_from_slice(tokens);
        self.finish = Some(finish);
        self.growing.finish(&finish)
    }

    /// Its whole text.
    pub(super) fn text(&self) -> &str {
        self.growing.text()
    }

    /// What it has used so far.
    pub(super) fn usage(&self) -> Usage {
        Usage { prompt_tokens: self.prompt_tokens, completion_tokens: self.token_ids.len() as u64, ..Usage::default() }
    }

    /// `finish_reason`.
    pub(super) fn finish_reason(&self) -> Value {
        match self.finish.map(|finish| finish.reason) {
            None => Value::Null,
            Some(FinishReason::Stop) => "stop".into(),
            Some(FinishReason::Length) => "length".into(),
            Some(FinishReason::Abort) => "abort".into(),
            Some(FinishReason::Error) => "error".into(),
        }
    }

    /// `stop_reason`.
    pub(super) fn stop_reason(&self) -> Value {
        match self.finish.and_then(|finish| finish.stop_reason) {
            None => Value::Null,
            Some(StopReason::Token(id)) => id.into(),
            Some(StopReason::Text(index)) => self.stop.get(index).map_or(Value::Null, |stop| stop.as_str().into()),
        }
    }
}

/// What one token brought to a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delta {
    /// Index of the choice among all of the request.
    pub(super) choice: usize,
    pub(super) text: String,
    pub(super) token: Option<u32>,
    /// Tokens before it that `stream_interval` has held back.
    pub(super) earlier: Vec<u32>,
}

impl Delta {
    /// All its tokens, in order.
    pub(super) fn tokens(&self) -> Vec<u32> {
        self.earlier.iter().copied().chain(self.token).collect()
    }
}
