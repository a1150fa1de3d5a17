//! A whole chat completion.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    super::{
        choice::Choice,
        context::Context,
        generation::Generation,
        logprobs::{Logprobs, TokenNames, Wanted},
        object::shaped,
    },
    reply::{ReplyReader, Said},
    usage::Account,
};
use crate::version::ShapeName;

/// What all parts of the answer to one chat share.
#[derive(Clone, Debug)]
pub(super) struct ChatHead {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) prompt_tokens: Arc<[u32]>,
    pub(super) logprobs: Option<Wanted>,
    pub(super) prompt_logprobs: Option<i32>,
    pub(super) return_token_ids: bool,
    /// What the reply is put behind.
    pub(super) echo: Option<String>,
    pub(super) include_reasoning: bool,
    /// Whether one tool is to be called by name, which is no reason for an end.
    pub(super) is_named: bool,
}

/// A reply, read to its end.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    reader: ReplyReader,
    content: String,
    reasoning: Option<String>,
    /// Names and arguments.
    calls: Vec<(String, String)>,
}

impl Reply {
    pub(super) fn new(reader: ReplyReader) -> Self {
        Self { reader, content: String::new(), reasoning: None, calls: Vec::new() }
    }

    /// Takes what a token brought.
    pub(super) fn push(&mut self, text: &str) {
        let said = self.reader.push(text);
        self.take(said);
    }

    /// Takes what was kept back.
    pub(super) fn finish(&mut self) {
        let said = self.reader.finish();
        self.take(said);
    }

    fn take(&mut self, said: Vec<Said>) {
        for piece in said {
            match piece {
                Said::Text(text) => self.content.push_str(&text),
                Said::Reasoning(text) => self.reasoning.get_or_insert_default().push_str(&text),
                Said::Call { name } => self.calls.push((name, String::new())),
                Said::Arguments(text) => {
                    if let Some((_, arguments)) = self.calls.last_mut() {
                        arguments.push_str(&text);
                    }
                }
            }
        }
    }
}

/// A new id of a call.
pub(super) fn call_id(context: &Context) -> String {
    const DIGITS: usize = 24;
    let mut digits = String::new();
    while digits.len() < DIGITS {
        digits.push_str(&context.new_id());
    }
    digits.truncate(DIGITS);
    format!("call_{digits}")
}

/// `finish_reason`: a reply that called tools of its own accord says so where it was not cut short.
pub(super) fn finish_reason(choice: &Choice, head: &ChatHead, calls: usize) -> Value {
    let reason = choice.finish_reason();
    if reason == "stop" && 0 < calls && !head.is_named { "tool_calls".into() } else { reason }
}

impl ChatHead {
    /// `prompt_token_ids`, if asked for.
    pub(super) fn prompt_token_ids(&self) -> Value {
        if self.return_token_ids { json!(*self.prompt_tokens) } else { Value::Null }
    }

    /// `token_ids`, if asked for.
    pub(super) fn token_ids(&self, tokens: &[u32]) -> Value {
        if self.return_token_ids { json!(tokens) } else { Value::Null }
    }

    /// `logprobs` of the tokens of a reply that follow the first `sent`, if asked for.
    pub(super) fn logprobs_after(&self, context: &Context, sent: usize, tokens: &[u32]) -> Value {
        let Some(wanted) = self.logprobs else { return Value::Null };
        let logprobs = Logprobs { tokenizer: &context.app.tokenizer, wanted };
        let entry = |index: usize| {
            let mut entry = logprobs.chat_entry(&context.wire, tokens.get(..=index).unwrap_or_default())?;
            // the bytes are those of the name, be that a text or `token_id:1`
            entry["bytes"] = json!(entry["token"].as_str().unwrap_or_default().as_bytes());
            Some(entry)
        };
        json!({"content": (sent..tokens.len()).filter_map(entry).collect::<Vec<_>>()})
    }

    fn prompt_logprobs(&self, context: &Context) -> Value {
        prompt_logprobs(context, self.prompt_logprobs, &self.prompt_tokens)
    }
}

/// `prompt_logprobs` of an answer, if asked for.
pub(super) fn prompt_logprobs(context: &Context, asked: Option<i32>, tokens: &[u32]) -> Value {
    let Some(top) = asked else { return Value::Null };
    let top = u32::try_from(top).unwrap_or(context.app.frontend.max_logprobs);
    let wanted = Wanted { top, names: TokenNames::Spoken };
    Logprobs { tokenizer: &context.app.tokenizer, wanted }.prompt(tokens)
}

/// The body of the answer.
pub(super) fn whole(context: &Context, head: &ChatHead, generation: &Generation, reply: Reply) -> Value {
    let account = Account { usage: generation.usage(0), reasoning_tokens: reply.reader.reasoning_tokens() };
    let choices: Vec<Value> =
        generation.choices.first().map(|choice| choice_json(context, head, choice, reply)).into_iter().collect();
    shaped(
        &context.wire,
        ShapeName::Chat,
        [
            ("id", head.id.as_str().into()),
            ("object", "chat.completion".into()),
            ("created", head.created.into()),
            ("model", generation.model.as_str().into()),
            ("choices", choices.into()),
            ("usage", account.last(context)),
            ("prompt_logprobs", head.prompt_logprobs(context)),
            ("prompt_token_ids", head.prompt_token_ids()),
        ],
    )
}

fn choice_json(context: &Context, head: &ChatHead, choice: &Choice, reply: Reply) -> Value {
    let Reply { content, reasoning, calls, .. } = reply;
    let text = match &head.echo {
        Some(prefix) => format!("{prefix}{content}").into(),
        None if content.is_empty() => Value::Null,
        None => content.into(),
    };
    // tokens of a reasoning that is not shown are not told of either
    let tells = head.include_reasoning || reasoning.is_none();
    let finish = finish_reason(choice, head, calls.len());
    let calls: Vec<Value> = calls
        .into_iter()
        .map(|(name, arguments)| {
            json!({"id": call_id(context), "type": "function", "function": {"name": name, "arguments": arguments}})
        })
        .collect();
    let message = shaped(
        &context.wire,
        ShapeName::ChatMessage,
        [
            ("role", "assistant".into()),
            ("content", text),
            ("tool_calls", if calls.is_empty() { Value::Null } else { calls.into() }),
            ("reasoning", reasoning.filter(|_| head.include_reasoning).into()),
        ],
    );
    let (logprobs, token_ids) = if tells {
        (head.logprobs_after(context, 0, &choice.token_ids), head.token_ids(&choice.token_ids))
    } else {
        (Value::Null, Value::Null)
    };
    shaped(
        &context.wire,
        ShapeName::ChatChoice,
        [
            ("index", 0.into()),
            ("message", message),
            ("logprobs", logprobs),
            ("finish_reason", finish),
            ("stop_reason", choice.stop_reason()),
            ("token_ids", token_ids),
        ],
    )
}
