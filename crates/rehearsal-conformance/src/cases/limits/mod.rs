//! L-01 … L-07: what `max_tokens` and the context length allow.

mod chat_default;
mod completion_tokens;
mod completions_default;
mod exact_fit;
mod null_limit;
mod one_over;

use crate::{
    check::Check,
    session::{Session, Stop},
};

pub(super) const CHECKS: [Check; 6] = [
    chat_default::CHECK,
    completions_default::CHECK,
    exact_fit::CHECK,
    one_over::CHECK,
    completion_tokens::CHECK,
    null_limit::CHECK,
];

/// The longest prompt that is worth its prefill.
const LONGEST: u64 = 262_144;

/// A prompt of ids that leaves four tokens of the context.
fn leaving_four(s: &Session<'_>) -> Result<Vec<u32>, Stop> {
    let limit = s.facts().max_model_len.unwrap_or_default();
    if !(8..=LONGEST).contains(&limit) {
        return Err(Stop::Skipped(format!("max_model_len is {limit}, and prompts of 8 to {LONGEST} ids are sent")));
    }
    Ok(s.prompt_ids("nearly full", usize::try_from(limit - 4).unwrap_or_default()))
}
