//! A load on the bare engine, told in outlines: fast, and small however many requests there are.

use std::{collections::VecDeque, time::Duration};

use rehearsal_fake::engine::{
    Engine, EngineConfig, EngineRequest, Event, Nanos, RequestId, StepAccount, StepLoad, StepTime,
};
use rehearsal_load::{ClosedLoop, Schedule};

use super::{ForecastError, Outline};

/// When requests come.
pub(super) enum Arrivals {
    /// Each worker sends its next request after the answer to its last.
    Closed(ClosedLoop),
    /// At these instants since the run's start, whatever happens to the ones before.
    Open(Schedule),
}

/// What the requests are.
pub(super) trait Requests {
    /// Request `index`. Where an answer made it due, `after` is the request that was answered.
    fn request(&mut self, index: usize, after: Option<usize>) -> EngineRequest;

    /// How long after its answer to request `index` the same user sends another one, in an open loop. Not at all, unless they converse.
    fn follow_up(&self, index: usize) -> Option<Duration> {
        let _ = index;
        None
    }
}

impl<F: FnMut(usize) -> EngineRequest> Requests for F {
    fn request(&mut self, index: usize, _after: Option<usize>) -> EngineRequest {
        self(index)
    }
}

/// A run that is over.
#[derive(Clone, Debug, Default)]
pub(super) struct Simulated {
    /// Its requests, by their ends.
    pub(super) outlines: Vec<Outline>,
    /// How long steps took in all.
    pub(super) busy: Nanos,
    /// By how much prompt tokens made them longer.
    pub(super) for_prompts: Nanos,
}

/// Runs requests on an engine with `config` until all are over, in the order in which they end. `warm_up` goes ahead, and the run's clock
/// starts when it is over.
pub(super) fn simulate(
    config: EngineConfig,
    mut arrivals: Arrivals,
    warm_up: Option<EngineRequest>,
    requests: &mut impl Requests,
) -> Result<Simulated, ForecastError> {
    let step_time = config.step_time.clone();
    let mut engine = Engine::new(config)?;
    let origin = match warm_up {
        Some(warm_up) => self::warm_up(&mut engine, warm_up)?,
        None => Nanos::ZERO,
    };
    let mut run = Simulated::default();
    let mut due = Upcoming::of(&mut arrivals);
    // the indices of requests in flight; a closed loop has few, an open one looks only for those that have a follow-up
    let mut in_flight: Vec<(RequestId, usize)> = Vec::new();
    let mut ended: Vec<(RequestId, Nanos)> = Vec::new();
    loop {
        let next = due.first(&arrivals);
        match (next, engine.next_deadline().map(|deadline| deadline.saturating_sub(origin))) {
            (None, None) => return Ok(run),
            // a request that is due when a step ends is still in time for the next one
            (Some(at), deadline) if deadline.is_none_or(|deadline| at <= deadline) => {
                let (index, after) = due.take(&arrivals);
                let request = requests.request(index, after);
                let id =
                    engine.submit(origin + at, request).map_err(|error| ForecastError::Request { index, error })?;
                if matches!(arrivals, Arrivals::Closed(_)) || requests.follow_up(index).is_some() {
                    in_flight.push((id, index));
                }
            }
            (next, Some(deadline)) => {
                // an open loop does not care what happens before its next request; answers that make one due have to be told at once
                let until = match (&arrivals, next) {
                    (Arrivals::Open(_), Some(at)) if in_flight.is_empty() => {
                        Nanos::new(at.as_nanos().saturating_sub(1)).max(deadline)
                    }
                    _ => deadline,
                };
                engine.fast_forward_to(origin + until, &mut |event: Event| match event {
                    Event::StepEnded { at, step } => run.account(&step_time, at, &step),
                    Event::Finished { at, id, finish } => {
                        ended.push((id, at.saturating_sub(origin)));
                        run.outlines.push(Outline {
                            sent: finish.queued_at.saturating_sub(origin),
                            first_token: finish.first_token_at.map(|at| at.saturating_sub(origin)),
                            finished: at.saturating_sub(origin),
                            prompt_tokens: finish.prompt_tokens,
                            completion_tokens: finish.completion_tokens,
                        });
                    }
                    _ => {}
                });
                for (id, at) in ended.drain(..) {
                    let place = in_flight.iter().position(|(other, _)| *other == id);
                    let index = place.map(|place| in_flight.swap_remove(place).1);
                    due.answered(&mut arrivals, requests, index, Duration::from(at));
                }
            }
            (Some(_), None) => unreachable!("without a deadline the arm before takes whatever is due"),
        }
    }
}

impl Simulated {
    /// Adds a step, and what it would have been shorter without its prompt tokens.
    fn account(&mut self, step_time: &StepTime, at: Nanos, step: &StepAccount) {
        let duration = at.saturating_sub(step.started_at);
        self.busy += duration;
        if step.prefill_tokens == 0 {
            return;
        }
        let without = StepLoad { decode: step.decode, prefill_tokens: 0, kv_tokens: step.kv_tokens };
        let rest = if step.decode == 0 { Nanos::ZERO } else { step_time.duration(&without) };
        self.for_prompts += duration.saturating_sub(rest);
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
    /// Those that answers made due, each with the request that was answered, and a closed loop's first ones.
    known: VecDeque<(Duration, Option<usize>)>,
    /// Taken of an open loop's schedule.
    scheduled: usize,
    taken: usize,
}

impl Upcoming {
    fn of(arrivals: &mut Arrivals) -> Self {
        let known = match arrivals {
            Arrivals::Closed(closed) => closed.start().map(|due| (due.at, None)).collect(),
            Arrivals::Open(_) => VecDeque::new(),
        };
        Self { known, scheduled: 0, taken: 0 }
    }

    fn scheduled(&self, arrivals: &Arrivals) -> Option<Duration> {
        match arrivals {
            Arrivals::Closed(_) => None,
            Arrivals::Open(schedule) => schedule.get(self.scheduled),
        }
    }

    /// When the next one comes.
    fn first(&self, arrivals: &Arrivals) -> Option<Nanos> {
        let known = self.known.front().map(|(at, _)| *at);
        let scheduled = self.scheduled(arrivals);
        known.into_iter().chain(scheduled).min().map(Nanos::from)
    }

    /// Takes it: its index, and the request after whose answer it comes.
    fn take(&mut self, arrivals: &Arrivals) -> (usize, Option<usize>) {
        let index = self.taken;
        self.taken += 1;
        let scheduled = self.scheduled(arrivals);
        match self.known.front() {
            Some((at, after)) if scheduled.is_none_or(|scheduled| *at <= scheduled) => {
                let after = *after;
                self.known.pop_front();
                (index, after)
            }
            _ => {
                self.scheduled += 1;
                (index, None)
            }
        }
    }

    /// Request `index` was answered at `at`, or one that nothing follows.
    fn answered(&mut self, arrivals: &mut Arrivals, requests: &impl Requests, index: Option<usize>, at: Duration) {
        let next = match arrivals {
            Arrivals::Closed(closed) => closed.finished(at).map(|due| due.at),
            Arrivals::Open(_) => index.and_then(|index| requests.follow_up(index)).map(|pause| at + pause),
        };
        self.known.extend(next.map(|at| (at, index)));
    }
}
