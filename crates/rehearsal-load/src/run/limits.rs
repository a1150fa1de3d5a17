//! The two instants after which a response is not waited for any longer.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::client::End;

/// Beyond any run; added where a limit would overflow the clock.
const FAR: Duration = Duration::from_hours(24 * 365);

/// `from + by`, or far in the future where the clock cannot hold that.
pub(super) fn later(from: Instant, by: Duration) -> Instant {
    from.checked_add(by).unwrap_or_else(|| from + FAR)
}

/// One timer for both limits. It is set again only when it fires too early, not for every read: a stall limit moves
/// with every chunk, and a timer that moves with it would cost more than the chunk.
pub(super) struct Limits {
    overall: Instant,
    stall: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl Limits {
    pub(super) fn new(overall: Instant) -> Self {
        Self { overall, stall: None, timer: Box::pin(sleep_until(overall)) }
    }

    /// The body is alive; it may be silent until `at`.
    pub(super) fn set_stall(&mut self, at: Instant) {
        if self.stall.is_none() && at < self.timer.deadline() {
            self.timer.as_mut().reset(at);
        }
        self.stall = Some(at);
    }

    /// Nothing is waited for beyond `at`.
    pub(super) fn shorten(&mut self, at: Instant) {
        self.overall = self.overall.min(at);
        if self.overall < self.timer.deadline() {
            self.timer.as_mut().reset(self.overall);
        }
    }

    /// Ready once a limit has passed.
    pub(super) fn poll_passed(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            if self.overall <= now {
                return Poll::Ready(End::Timeout);
            }
            match self.stall {
                Some(stall) if stall <= now => return Poll::Ready(End::Stalled),
                Some(stall) => self.timer.as_mut().reset(stall.min(self.overall)),
                None => self.timer.as_mut().reset(self.overall),
            }
        }
    }
}
