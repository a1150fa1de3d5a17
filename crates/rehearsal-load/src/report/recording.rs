//! A JSONL log, read back: the same requests a run measured, so that every figure can be computed again.

use std::{io, time::Duration};

use super::{Completion, EndLine, LogLine, PlanSummary, Report, SCHEMA_VERSION, SeedReport};
use crate::{
    client::RequestTimeline,
    server_side::{ServerSide, ServerSnapshot},
};

/// What a log holds.
///
/// A log whose generator was killed is a recording too: [`completion`](Self::completion) is then
/// [`Completion::Partial`], and the window ends with the last request that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// What was asked for.
    pub plan: PlanSummary,
    /// When the run began on the calendar, since 1970 (UTC), if the log says so.
    pub started_unix: Option<Duration>,
    /// The warm-up request.
    pub warm_up: Option<RequestTimeline>,
    /// Every measured request that ended, by index.
    pub requests: Vec<RequestTimeline>,
    /// The readings of the server's `/metrics` page, in order; the first was before the window.
    pub server: Vec<ServerSnapshot>,
    /// The measured window.
    pub window: Duration,
    /// Whether the log is whole.
    pub completion: Completion,
}

/// A log that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The bytes could not be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// There is nothing in it.
    #[error("the log is empty; a run writes one with `--jsonl FILE`")]
    Empty,
    /// It does not begin as a log does.
    #[error("line 1 is not the start of a log: {reason}; a run writes one with `--jsonl FILE`")]
    NoStart {
        /// What is wrong with the line.
        reason: String,
    },
    /// The log was written by another version.
    #[error(
        "the log has schema version {found}, and this program reads {SCHEMA_VERSION}; use the program that wrote it"
    )]
    Version {
        /// The log's own version.
        found: u32,
    },
    /// A line that is not the last one is broken.
    #[error("line {line}: {reason}; remove the line to use the others")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

impl Recording {
    /// Reads a log. Only its last line may be cut; a broken line before it is an error, because nobody knows what it held.
    pub fn read(mut reader: impl io::BufRead) -> Result<Self, RecordingError> {
        let mut lines = Lines { line: Vec::new(), number: 0 };
        let start = match lines.next(&mut reader)? {
            None => return Err(RecordingError::Empty),
            Some(Ok(LogLine::Started(start))) => start,
            Some(Ok(_)) => return Err(RecordingError::NoStart { reason: "it has another `event`".into() }),
            Some(Err(broken)) => return Err(RecordingError::NoStart { reason: broken.reason }),
        };
        if start.schema_version != SCHEMA_VERSION {
            return Err(RecordingError::Version { found: start.schema_version });
        }

        let mut warm_up = None;
        let mut requests = Vec::new();
        let mut server = Vec::new();
        let mut end: Option<EndLine> = None;
        let mut cut_line = false;
        while let Some(line) = lines.next(&mut reader)? {
            match line {
                Ok(LogLine::WarmedUp(record)) => warm_up = Some(record.into()),
                Ok(LogLine::Request(record)) => requests.push(RequestTimeline::from(record)),
                Ok(LogLine::Server(snapshot)) => server.push(snapshot),
                Ok(LogLine::Ended(line)) => end = Some(line),
                Ok(LogLine::Started(_)) => {
                    let reason = "a second run begins; give each run a log of its own".into();
                    return Err(RecordingError::Line { line: lines.number, reason });
                }
                Ok(LogLine::Unknown) => {}
                Err(broken) if broken.unfinished => cut_line = true,
                Err(broken) => return Err(RecordingError::Line { line: lines.number, reason: broken.reason }),
            }
        }
        requests.sort_by_key(|request| request.index);
        let (window, completion) = if let Some(end) = end {
            (Duration::from_nanos(end.window_ns), end.completion)
        } else {
            let last_end = requests.iter().map(|request: &RequestTimeline| request.finished).max();
            (last_end.unwrap_or_default(), Completion::Partial { cut_line })
        };
        let started_unix = start.started_unix_ns.map(Duration::from_nanos);
        Ok(Self { plan: start.plan, started_unix, warm_up, requests, server, window, completion })
    }

    /// The calendar time of the start; 1970 if it is not known.
    pub(super) fn started_at(&self) -> jiff::Timestamp {
        let since_1970 = self.started_unix.unwrap_or_default();
        jiff::Timestamp::UNIX_EPOCH.saturating_add(since_1970).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// The native report, computed again.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = Report::of(self.plan.clone(), &self.requests, self.window, self.completion);
        if let Some(server) = ServerSide::of(&self.server, &self.requests, self.completion) {
            report = report.with_server_side(server);
        }
        match &self.warm_up {
            Some(warm_up) => report.with_warm_up(warm_up),
            None => report,
        }
    }

    /// The same in the seed schema.
    #[must_use]
    pub fn seed_report(&self) -> SeedReport {
        SeedReport::of(&self.plan, &self.requests, self.window)
    }
}

/// One buffer for all lines.
struct Lines {
    line: Vec<u8>,
    number: usize,
}

/// A line that is not JSON of a log.
struct Broken {
    reason: String,
    /// Whether its line break is missing: it was being written when the generator ended.
    unfinished: bool,
}

impl Lines {
    fn next(&mut self, reader: &mut impl io::BufRead) -> io::Result<Option<Result<LogLine, Broken>>> {
        loop {
            self.line.clear();
            if reader.read_until(b'\n', &mut self.line)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.line.trim_ascii().is_empty() {
                continue;
            }
            let unfinished = self.line.last() != Some(&b'\n');
            return Ok(Some(
                serde_json::from_slice(&self.line).map_err(|error| Broken { reason: error.to_string(), unfinished }),
            ));
        }
    }
}
