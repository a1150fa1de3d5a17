//! U-60 … U-69: how many prompt tokens came from the prefix cache, and where that is told.
//!
//! Prompts are this run's own, so the first request of a case finds the cache cold. Token ids make their length exact.

mod cold;
mod created;
mod isolated;
mod repeated;
mod several_choices;
mod several_prompts;
mod short;
mod streamed;
mod undisclosed;

use serde_json::Value;

use crate::{
    check::{Check, Feature, Need},
    session::{Session, Stop},
    target::ServerFlag,
};

pub(super) const CHECKS: [Check; 10] = [
    repeated::CHECK,
    cold::CHECK,
    short::CHECK,
    isolated::SALT,
    isolated::LOGPROBS,
    streamed::CHECK,
    several_prompts::CHECK,
    several_choices::CHECK,
    undisclosed::CHECK,
    created::CHECK,
];

/// What a case about cached counts needs.
const NEEDS: &[Need] = &[Need::Feature(Feature::TokenIdPrompts), Need::Started(ServerFlag::EnablePromptTokensDetails)];

/// The cached count of a body's or chunk's usage; `None` where it is not told.
fn cached(body: &Value) -> Option<u64> {
    body.pointer("/usage/prompt_tokens_details/cached_tokens")?.as_u64()
}

/// Expects that no token is called cached: a count of 0, or none told.
fn none_cached(s: &mut Session<'_>, about: &str, body: &Value) {
    s.satisfies(about, "0, or not told", cached(body), |count| count.is_none_or(|count| count == 0));
}

/// How many tokens of a prompt of this length a full hit finds: whole blocks, and never the last token.
const fn full_hit(length: usize, block: usize) -> u64 {
    ((length - 1) / block * block) as u64
}

/// A prompt of three blocks and five tokens, and the block size.
fn long_prompt(s: &Session<'_>, name: &str) -> Result<(Vec<u32>, usize), Stop> {
    let block = block_size(s)?;
    Ok((s.prompt_ids(name, 3 * block + 5), block))
}

fn block_size(s: &Session<'_>) -> Result<usize, Stop> {
    let said = s.facts().block_size.and_then(|block| usize::try_from(block).ok());
    let block = said.filter(|block| (2..=4096).contains(block));
    let block = block.ok_or_else(|| Stop::Inconclusive("vllm:cache_config_info gives no block_size".into()))?;
    let needed = 3 * block + 6;
    match s.facts().max_model_len {
        Some(limit) if limit < needed as u64 => {
            Err(Stop::Skipped(format!("a context of {limit} tokens does not hold three blocks of {block}")))
        }
        _ => Ok(block),
    }
}
