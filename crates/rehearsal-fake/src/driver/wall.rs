//! What `created` and `date` say: the wall clock read once, and the engine's clock since.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::time::Instant;

use super::Clock;
use crate::engine::Nanos;

/// Stamps answers. Nothing is timed by it.
#[derive(Clone, Debug)]
pub(crate) struct WallClock {
    started: Duration,
    clock: Arc<Clock>,
}

impl WallClock {
    /// Starts at `started` after the epoch, or at the present.
    pub(crate) fn start(clock: Arc<Clock>, started: Option<Duration>) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "answers carry a date; it is read once, and no deadline depends on it"
        )]
        let present = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: started.unwrap_or_else(present), clock }
    }

    /// Since the epoch, at the server's start.
    pub(crate) fn started(&self) -> Duration {
        self.started
    }

    /// Whole seconds since the epoch.
    pub(crate) fn unix_seconds(&self) -> u64 {
        (self.started + self.clock.on_the_wall(self.clock.now())).as_secs()
    }

    /// The engine's time.
    pub(crate) fn now(&self) -> Nanos {
        self.clock.now()
    }

    /// What has passed on the wall since an instant of the engine's time.
    pub(crate) fn on_the_wall_since(&self, instant: Nanos) -> Duration {
        self.clock.on_the_wall(self.clock.now().saturating_sub(instant))
    }

    /// The present as the `date` header has it (RFC 9110, 5.6.7).
    pub(crate) fn http_date(&self) -> String {
        let seconds = i64::try_from(self.unix_seconds()).unwrap_or(i64::MAX);
        let date = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}

impl WallClock {
    /// What `future` comes to, if it does within `span` of the engine's time.
    pub(crate) async fn within<T>(&self, span: Duration, future: impl Future<Output = T>) -> Option<T> {
        let Some(until) = Instant::now().checked_add(self.clock.on_the_wall(span.into())) else {
            return Some(future.await);
        };
        tokio::time::timeout_at(until, future).await.ok()
    }
}

/// The beat of something that is done every so often: the instants are absolute, so that none drifts.
#[derive(Debug)]
pub(crate) struct Beat {
    next: Instant,
    every: Duration,
}

impl Beat {
    pub(crate) fn new(every: Duration) -> Self {
        Self { next: Instant::now(), every }
    }

    /// Waits for the next beat.
    pub(crate) async fn next(&mut self) {
        self.next += self.every;
        tokio::time::sleep_until(self.next).await;
    }
}

/// Waits for these shares of a span, one after the other.
#[derive(Debug)]
pub(crate) struct Span {
    begun: Instant,
    whole: Duration,
}

impl Span {
    pub(crate) fn new(whole: Duration) -> Self {
        Self { begun: Instant::now(), whole }
    }

    /// Waits until this share of it has passed.
    pub(crate) async fn until(&self, share: f64) {
        if let Some(until) = self.begun.checked_add(self.whole.mul_f64(share)) {
            tokio::time::sleep_until(until).await;
        }
    }
}

/// Waits on the wall, for faults that make an answer slow; the grid of tokio's timer is fine enough for these.
pub(crate) async fn pause(span: Duration) {
    if let Some(until) = Instant::now().checked_add(span) {
        tokio::time::sleep_until(until).await;
    }
}
