//! A timer finer than tokio's: one thread that sleeps until an absolute instant and then wakes the task.
//!
//! tokio rounds every deadline up to a millisecond. A condition variable wakes some 60 to 300 µs late, so the thread sleeps until shortly before the
//! deadline and yields its way through the rest: less than one percent of a core at the report's steps of 60 ms.

use std::{
    future::poll_fn,
    sync::{Arc, Condvar, Mutex, PoisonError},
    task::{Poll, Waker},
    thread,
    time::Duration,
};

use tokio::time::Instant;

/// How long before a deadline the thread stops sleeping: as late as a condition variable wakes on a virtual machine.
const YIELDING: Duration = Duration::from_micros(500);

/// A thread that waits for one deadline at a time. Dropping it ends the thread.
#[derive(Debug)]
pub(super) struct Timer {
    shared: Arc<Shared>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    armed: Option<(Instant, Waker)>,
    ended: bool,
}

impl Timer {
    pub(super) fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new().name("rehearsal-timer".to_owned()).spawn(move || theirs.run()).ok();
        Self { shared, thread }
    }

    /// Waits until `deadline`. Without a thread (the system gave none) tokio's own timer has to do.
    pub(super) async fn sleep_until(&self, deadline: Instant) {
        if self.thread.is_none() {
            return tokio::time::sleep_until(deadline).await;
        }
        poll_fn(|context| {
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            let mut state = self.shared.lock();
            state.armed = Some((deadline, context.waker().clone()));
            drop(state);
            self.shared.changed.notify_one();
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // it holds no lock while it wakes and has nothing left to do
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut state = self.lock();
        while !state.ended {
            let now = Instant::now();
            state = match &state.armed {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some((deadline, _)) if now < *deadline => {
                    let left = *deadline - now;
                    if let Some(long) = left.checked_sub(YIELDING) {
                        self.changed.wait_timeout(state, long).unwrap_or_else(PoisonError::into_inner).0
                    } else {
                        drop(state);
                        thread::yield_now();
                        self.lock()
                    }
                }
                Some(_) => {
                    let due = state.armed.take();
                    drop(state);
                    if let Some((_, waker)) = due {
                        waker.wake();
                    }
                    self.lock()
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_wakes_at_or_after_each_deadline() {
        let timer = Timer::start();
        let start = Instant::now();
        for step in 1..=5 {
            let deadline = start + Duration::from_micros(300) * step;
            timer.sleep_until(deadline).await;
            assert!(deadline <= Instant::now());
        }
    }
}
