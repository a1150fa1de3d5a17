//! The loop: commands in, deadlines awaited, events out.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::mpsc;

use super::{Clock, Emission, EngineHandle, LatenessLog, Submission, Submitted, Ticket, clock::TICK, command::Command};
use crate::engine::{Engine, EngineStats, Event, Nanos, RequestId};

/// Watches what the engine does: metrics and the journal.
pub(crate) trait Observer: Send {
    /// The engine took a request.
    fn submitted(&mut self, submitted: Submitted, id: Arc<str>);

    /// The events of one wake-up, with the sequence that each belongs to.
    fn happened(&mut self, events: &[(Event, Option<(Ticket, u32)>)], stats: &EngineStats);
}

/// Owns the engine. [`Driver::run`] is the server's only task that waits for the engine's time.
pub(crate) struct Driver<O> {
    engine: Engine,
    clock: Arc<Clock>,
    commands: mpsc::UnboundedReceiver<Command>,
    routes: BTreeMap<RequestId, Route>,
    tickets: BTreeMap<Ticket, Vec<RequestId>>,
    observer: O,
    lateness: Arc<Mutex<LatenessLog>>,
    events: Vec<(Event, Option<(Ticket, u32)>)>,
    /// Whether a step is under way, so that the next deadline is its end and not a start.
    step_under_way: bool,
    /// Whether a request has killed the engine.
    died: bool,
    /// Whether the engine's time stands still for good.
    frozen: bool,
    /// Virtual time only: the last end of a step, and the reading of the clock when it was handled.
    last_end: Option<(Nanos, Nanos)>,
}

/// Events after which an engine without pace lets readers go first, so that what nobody has read yet stays little.
const BURST_EVENTS: usize = 4096;

/// How far the engine's time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Burst {
    /// As far as was asked.
    Whole,
    /// Not as far: readers first.
    Cut,
}

/// Why a wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wake {
    /// The deadline has come.
    Due,
    /// Something else comes due earlier.
    Changed,
    /// The last handle is gone, or the engine is.
    Closed,
}

#[derive(Debug)]
struct Route {
    ticket: Ticket,
    choice: u32,
    emissions: mpsc::UnboundedSender<Emission>,
}

impl<O: Observer> Driver<O> {
    pub(crate) fn new(
        engine: Engine,
        clock: Arc<Clock>,
        observer: O,
        lateness: Arc<Mutex<LatenessLog>>,
    ) -> (Self, EngineHandle) {
        let (handle, commands) = EngineHandle::new();
        let driver = Self {
            engine,
            clock,
            commands,
            routes: BTreeMap::new(),
            tickets: BTreeMap::new(),
            observer,
            lateness,
            events: Vec::new(),
            step_under_way: false,
            died: false,
            frozen: false,
            last_end: None,
        };
        (driver, handle)
    }

    /// Runs until the last handle is gone, or until the engine is killed.
    pub(crate) async fn run(mut self) {
        loop {
            if self.died {
                return;
            }
            let Some(deadline) = self.engine.next_deadline().filter(|_| !self.frozen) else {
                match self.commands.recv().await {
                    Some(command) => self.apply(command),
                    None => return,
                }
                continue;
            };
            match self.wait(deadline).await {
                Wake::Due => {}
                Wake::Changed => continue,
                Wake::Closed => return,
            }
            // on the paused clock one deadline at a time, so that whoever reacts to it can still join the next step
            let until = if self.clock.is_virtual() { deadline } else { self.clock.now() };
            if self.advance(until) == Burst::Cut {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Waits for a deadline and meanwhile applies commands.
    async fn wait(&mut self, deadline: Nanos) -> Wake {
        let clock = Arc::clone(&self.clock);
        let now = clock.now();
        // A start is due at once, but on the paused clock every reaction to the events of this instant has to be in first. The clock moves
        // only when all tasks are idle, so one tick later they are. An engine that lags behind the clock by a tick does not wait again.
        let quiesce = clock.is_virtual() && !self.step_under_way && now < deadline + TICK;
        let until = if quiesce { now.max(deadline) + Nanos::new(1) } else { deadline };
        let sleep = clock.sleep_until(until);
        tokio::pin!(sleep);
        loop {
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(command) => {
                        self.apply(command);
                        if self.died {
                            return Wake::Closed;
                        }
                        // an abort, or an idle engine's first request, may come due earlier
                        if self.frozen || self.engine.next_deadline().is_none_or(|next| next < deadline) {
                            return Wake::Changed;
                        }
                    }
                    None => return Wake::Closed,
                },
                () = &mut sleep => return Wake::Due,
            }
        }
    }

    fn apply(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Submit { ticket, submission, emissions } => self.submit(now, ticket, submission, &emissions),
            Command::ResetPrefixCache => {
                self.engine.reset_prefix_cache();
            }
            Command::Die => self.died = true,
            Command::AbortAll => {
                for id in std::mem::take(&mut self.tickets).into_values().flatten() {
                    self.engine.abort(now, id);
                }
            }
            Command::Freeze => self.frozen = true,
            Command::Abort(ticket) => {
                for id in self.tickets.remove(&ticket).into_iter().flatten() {
                    self.engine.abort(now, id);
                }
            }
        }
    }

