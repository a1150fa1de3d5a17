//! U-40 … U-49: several choices, several prompts, echo, beams.

mod beam;
mod continuous;
mod echo;
mod echo_only;
mod order;
mod prompts;
mod prompts_continuous;
mod prompts_swapped;
mod sum;

use serde_json::{Value, json};

use crate::{
    call::overlaid,
    check::Check,
    profile::ServerProfile,
    raw::Answer,
    session::{Session, Stop},
};

pub(super) const CHECKS: [Check; 10] = [
    sum::CHECK,
    order::CHECK,
    continuous::CHECK,
    prompts::CHECK,
    prompts_continuous::CHECK,
    prompts_swapped::CHECK,
    echo::CHECK,
    echo_only::CHECK,
    beam::SUM,
    beam::STREAMED,
];

/// A request for two choices: sampled, because vLLM refuses several greedy ones, and seeded.
pub(super) fn two(over: &Value) -> Value {
    let sampled = json!({"n": 2, "temperature": 1.0, "seed": 1, "ignore_eos": true});
    overlaid(sampled, over)
}

/// The Rust frontend of 0.32.0 refuses several choices and lists of prompts; elsewhere a refusal is a fault.
pub(super) fn implemented(s: &Session<'_>, answer: &Answer) -> Result<(), Stop> {
    match (s.profile(), answer.status) {
        (ServerProfile::Rs032, 400) => Err(Stop::Unimplemented(answer.summary())),
        _ => Ok(()),
    }
}
