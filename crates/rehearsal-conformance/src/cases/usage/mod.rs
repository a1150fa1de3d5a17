//! U-01 … U-12: `usage` of answers that do not stream.

mod arithmetic;
mod completion_count;
mod details;
mod endpoints;
mod key_order;
mod logprob_count;
mod prompt_count;
mod repeated;
mod token_ids;
mod tokenize_count;
mod truncated;
mod within_bounds;

use crate::check::Check;

pub(super) const CHECKS: [Check; 12] = [
    endpoints::CHECK,
    arithmetic::CHECK,
    prompt_count::CHECK,
    completion_count::CHECK,
    within_bounds::CHECK,
    key_order::CHECK,
    details::CHECK,
    tokenize_count::CHECK,
    token_ids::CHECK,
    logprob_count::CHECK,
    truncated::CHECK,
    repeated::CHECK,
];