    /// The engine's time. On the paused clock, whose grid is coarse, a reaction to the end of a step counts as of that end.
    fn now(&self) -> Nanos {
        let now = self.clock.now();
        match self.last_end {
            Some((end, read)) if self.clock.is_virtual() && read == now => end,
            _ => now,
        }
    }

    fn submit(
        &mut self,
        now: Nanos,
        ticket: Ticket,
        submission: Submission,
        emissions: &mpsc::UnboundedSender<Emission>,
    ) {
        let Submission { sequences, n, id, read_at } = submission;
        let max_tokens = sequences.first().map_or(0, |sequence| sequence.sampling.max_tokens.get());
        let mut ids = Vec::with_capacity(sequences.len());
        for (choice, sequence) in (0..).zip(sequences) {
            match self.engine.submit(now, sequence) {
                Ok(sequence) => {
                    ids.push(sequence);
                    self.routes.insert(sequence, Route { ticket, choice, emissions: emissions.clone() });
                }
                Err(error) => {
                    let _ = emissions.send(Emission::Refused(error));
                    for sequence in ids.drain(..) {
                        self.engine.abort(now, sequence);
                    }
                    return;
                }
            }
        }
        let sequences = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        self.observer.submitted(Submitted { ticket, read_at, at: now, sequences, n, max_tokens }, id);
        self.tickets.insert(ticket, ids);
    }

    /// Lets the engine's time pass until an instant, or until there is much to deliver.
    fn advance(&mut self, until: Nanos) -> Burst {
        let mut events = std::mem::take(&mut self.events);
        let routes = &self.routes;
        let mut burst = Burst::Whole;
        while let Some(next) = self.engine.next_deadline().filter(|next| *next <= until) {
            if events.len() >= BURST_EVENTS {
                burst = Burst::Cut;
                break;
            }
            self.engine.advance_to(next, &mut |event: Event| {
                let route = event.id().and_then(|id| routes.get(&id)).map(|route| (route.ticket, route.choice));
                events.push((event, route));
            });
            // what begins at this very instant waits for who reacts to it
            if next == until {
                break;
            }
        }
        self.deliver(&events);
        let now = self.clock.now();
        let mut ended = false;
        {
            let mut lateness = self.lateness.lock().unwrap_or_else(PoisonError::into_inner);
            for (event, _) in &events {
                if let Event::StepEnded { at, .. } = event {
                    ended = true;
                    self.last_end = Some((*at, now));
                    lateness.record(self.clock.on_the_wall(now.saturating_sub(*at)));
                }
            }
        }
        self.observer.happened(&events, &self.engine.stats());
        self.step_under_way = match (self.step_under_way, ended) {
            (_, true) if self.clock.is_virtual() => false,
            (false, _) => self.engine.next_deadline().is_some(),
            (true, _) => true,
        };
        events.clear();
        self.events = events;
        burst
    }

    /// Sends tokens on their way, each together with the end that it brings.
    fn deliver(&mut self, events: &[(Event, Option<(Ticket, u32)>)]) {
        for (index, (event, _)) in events.iter().enumerate() {
            let (id, token, finish) = match *event {
                Event::Token { id, token_id, .. } => {
                    let ends_here =
                        |next: &(Event, _)| matches!(next.0, Event::Finished { id: next, .. } if next == id);
                    match events.get(index + 1).filter(|next| ends_here(next)) {
                        Some((Event::Finished { finish, .. }, _)) => (id, Some(token_id), Some(*finish)),
                        _ => (id, Some(token_id), None),
                    }
                }
                // an end without a token of its own; one that came with its token finds no route any more
                Event::Finished { id, finish, .. } => (id, None, Some(finish)),
                _ => continue,
            };
            let Some(route) = self.routes.get(&id) else { continue };
            // a reader that is gone has sent its abort already
            let ends = finish.is_some();
            let finish = finish.map(Box::new);
            let _ = route.emissions.send(Emission::Progress { choice: route.choice, token, finish, at: event.at() });
            if ends {
                self.forget(id);
            }
        }
    }

    fn forget(&mut self, id: RequestId) {
        let Some(route) = self.routes.remove(&id) else { return };
        if let Some(ids) = self.tickets.get_mut(&route.ticket) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.tickets.remove(&route.ticket);
            }
        }
    }
}
