//! Events of a run, for whoever shows or stores them while it goes on.

use std::{fmt, io, time::Duration};

use crate::{
    client::RequestTimeline,
    plan::LoadPlan,
    report::{Completion, LogLine, RequestRecord},
    server_side::ServerSnapshot,
};

/// What happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The run is about to begin, with the warm-up if the plan has one.
    Started {
        /// What is about to run.
        plan: &'a LoadPlan,
    },
    /// The warm-up request ended; its instants count from its own start. The measured window begins now.
    WarmedUp {
        /// The warm-up.
        request: &'a RequestTimeline,
    },
    /// A measured request ended, well or badly.
    Finished {
        /// The request.
        request: &'a RequestTimeline,
        /// The run so far.
        progress: Progress,
    },
    /// Time passed; see [`Run::tick_every`](crate::Run::tick_every).
    Tick(Progress),
    /// The server's `/metrics` page was read; see [`Run::scrape`](crate::Run::scrape).
    Scraped {
        /// What it says.
        snapshot: &'a ServerSnapshot,
    },
    /// The run is over.
    Ended {
        /// How long the measured window was.
        window: Duration,
        /// Whether it ran to its end.
        completion: Completion,
    },
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Since the window's start.
    pub elapsed: Duration,
    /// Requests of the plan; where only a duration limits it, those that have begun.
    pub requests: usize,
    /// Requests that succeeded.
    pub ok: usize,
    /// Requests that failed.
    pub errors: usize,
    /// Requests that are being served.
    pub in_flight: usize,
    /// Output tokens of the successes, as far as usage states them.
    pub output_tokens: u64,
}

impl Progress {
    /// Requests that ended.
    #[must_use]
    pub fn finished(&self) -> usize {
        self.ok + self.errors
    }
}

/// Takes the events of a run, one by one and in order.
///
/// An error does not end the run: the observer gets no further events and the report carries a warning. Closures that
/// take `&Event` are observers.
pub trait Observer: Send {
    /// Called between two steps of the run loop, so it should be quick.
    fn on_event(&mut self, event: &Event<'_>) -> io::Result<()>;
}

impl<F: FnMut(&Event<'_>) + Send> Observer for F {
    fn on_event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self(event);
        Ok(())
    }
}

/// Writes one JSON line for the start, the warm-up, every request as it ends, and the end of the run. Every line is
/// flushed, so that what was measured survives a kill.
pub struct JsonlLog<W> {
    writer: W,
    started: Option<Duration>,
}

impl<W: io::Write + Send> JsonlLog<W> {
    /// A log that goes to `writer`.
    pub fn new(writer: W) -> Self {
        Self { writer, started: None }
    }

    /// Says in the first line when the run began, as the time since 1970 (UTC); exports to other tools need it.
    #[must_use]
    pub fn dated(mut self, since_1970: Duration) -> Self {
        self.started = Some(since_1970);
        self
    }

    /// One line, flushed.
    fn write(&mut self, line: &LogLine) -> io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        // one write a line: a kill leaves whole lines, and at worst a cut last one
        self.writer.write_all(text.as_bytes())?;
        self.writer.flush()
    }
}

impl<W> fmt::Debug for JsonlLog<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonlLog").finish_non_exhaustive()
    }
}

impl<W: io::Write + Send> Observer for JsonlLog<W> {
    fn on_event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Started { plan } => self.write(&LogLine::started(plan, self.started)),
            Event::WarmedUp { request } => self.write(&LogLine::WarmedUp(RequestRecord::from(*request))),
            Event::Finished { request, .. } => self.write(&LogLine::Request(RequestRecord::from(*request))),
            Event::Scraped { snapshot } => self.write(&LogLine::Server((*snapshot).clone())),
            Event::Tick(_) => Ok(()),
            Event::Ended { window, completion } => self.write(&LogLine::ended(*window, *completion)),
        }
    }
}
