//! When each request is due: pure state machines over durations since the run's start.
//!
//! Nothing here waits or reads a clock, so that a run against a server and a forecast without one use the same code.
//!
//! * [`ClosedLoop`]: workers that send when they have been answered.
//! * [`Conversations`]: workers that hold conversations of several turns.
//! * [`Schedule`]: an open loop's due instants, all computed before the run: a [`RateProfile`] says how many arrive, a
//!   [`Spacing`] how regularly.
//! * [`OpenLoop`]: a schedule with a limited or unlimited number of slots.
//! * [`Arrivals`]: any of them, as the run loop and a forecast use it.

mod closed_loop;
mod conversations;
mod open_loop;
mod queue;
mod rate;
mod schedule;
mod spacing;

use std::time::Duration;

pub use self::{
    closed_loop::ClosedLoop,
    conversations::Conversations,
    open_loop::{NoSlot, OpenLoop, WhenFull},
    queue::Arrivals,
    rate::{Ramp, RateError, RateProfile},
    schedule::{Extent, Schedule, ScheduleError},
    spacing::{Spacing, UnitArrivals},
};

/// One request and its two instants, since the run's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Which request of the run, from 0.
    pub index: usize,
    /// When it arrives: from here on its user waits.
    pub scheduled: Duration,
    /// When it should be sent: later than `scheduled` when it had to wait for a slot.
    pub at: Duration,
}
