//! M-01 … M-09: what the counters say of requests whose usage is known, on a server that does nothing else.

mod abort;
mod generation;
mod golden;
mod latencies;
mod monotone;
mod names;
mod preemption;
mod prefix_hits;
mod prompt;
mod several_choices;
mod work;

pub(super) use work::{growth, idle};

use crate::check::Check;

pub(super) const CHECKS: [Check; 9] = [
    generation::CHECK,
    prompt::CHECK,
    several_choices::CHECK,
    latencies::CHECK,
    names::CHECK,
    prefix_hits::CHECK,
    abort::CHECK,
    preemption::CHECK,
    monotone::CHECK,
];
