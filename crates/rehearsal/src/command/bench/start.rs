//! When a run begins that several generators make together.

use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::exit::Expected;

/// The instant on the run's own clock of a time on the calendar, which must not have passed.
pub(super) fn instant_of(at: Timestamp) -> anyhow::Result<Instant> {
    let now = Timestamp::now();
    let ahead = Duration::try_from(at.duration_since(now)).map_err(|_| {
        let passed = now.duration_since(at).as_secs();
        Expected::usage(format!("--start-at {at} was {passed} s ago; give a time by which every generator is ready"))
    })?;
    Instant::now().checked_add(ahead).with_context(|| format!("--start-at {at} is too far away"))
}
