//! Sending a request again: only when the plan asks for it.

use std::time::Duration;

use crate::client::{RequestTimeline, Verdict};

/// Pause before the first retry; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Statuses by which a server says that the same request may succeed later.
const PASSING: [u16; 5] = [429, 500, 502, 503, 504];

/// Whether sending it again may help: no answer came, or one that says so. An answer that had begun is never asked for again.
pub(super) fn may_help(request: &RequestTimeline) -> bool {
    match request.verdict {
        Verdict::ConnectError => true,
        Verdict::Error => request.status.is_some_and(|status| PASSING.contains(&status)),
        _ => false,
    }
}

/// How long to wait before retry number `retry`, from 1.
pub(super) fn pause(retry: u32) -> Duration {
    2u32.checked_pow(retry.saturating_sub(1)).map_or(LONGEST_PAUSE, |factor| (FIRST_PAUSE * factor).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_ten_seconds() {
        let pauses: Vec<u128> = [1, 2, 3, 7, 8, 100].map(|retry| pause(retry).as_millis()).to_vec();
        assert_eq!(pauses, [100, 200, 400, 6400, 10_000, 10_000]);
    }
}
