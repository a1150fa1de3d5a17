//! The only module that waits: it owns the engine, lets its time pass at the pace asked for, and hands out its tokens.
//!
//! Deadlines are absolute, so nothing drifts: a late wake-up makes one token late and no other. Emission is pushed into one channel a
//! request, so a slow reader never slows the engine; whoever drops the receiving end aborts the request.

mod clock;
mod command;
mod drive;
mod lateness;
mod timer;
mod wall;

#[cfg(test)]
mod tests;

pub(crate) use clock::Clock;
pub use clock::{ClockError, Pacing};
pub(crate) use command::{Emission, EngineHandle, Submission, Submitted, Ticket, Tokens};
pub(crate) use drive::{Driver, Observer};
pub use lateness::Lateness;
pub(crate) use lateness::LatenessLog;
pub(crate) use wall::{Beat, Span, WallClock, pause};
