//! A whole text completion.

use serde_json::{Value, json};

use super::{
    super::{
        choice::Choice,
        context::Context,
        generation::{Generation, Prompt},
        logprobs::{Logprobs, Wanted},
        object::shaped,
    },
    chat_answer::prompt_logprobs,
    usage::Account,
};
use crate::version::ShapeName;

/// What all parts of the answer to one completion share.
#[derive(Clone, Debug)]
pub(super) struct CompletionHead {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) prompt: Prompt,
    pub(super) logprobs: Option<Wanted>,
    pub(super) prompt_logprobs: Option<i32>,
    pub(super) return_token_ids: bool,
    pub(super) echo: bool,
    /// Whether the one token that was generated is not shown.
    pub(super) prompt_only: bool,
}

impl CompletionHead {
    /// `prompt_token_ids`, if asked for.
    pub(super) fn prompt_token_ids(&self) -> Value {
        if self.return_token_ids { json!(*self.prompt.tokens) } else { Value::Null }
    }

    /// `token_ids`, if asked for.
    pub(super) fn token_ids(&self, tokens: &[u32]) -> Value {
        if self.return_token_ids { json!(tokens) } else { Value::Null }
    }

    /// `logprobs` of an echoed prompt and of the generated tokens that follow the first `sent`, if asked for. Their text begins at `offset`.
    pub(super) fn logprobs(
        &self,
        context: &Context,
        tokens: (&[u32], &[u32]),
        sent: usize,
        mut offset: usize,
    ) -> Value {
        let Some(wanted) = self.logprobs else { return Value::Null };
        let logprobs = Logprobs { tokenizer: &context.app.tokenizer, wanted };
        logprobs.completion(&context.wire, tokens, sent, &mut offset)
    }
}

/// The body of the answer.
pub(super) fn whole(context: &Context, head: &CompletionHead, generation: &Generation) -> Value {
    let choices: Vec<Value> = generation.choices.iter().map(|choice| choice_json(context, head, choice)).collect();
    let account = Account { usage: generation.usage(0), reasoning_tokens: 0 };
    shaped(
        &context.wire,
        ShapeName::Completion,
        [
            ("id", head.id.as_str().into()),
            ("object", "text_completion".into()),
            ("created", head.created.into()),
            ("model", generation.model.as_str().into()),
            ("choices", choices.into()),
            ("usage", account.last(context)),
        ],
    )
}

fn choice_json(context: &Context, head: &CompletionHead, choice: &Choice) -> Value {
    let prompt = &head.prompt;
    let text = match (head.echo, head.prompt_only) {
        (false, _) => choice.text().to_owned(),
        (true, true) => prompt.text.clone(),
        (true, false) => format!("{}{}", prompt.text, choice.text()),
    };
    let echoed: &[u32] = if head.echo { &prompt.tokens } else { &[] };
    let generated: &[u32] = if head.prompt_only { &[] } else { &choice.token_ids };
    shaped(
        &context.wire,
        ShapeName::CompletionChoice,
        [
            ("index", 0.into()),
            ("text", text.into()),
            ("logprobs", head.logprobs(context, (echoed, generated), 0, 0)),
            ("finish_reason", choice.finish_reason()),
            ("stop_reason", choice.stop_reason()),
            ("prompt_logprobs", prompt_logprobs(context, head.prompt_logprobs, &prompt.tokens)),
            ("token_ids", head.token_ids(&choice.token_ids)),
            ("prompt_token_ids", head.prompt_token_ids()),
        ],
    )
}
