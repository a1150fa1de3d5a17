//! The engine's clock against the caller's: real, scaled, or the paused clock of tokio.

use std::time::Duration;

use tokio::time::Instant;

use super::timer::Timer;
use crate::engine::Nanos;

/// How fast the engine's time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Pacing {
    /// As on the machine that is imitated.
    #[default]
    RealTime,
    /// This many times as fast: `Scaled(10.0)` answers in a tenth of the time.
    Scaled(f64),
    /// On tokio's paused clock (`tokio::time::pause`, or `start_paused`), with the in-memory door: hours pass in no time, and every run
    /// is the same. Not over TCP: the paused clock jumps while bytes are on their way.
    Virtual,
}

/// Why the clock cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClockError {
    /// There is no runtime, or one without a timer.
    #[error("no tokio runtime here: start the server inside one, with time enabled")]
    NoRuntime,
    /// Virtual pacing on a clock that runs.
    #[error(
        "pacing is virtual but tokio's clock runs: call `tokio::time::pause()` first, or use `#[tokio::test(start_paused = true)]`"
    )]
    Running,
    /// Real pacing on a clock that stands.
    #[error("pacing is real but tokio's clock is paused, so time would never pass: use `Pacing::Virtual`")]
    Paused,
    /// Not a factor.
    #[error("pacing factor must be > 0 and finite, got {0}")]
    Factor(f64),
}

/// Reads and awaits the engine's time.
#[derive(Debug)]
pub(crate) struct Clock {
    origin: Instant,
    /// How many times as fast the engine's time passes; `None` for as fast.
    factor: Option<f64>,
    timer: Option<Timer>,
}

/// How often the clock is read to see whether it moves: far longer than its resolution, far shorter than anyone notices.
const READS: u32 = 20_000;

/// tokio's timers fire on a grid of this width.
pub(super) const TICK: Nanos = Nanos::from_millis(1);

impl Clock {
    /// A clock that starts at zero now.
    pub(crate) fn start(pacing: Pacing) -> Result<Self, ClockError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(ClockError::NoRuntime);
        }
        let origin = Instant::now();
        let paused = (0..READS).all(|_| Instant::now() == origin);
        let factor = match pacing {
            Pacing::Scaled(factor) => Some(factor),
            Pacing::RealTime | Pacing::Virtual => None,
        };
        match (pacing, paused) {
            (Pacing::Virtual, false) => Err(ClockError::Running),
            (Pacing::Virtual, true) => Ok(Self { origin, factor, timer: None }),
            (Pacing::RealTime | Pacing::Scaled(_), true) => Err(ClockError::Paused),
            (Pacing::Scaled(factor), false) if !(factor.is_finite() && 0.0 < factor) => Err(ClockError::Factor(factor)),
            (Pacing::RealTime | Pacing::Scaled(_), false) => Ok(Self { origin, factor, timer: Some(Timer::start()) }),
        }
    }

    /// Whether this is tokio's paused clock.
    pub(crate) fn is_virtual(&self) -> bool {
        self.timer.is_none()
    }

    /// The engine's time.
    pub(crate) fn now(&self) -> Nanos {
        let elapsed = self.origin.elapsed();
        self.factor.map_or(elapsed, |factor| elapsed.mul_f64(factor)).into()
    }

    /// Waits until the engine's time has reached `deadline`.
    pub(crate) async fn sleep_until(&self, deadline: Nanos) {
        let real = self.on_the_wall(deadline);
        // an instant beyond the clock's end is never reached
        let Some(instant) = self.origin.checked_add(real) else { return std::future::pending().await };
        match &self.timer {
            Some(timer) => timer.sleep_until(instant).await,
            None => tokio::time::sleep_until(instant).await,
        }
    }

    /// How long `span` of the engine's time takes on the wall.
    pub(crate) fn on_the_wall(&self, span: Nanos) -> Duration {
        let span = Duration::from(span);
        self.factor.map_or(span, |factor| span.div_f64(factor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_paused_clock_needs_virtual_pacing() {
        assert_eq!(Clock::start(Pacing::RealTime).unwrap_err(), ClockError::Paused);
        assert!(Clock::start(Pacing::Virtual).unwrap().is_virtual());
    }

    #[tokio::test]
    async fn a_running_clock_refuses_virtual_pacing_and_nonsense() {
        assert_eq!(Clock::start(Pacing::Virtual).unwrap_err(), ClockError::Running);
        assert_eq!(Clock::start(Pacing::Scaled(0.0)).unwrap_err(), ClockError::Factor(0.0));
        assert!(Clock::start(Pacing::Scaled(2.0)).is_ok());
    }

    #[test]
    fn without_a_runtime_there_is_no_clock() {
        assert_eq!(Clock::start(Pacing::RealTime).unwrap_err(), ClockError::NoRuntime);
    }
}
