//! A load on the bare engine, told in outlines: fast, and small however many requests there are.

use std::{collections::VecDeque, time::Duration};

use rehearsal_fake::engine::{Engine, EngineConfig, EngineRequest, Event, Nanos};
use rehearsal_load::{ClosedLoop, Schedule};

use super::{ForecastError, Outline};

/// When requests come.
pub(super) enum Arrivals {
    /// Each worker sends its next request after the answer to its last.
    Closed(ClosedLoop),
    /// At these instants since the run's start, whatever happens to the ones before.
    Open(Schedule),
}

/// Runs requests on an engine with `config` until all are over, in the order in which they end. Request `index` is `request(index)`;
/// `warm_up` goes ahead, and the run's clock starts when it is over.
pub(super) fn outlines(
    config: EngineConfig,
    mut arrivals: Arrivals,
    warm_up: Option<EngineRequest>,
    mut request: impl FnMut(usize) -> EngineRequest,
) -> Result<Vec<Outline>, ForecastError> {
    let mut engine = Engine::new(config)?;
    let origin = match warm_up {
        Some(warm_up) => self::warm_up(&mut engine, warm_up)?,
        None => Nanos::ZERO,
    };
    let mut done = Vec::new();
    let mut due = Upcoming::of(&mut arrivals);
    loop {
        let next = due.first(&arrivals);
        match (next, engine.next_deadline().map(|deadline| deadline.saturating_sub(origin))) {
            (None, None) => return Ok(done),
            // a request that is due when a step ends is still in time for the next one
            (Some(at), deadline) if deadline.is_none_or(|deadline| at <= deadline) => {
                let index = due.taken;
                due.take();
                engine.submit(origin + at, request(index)).map_err(|error| ForecastError::Request { index, error })?;
            }
            (next, Some(deadline)) => {
                // an open loop does not care what happens before its next request; a closed one has to be told at once
                let until = match (&arrivals, next) {
                    (Arrivals::Open(_), Some(at)) => Nanos::new(at.as_nanos().saturating_sub(1)).max(deadline),
                    _ => deadline,
                };
                let before = done.len();
                engine.fast_forward_to(origin + until, &mut |event: Event| {
                    if let Event::Finished { at, finish, .. } = event {
                        done.push(Outline {
                            sent: finish.queued_at.saturating_sub(origin),
                            first_token: finish.first_token_at.map(|at| at.saturating_sub(origin)),
                            finished: at.saturating_sub(origin),
                            prompt_tokens: finish.prompt_tokens,
                            completion_tokens: finish.completion_tokens,
                        });
                    }
                });
                if let Arrivals::Closed(closed) = &mut arrivals {
                    for outline in &done[before..] {
                        due.known.extend(closed.finished(outline.finished.into()).map(|due| due.at));
                    }
                }
            }
            (Some(_), None) => unreachable!("without a deadline the arm before takes whatever is due"),
        }
    }
}

/// Runs one request and says when it is over.
fn warm_up(engine: &mut Engine, request: EngineRequest) -> Result<Nanos, ForecastError> {
    engine.submit(Nanos::ZERO, request).map_err(|error| ForecastError::Request { index: 0, error })?;
    let mut over = Nanos::ZERO;
    while let Some(deadline) = engine.next_deadline() {
        engine.fast_forward_to(deadline, &mut |_: Event| {});
        over = deadline;
    }
    Ok(over)
}

/// The requests that are known to come.
struct Upcoming {
    /// Those of a closed loop.
    known: VecDeque<Duration>,
    taken: usize,
}

impl Upcoming {
    fn of(arrivals: &mut Arrivals) -> Self {
        let known = match arrivals {
            Arrivals::Closed(closed) => closed.start().map(|due| due.at).collect(),
            Arrivals::Open(_) => VecDeque::new(),
        };
        Self { known, taken: 0 }
    }

    /// When the next one comes.
    fn first(&self, arrivals: &Arrivals) -> Option<Nanos> {
        let at = match arrivals {
            Arrivals::Closed(_) => self.known.front().copied(),
            Arrivals::Open(schedule) => schedule.get(self.taken),
        };
        at.map(Nanos::from)
    }

    fn take(&mut self) {
        self.known.pop_front();
        self.taken += 1;
    }
}
