//! What vLLM's processes would log. The library prints nothing: it hands lines to whoever asked for them.

use std::sync::Arc;

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Who logs it.
    pub process: LogProcess,
    /// How it is marked.
    pub level: LogLevel,
    /// What it says.
    pub text: String,
}

/// vLLM's processes, as they name themselves in front of each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogProcess {
    /// The HTTP frontend.
    ApiServer,
    /// The engine.
    EngineCore,
}

/// How a line is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// `INFO` with a date.
    Info,
    /// `WARNING` with a date.
    Warning,
    /// `ERROR` with a date.
    Error,
    /// `INFO:` without a date, as uvicorn writes.
    Uvicorn,
}

/// Where lines go.
#[derive(Clone, Default)]
pub(crate) struct Log(Option<Arc<Sink>>);

type Sink = dyn Fn(&LogLine) + Send + Sync;

impl Log {
    pub(crate) fn new(sink: impl Fn(&LogLine) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(sink)))
    }

    /// Whether anybody listens.
    pub(crate) fn is_heard(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn line(&self, line: &LogLine) {
        if let Some(sink) = &self.0 {
            sink(line);
        }
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Log").field(&self.is_heard()).finish()
    }
}
