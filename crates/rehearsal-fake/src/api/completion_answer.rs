//! A whole text completion.

use serde_json::{Value, json};

use super::{
    choice::Choice,
    context::Context,
    generation::{Generation, Prompt},
    logprobs::{Logprobs, TokenNames, Wanted},
    object::shaped,
    request_metrics::request_metrics,
    usage_json::{Place, usage_json},
};
use crate::{usage::Usage, version::ShapeName};

/// What all parts of the answer to one completion request share.
#[derive(Clone, Debug)]
pub(super) struct CompletionHead {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) prompts: Vec<Prompt>,
    pub(super) logprobs: Option<Wanted>,
    pub(super) prompt_logprobs: Option<i64>,
    pub(super) return_token_ids: bool,
    pub(super) echo: bool,
    /// Whether the one token that was generated is not shown: an echo with `max_tokens: 0`.
    pub(super) hides_token: bool,
}

impl CompletionHead {
    /// The tokens of a choice that the answer may show.
    pub(super) fn shown<'a>(&self, tokens: &'a [u32]) -> &'a [u32] {
        if self.hides_token { &[] } else { tokens }
    }

    /// What `echo` repeats of a prompt as text: nothing when its ids are sent (`serving_completion.py`).
    pub(super) fn echoed_text<'a>(&self, prompt: &'a Prompt) -> &'a str {
        if self.return_token_ids { "" } else { &prompt.text }
    }

    /// `token_ids`, if asked for.
    pub(super) fn token_ids(&self, tokens: &[u32]) -> Value {
        if self.return_token_ids { json!(tokens) } else { Value::Null }
    }

    fn prompt_logprobs(&self, context: &Context, tokens: &[u32]) -> Value {
        let echoed = self.logprobs.filter(|_| self.echo).map(|wanted| i64::from(wanted.top));
        let Some(top) = self.prompt_logprobs.or(echoed) else { return Value::Null };
        let top = u32::try_from(top).unwrap_or(context.app.frontend.max_logprobs);
        let wanted = Wanted { top, names: TokenNames::Text };
        Logprobs { tokenizer: &context.app.tokenizer, wanted }.prompt(tokens)
    }
}

/// The body of the answer.
pub(super) fn whole(context: &Context, head: &CompletionHead, generation: &Generation) -> Value {
    let wire = &context.wire;
    let choices: Vec<Value> = generation
        .choices
        .iter()
        .enumerate()
        .map(|(index, choice)| choice_json(context, head, index, choice))
        .collect();
    let last = generation.choices.len().saturating_sub(1);
    let usage =
        usage_json(wire, context.app.frontend.prompt_tokens_details, Place::Whole, &completion_usage(generation, last));
    shaped(
        wire,
        ShapeName::Completion,
        [
            ("id", head.id.as_str().into()),
            ("object", "text_completion".into()),
            ("created", head.created.into()),
            ("model", generation.model.as_str().into()),
            ("choices", choices.into()),
            ("system_fingerprint", context.fingerprint()),
            ("usage", usage),
            ("metrics", request_metrics(context, Place::Whole, generation)),
        ],
    )
}

/// The account of a completion, for which vLLM does not tell what the cache has taken in.
pub(super) fn completion_usage(generation: &Generation, cached_of: usize) -> Usage {
    Usage { created_cache_tokens: None, ..generation.usage(cached_of) }
}

fn choice_json(context: &Context, head: &CompletionHead, index: usize, choice: &Choice) -> Value {
    let Some(prompt) = head.prompts.get(choice.prompt) else { return Value::Null };
    let generated = head.shown(&choice.token_ids);
    let echoed: &[u32] = if head.echo { &prompt.tokens } else { &[] };
    let prompt_text = head.echoed_text(prompt);
    let text = match (head.echo, head.hides_token) {
        (false, _) => choice.text().to_owned(),
        (true, true) => prompt_text.to_owned(),
        (true, false) => format!("{prompt_text}{}", choice.text()),
    };
    let logprobs = head.logprobs.map_or(Value::Null, |wanted| {
        let logprobs = Logprobs { tokenizer: &context.app.tokenizer, wanted };
        logprobs.completion(&context.wire, (echoed, generated), 0, &mut 0)
    });
    let prompt_token_ids = if head.return_token_ids { json!(*prompt.tokens) } else { Value::Null };
    shaped(
        &context.wire,
        ShapeName::CompletionChoice,
        [
            ("index", index.into()),
            ("text", text.into()),
            ("logprobs", logprobs),
            ("finish_reason", choice.finish_reason()),
            ("stop_reason", choice.stop_reason()),
            ("token_ids", head.token_ids(generated)),
            ("prompt_logprobs", head.prompt_logprobs(context, &prompt.tokens)),
            ("prompt_token_ids", prompt_token_ids),
        ],
    )
}
