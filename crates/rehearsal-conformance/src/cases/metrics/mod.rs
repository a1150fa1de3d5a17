//! M-01, M-02, M-04: what the counters say of requests whose usage is known, on a server that does nothing else.

mod generation;
mod latencies;
mod prompt;
mod work;

use crate::check::Check;

pub(super) const CHECKS: [Check; 3] = [generation::CHECK, prompt::CHECK, latencies::CHECK];
