//! F-01 … F-07: the form of streams.

mod edges;
mod finish;
mod form;
mod identity;
mod keep_alive;
mod role;
mod tokens_per_chunk;

use crate::check::Check;

pub(super) const CHECKS: [Check; 7] = [
    form::CHECK,
    identity::CHECK,
    role::CHECK,
    edges::CHECK,
    finish::CHECK,
    keep_alive::CHECK,
    tokens_per_chunk::CHECK,
];
