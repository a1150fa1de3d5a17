//! The laws, one small file each.

mod choices;
mod continuous;
mod continuous_last;
mod continuous_now;
mod details;
mod evidence;
mod length;
mod limit;
mod metrics;
mod prompt_ids;
mod refusals;
mod stop;
mod streamed;
mod sum;
mod unasked;
mod usage_chunk;

use super::law::Law;

/// Every law, in order.
pub(super) const LAWS: [Law; 16] = [
    sum::LAW,
    limit::LAW,
    details::LAW,
    prompt_ids::LAW,
    choices::LAW,
    evidence::LAW,
    streamed::LAW,
    length::LAW,
    stop::LAW,
    continuous::LAW,
    continuous_last::LAW,
    continuous_now::LAW,
    usage_chunk::LAW,
    unasked::LAW,
    metrics::LAW,
    refusals::LAW,
];
