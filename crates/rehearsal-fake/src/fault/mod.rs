//! Faults on purpose: which request, and what goes wrong with its answer.
//!
//! A fault works on the bytes of a right answer, on its way out; nothing that makes answers knows of it.

mod body;
mod lie;
mod rule;

pub(crate) use body::spoil;
pub(crate) use rule::Faults;
pub use rule::{Fault, FaultRequest, FaultRule, UsageLie};
