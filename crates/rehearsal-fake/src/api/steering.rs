//! What an operator's routes change while the server runs: whether requests start, and whether the engine sleeps.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// What becomes of requests in flight when the server is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InFlightRequests {
    /// They end at once, with `abort`.
    Abort,
    /// They run to their end.
    Finish,
    /// They wait for the resumption.
    Freeze,
}

/// How deep an engine sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sleep {
    /// Level 1: the weights wait in the host's memory.
    WeightsOffloaded,
    /// Level 2: nothing is kept.
    DiscardAll,
}

/// What requests look at: whether they may run, and how often all of them were aborted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signal {
    paused: bool,
    frozen: bool,
    aborts: u64,
}

/// The state that those routes write.
#[derive(Debug)]
pub(super) struct Steering {
    signal: watch::Sender<Signal>,
    running: watch::Sender<usize>,
    sleep: Mutex<Option<Sleep>>,
}

impl Default for Steering {
    fn default() -> Self {
        Self { signal: watch::Sender::new(Signal::default()), running: watch::Sender::new(0), sleep: Mutex::default() }
    }
}

impl Steering {
    pub(super) fn is_paused(&self) -> bool {
        self.signal.borrow().paused
    }

    pub(super) fn pause(&self, in_flight: InFlightRequests) {
        self.signal.send_modify(|signal| {
            signal.paused = true;
            signal.frozen = in_flight == InFlightRequests::Freeze;
            signal.aborts += u64::from(in_flight == InFlightRequests::Abort);
        });
    }

    pub(super) fn resume(&self) {
        self.signal.send_modify(|signal| (signal.paused, signal.frozen) = (false, false));
    }

    /// Ends all requests in flight; says how many there were.
    pub(super) fn abort_all(&self) -> usize {
        self.signal.send_modify(|signal| signal.aborts += 1);
        *self.running.borrow()
    }

    /// Waits until no request runs.
    pub(super) async fn until_idle(&self) {
        // the sender is `self`, so that the wait ends by the count alone
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
    }

    /// A request that obeys these signals.
    pub(super) fn enter(&self) -> Gate {
        let signal = self.signal.subscribe();
        let aborts = signal.borrow().aborts;
        Gate { signal, aborts, running: None, count: self.running.clone() }
    }

    pub(super) fn sleep(&self) -> Option<Sleep> {
        *self.sleep.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_sleep(&self, sleep: Option<Sleep>) {
        *self.sleep.lock().unwrap_or_else(PoisonError::into_inner) = sleep;
    }
}

/// A request's view of the signals.
#[derive(Debug)]
pub(super) struct Gate {
    signal: watch::Receiver<Signal>,
    aborts: u64,
    running: Option<Running>,
    count: watch::Sender<usize>,
}

/// Counts a running request until it is dropped.
#[derive(Debug)]
struct Running(watch::Sender<usize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running = running.saturating_sub(1));
    }
}

impl Gate {
    /// Whether the request may start now; it counts as running from then on.
    pub(super) fn try_pass(&mut self) -> bool {
        let open = !self.signal.borrow().paused;
        if open && self.running.is_none() {
            self.count.send_modify(|running| *running += 1);
            self.running = Some(Running(self.count.clone()));
            self.aborts = self.signal.borrow().aborts;
        }
        open
    }

    /// Waits until the request may start.
    pub(super) async fn pass(&mut self) {
        while !self.try_pass() {
            if self.signal.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits until all running requests are to end; comes back once for each time that they are.
    pub(super) async fn aborted(&mut self) {
        let before = self.aborts;
        let now = self.signal.wait_for(|signal| before < signal.aborts).await.map(|signal| signal.aborts);
        match now {
            Ok(aborts) => self.aborts = aborts,
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits while running requests are frozen.
    pub(super) async fn thawed(&mut self) {
        let _ = self.signal.wait_for(|signal| !signal.frozen).await;
    }
}
