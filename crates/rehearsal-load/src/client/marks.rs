//! What a stream holds besides its token-carrying chunks: nothing of it is in our own figures, but other tools time it.

use std::time::Duration;

/// Instants and facts of a stream that only the definitions of other tools need; see [`recompute`](mod@crate::report::recompute).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamMarks {
    /// When chunks arrived that carry no token: the role, the finish reason.
    pub silent: Vec<Duration>,
    /// Positions, in the timeline's chunks and ascending, of those whose text is empty.
    pub empty: Vec<usize>,
    /// When the last event before `[DONE]` arrived, usage included.
    pub last_event: Option<Duration>,
    /// Whether the body ended as HTTP says it should, whatever it lacked.
    pub clean_end: bool,
}

impl StreamMarks {
    /// The chunk at `index` turned out to carry no token.
    pub(super) fn demote(&mut self, index: usize, at: Duration) {
        self.empty.retain(|empty| *empty != index);
        for empty in &mut self.empty {
            if index < *empty {
                *empty -= 1;
            }
        }
        let place = self.silent.partition_point(|silent| *silent <= at);
        self.silent.insert(place, at);
    }
}
