//! A running fake server.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

use super::{App, Connector, FakeVllmBuilder, InMemoryStream, StartError};
use crate::{
    driver::{self, Lateness},
    journal::JournalEntry,
    version::{Termination, Wire},
};

/// A fake vLLM that runs until it is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rehearsal_fake::FakeVllm;
///
/// let fake = FakeVllm::start().await?;
/// let answer: serde_json::Value = reqwest::Client::new()
///     .post(format!("{}/v1/chat/completions", fake.base_url()))
///     .json(&serde_json::json!({"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}))
///     .send()
///     .await?
///     .json()
///     .await?;
/// assert_eq!(answer["usage"]["completion_tokens"], 5);
/// # Ok(())
/// # }
/// ```
#[must_use = "a server that is dropped stops"]
pub struct FakeVllm {
    running: Arc<Running>,
    base_url: String,
    address: Option<SocketAddr>,
    connector: Connector,
    closing: watch::Sender<bool>,
    /// Ends when nobody serves any more.
    alive: mpsc::Receiver<()>,
}

/// A server's doors, as [`FakeVllm`] holds them.
pub(super) struct Doors {
    pub(super) base_url: String,
    pub(super) address: Option<SocketAddr>,
    pub(super) connector: Connector,
    pub(super) closing: watch::Sender<bool>,
    pub(super) alive: mpsc::Receiver<()>,
}

/// What is alive while a server runs; its tasks end with it.
pub(super) struct Running {
    pub(super) app: Arc<App>,
    pub(super) tasks: Mutex<JoinSet<()>>,
}

impl Running {
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(task);
    }
}

/// What a server did in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShutdownReport {
    /// Generating requests that the engine took.
    pub requests: u64,
    /// How late the driver was.
    pub lateness: Lateness,
}

impl FakeVllm {
    /// Starts a server on a free port, so fast that a test does not wait for it: each step takes a microsecond.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Starts with other settings.
    pub fn builder() -> FakeVllmBuilder {
        FakeVllmBuilder::new()
    }

    pub(super) fn new(running: Arc<Running>, doors: Doors) -> Self {
        let Doors { base_url, address, connector, closing, alive } = doors;
        Self { running, base_url, address, connector, closing, alive }
    }

    /// Where it listens, such as `http://127.0.0.1:40213`; clients of OpenAI's want `/v1` behind it.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The address of its TCP door; `None` in memory.
    #[must_use]
    pub fn addr(&self) -> Option<SocketAddr> {
        self.address
    }

    /// A new connection in memory, which a server over TCP has, too.
    #[must_use = "a connection that is dropped is closed"]
    pub fn connect(&self) -> InMemoryStream {
        self.connector.connect()
    }

    /// Opens connections in memory; for clients that keep it.
    #[must_use]
    pub fn connector(&self) -> Connector {
        self.connector.clone()
    }

    /// The generating requests so far, oldest first, with the true instant of every token.
    #[must_use]
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.running.app.journal.entries()
    }

    /// How late the driver was until now.
    #[must_use]
    pub fn lateness(&self) -> Lateness {
        self.running.app.lateness()
    }

    /// What `GET /metrics` would show now.
    #[must_use]
    pub fn metrics_text(&self) -> String {
        self.running.app.metrics.text()
    }

    /// Stops as the version's own process does when it is told to (SIGTERM, SIGINT): 0.13.0 sends no byte more and waits until its clients
    /// have left; 0.32.0 ends open requests with `finish_reason` `abort`, after `grace` (`--shutdown-timeout`); its Rust frontend cuts the
    /// connections.
    pub async fn terminate(mut self, grace: Duration) -> ShutdownReport {
        let engine = &self.running.app.engine;
        let Ok(wire) = Wire::of(self.running.app.version) else { return self.shutdown().await };
        match wire.features.termination {
            Termination::Cut => return self.shutdown().await,
            Termination::Hang => engine.freeze(),
            Termination::Abort => {}
        }
        self.closing.send_replace(true);
        if wire.features.termination == Termination::Abort {
            tokio::select! {
                _ = self.alive.recv() => {}
                () = driver::pause(grace), if !grace.is_zero() => {}
                () = std::future::ready(()), if grace.is_zero() => {}
            }
            self.running.app.engine.abort_all();
        }
        // nobody sends on it: it ends when the last connection has
        let _ = self.alive.recv().await;
        self.shutdown().await
    }

    /// Stops: connections are closed, their requests aborted. Dropping the server does the same without a report.
    pub async fn shutdown(self) -> ShutdownReport {
        let mut tasks = std::mem::take(&mut *self.running.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
        let app = &self.running.app;
        ShutdownReport { requests: app.journal.requests(), lateness: app.lateness() }
    }
}

impl std::fmt::Debug for FakeVllm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeVllm").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}
