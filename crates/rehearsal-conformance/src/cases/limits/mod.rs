//! L-01 … L-08: what `max_tokens` and the context length allow.

mod beyond;
mod chat_default;
mod completion_tokens;
mod completions_default;
mod exact_fit;
mod generation_config;
mod null_limit;
mod one_over;

use crate::{
    check::Check,
    session::{Session, Stop},
};

pub(super) const CHECKS: [Check; 8] = [
    chat_default::CHECK,
    completions_default::CHECK,
    exact_fit::CHECK,
    one_over::CHECK,
    completion_tokens::CHECK,
    generation_config::CHECK,
    null_limit::CHECK,
    beyond::CHECK,
];

/// A prompt of ids that leaves four tokens of the context.
fn leaving_four(s: &Session<'_>) -> Result<Vec<u32>, Stop> {
    Ok(s.prompt_ids("nearly full", s.context_length()? - 4))
}
