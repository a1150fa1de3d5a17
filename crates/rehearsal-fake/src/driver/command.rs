//! What the server says to the driver, and what the driver says to each request.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::mpsc;

use crate::engine::{EngineRequest, Finish, Nanos, SubmitError};

/// Names a submission of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ticket(pub(crate) u64);

/// The sequences of one HTTP request, in the order of its choices: sequence `prompt · n + i` is choice `i` of a prompt.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) sequences: Vec<EngineRequest>,
    /// Choices of one prompt.
    pub(crate) n: u32,
    /// The id that the answer carries.
    pub(crate) id: Arc<str>,
    /// When it had been read.
    pub(crate) read_at: Nanos,
}

/// What observers see of a submission that the engine took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Submitted {
    pub(crate) ticket: Ticket,
    pub(crate) read_at: Nanos,
    pub(crate) at: Nanos,
    pub(crate) sequences: u32,
    pub(crate) n: u32,
    pub(crate) max_tokens: u32,
}

/// What happened to a choice.
#[derive(Clone, Debug)]
pub(crate) enum Emission {
    /// The engine refused the submission; nothing follows.
    Refused(SubmitError),
    /// A token, the end, or both.
    Progress {
        /// Index of the sequence in its submission.
        choice: u32,
        token: Option<u32>,
        finish: Option<Box<Finish>>,
        /// When, in the engine's time.
        at: Nanos,
    },
}

#[derive(Debug)]
pub(super) enum Command {
    Submit {
        ticket: Ticket,
        submission: Submission,
        emissions: mpsc::UnboundedSender<Emission>,
    },
    Abort(Ticket),
    ResetPrefixCache,
    Die,
    /// Every request ends at once, told so.
    AbortAll,
    /// Nothing happens any more, and nobody is told.
    Freeze,
}

/// The way to the engine. Cheap to clone; when the last clone and the last [`Tokens`] are gone, the driver ends.
///
/// ```text
/// let mut tokens = app.engine.submit(app.engine.ticket(), Submission { sequences, n: 1, id, read_at });
/// while let Some(emission) = tokens.next().await { … }      // dropping `tokens` before the end aborts the request
/// ```
#[derive(Clone, Debug)]
pub(crate) struct EngineHandle {
    queue: mpsc::UnboundedSender<Command>,
    tickets: Arc<AtomicU64>,
}

impl EngineHandle {
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Command>) {
        let (queue, commands) = mpsc::unbounded_channel();
        (Self { queue, tickets: Arc::default() }, commands)
    }

    /// The next ticket.
    pub(crate) fn ticket(&self) -> Ticket {
        Ticket(self.tickets.fetch_add(1, Ordering::Relaxed))
    }

    /// Ends the engine as a crash does: every request of now and later is left without an answer.
    pub(crate) fn kill(&self) {
        let _ = self.queue.send(Command::Die);
    }

    /// Whether nothing answers any more.
    pub(crate) fn is_dead(&self) -> bool {
        self.queue.is_closed()
    }

    /// Ends every request with `abort`.
    pub(crate) fn abort_all(&self) {
        let _ = self.queue.send(Command::AbortAll);
    }

    /// Stops the engine's time: no token comes any more, and no end.
    pub(crate) fn freeze(&self) {
        let _ = self.queue.send(Command::Freeze);
    }

    /// Hands a request to the engine. The channel needs no bound: it holds at most the request's own `max_tokens`, and the driver lets a
    /// reader catch up.
    pub(crate) fn submit(&self, ticket: Ticket, submission: Submission) -> Tokens {
        let (emissions, receiver) = mpsc::unbounded_channel();
        let open = submission.sequences.len();
        // without a driver the sender is dropped with the command, and the receiver sees the end
        let _ = self.queue.send(Command::Submit { ticket, submission, emissions });
        Tokens { receiver, open, ticket, queue: self.queue.clone() }
    }

    /// Empties the prefix cache, unless a request holds blocks of it.
    pub(crate) fn reset_prefix_cache(&self) {
        let _ = self.queue.send(Command::ResetPrefixCache);
    }
}

/// The tokens of one request. Dropping it before the end aborts the request.
#[derive(Debug)]
pub(crate) struct Tokens {
    receiver: mpsc::UnboundedReceiver<Emission>,
    open: usize,
    ticket: Ticket,
    queue: mpsc::UnboundedSender<Command>,
}

impl Tokens {
    /// What happens next; `None` after the last choice has finished, or when the engine is gone.
    pub(crate) fn poll_next(&mut self, context: &mut std::task::Context<'_>) -> std::task::Poll<Option<Emission>> {
        if self.open == 0 {
            return std::task::Poll::Ready(None);
        }
        self.receiver.poll_recv(context).map(|emission| {
            match &emission {
                Some(Emission::Progress { finish: None, .. }) => {}
                Some(Emission::Progress { .. }) => self.open -= 1,
                Some(Emission::Refused(_)) | None => self.open = 0,
            }
            emission
        })
    }

    /// What happens next.
    pub(crate) async fn next(&mut self) -> Option<Emission> {
        std::future::poll_fn(|context| self.poll_next(context)).await
    }

    /// Ends the request; its choices finish with `abort`.
    pub(crate) fn abort(&self) {
        let _ = self.queue.send(Command::Abort(self.ticket));
    }

    /// Whether every choice has finished.
    pub(crate) fn is_complete(&self) -> bool {
        self.open == 0
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        if !self.is_complete() {
            let _ = self.queue.send(Command::Abort(self.ticket));
        }
    }
}
