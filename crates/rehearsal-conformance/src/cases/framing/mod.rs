//! F-01 … F-05: the form of streams.

mod edges;
mod finish;
mod form;
mod identity;
mod role;

use crate::check::Check;

pub(super) const CHECKS: [Check; 5] = [form::CHECK, identity::CHECK, role::CHECK, edges::CHECK, finish::CHECK];
