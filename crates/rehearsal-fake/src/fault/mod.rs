//! Faults on purpose: which request, and what goes wrong with its answer.

mod rule;

pub use rule::{Fault, FaultRequest, FaultRule, UsageLie};
pub(crate) use rule::Faults;
