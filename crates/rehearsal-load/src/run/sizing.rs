//! Asks the server how it counts words, so that synthetic prompts have the length that was asked for.

use std::{num::NonZeroU32, time::Duration};

use tokio::time::Instant;

use super::{Attempt, RunError, attempt};
use crate::{
    client::{Begun, Verdict},
    plan::{LoadPlan, Sizing},
    transport::Transport,
};

/// Words of the two prompts: more than any template's own tokens, and within the context of every model.
const SHORT: usize = 64;
const LONG: usize = 320;

/// Sends two prompts of one-token answers to the server of `plan` and compares their `usage`. `None` when it states none.
///
/// A server that cannot be reached, or that refuses them, is the error that a run would end in.
pub async fn measure_sizing(transport: &dyn Transport, plan: &LoadPlan) -> Result<Option<Sizing>, RunError> {
    let mut counted = Vec::new();
    for words in [SHORT, LONG] {
        let request = plan.request_of(&Sizing::probe(words, plan.seed().unwrap_or_default()), NonZeroU32::MIN);
        let begun = Begun { index: 0, scheduled: Duration::ZERO, started: Duration::ZERO };
        let answer = attempt(transport, Attempt::of_plan(plan, request, begun, Instant::now())).await;
        let (url, detail) = (plan.url().to_string(), answer.detail.clone().unwrap_or_default());
        match answer.verdict {
            Verdict::ConnectError => return Err(RunError::Unreachable { url, detail }),
            Verdict::Error => return Err(RunError::NotReady { url, detail }),
            _ => counted.extend(answer.prompt_tokens().map(|tokens| (words, tokens))),
        }
    }
    Ok(match counted[..] {
        [short, long] => Sizing::measured(short, long),
        _ => None,
    })
}
