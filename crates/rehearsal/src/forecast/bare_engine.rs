//! A load plan on the bare engine: what a run would measure, without a server, a network or a clock.
//!
//! The plan, the closed loop and every metric are the load generator's own; the instants are the engine's. So a forecast and a run over the
//! in-memory server differ by nothing but the millisecond grid of the timer in between.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rehearsal_fake::engine::{
    Engine, EngineConfig, EngineConfigError, EngineRequest, Event, Finish, FinishReason, Nanos, RequestId, SubmitError,
};
use rehearsal_load::{
    ChunkKind, Completion, Due, FinishReason as LoadFinish, LoadPlan, Report, RequestTimeline, SeedReport, StreamUsage,
    Streaming, TokenChunk, TokenUsage, Verdict,
    arrivals::{RateError, ScheduleError},
};
use thiserror::Error;

/// Most tokens of the warm-up request, as the load generator's.
const WARM_UP_TOKENS: u32 = 32;

/// Why a plan could not be rehearsed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ForecastError {
    /// The engine's settings contradict each other.
    #[error(transparent)]
    Engine(#[from] EngineConfigError),
    /// No such rate.
    #[error(transparent)]
    Rate(#[from] RateError),
    /// No such schedule.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The engine takes no such request.
    #[error("request {index}: {error}")]
    Request {
        /// Which request of the plan, from 0.
        index: usize,
        /// Why.
        error: SubmitError,
    },
}

/// What a run of the plan would measure.
#[derive(Debug)]
pub struct Forecast {
    /// The load generator's report.
    pub report: Report,
    /// The same in the schema of the report's script.
    pub seed_report: SeedReport,
    /// Every measured request, by its end.
    pub requests: Vec<RequestTimeline>,
}

impl Forecast {
    /// Rehearses `plan`, whose request `index` has the prompt `prompt(index)` in token ids, on an engine with `config`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use rehearsal::{Forecast, fake::engine::{EngineConfig, StepTime}, load::LoadPlan};
    ///
    /// let plan = LoadPlan::builder("http://unused", "tiny").concurrency(2).requests(4).max_tokens(10).build()?;
    /// let prompt: Arc<[u32]> = [1, 2, 3].into();
    /// let forecast = Forecast::of(EngineConfig::new(StepTime::constant_ms(50.0)), &plan, |_| Arc::clone(&prompt))?;
    /// assert_eq!(forecast.report.window_s, 1.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(
        config: EngineConfig,
        plan: &LoadPlan,
        prompt: impl Fn(usize) -> Arc<[u32]>,
    ) -> Result<Self, ForecastError> {
        let mut rehearsal = Rehearsal::new(Engine::new(config)?, plan, &prompt);
        let warm_up = if plan.warm_up_request().is_some() { Some(rehearsal.warm_up()?) } else { None };
        let requests = rehearsal.run()?;
        let window = requests.iter().map(|request| request.finished).max().unwrap_or_default();
        let mut report = Report::new(plan, &requests, window, Completion::Complete);
        if let Some(warm_up) = &warm_up {
            report = report.with_warm_up(warm_up);
        }
        Ok(Self { report, seed_report: SeedReport::new(plan, &requests, window), requests })
    }
}

/// The engine, and the requests on it.
struct Rehearsal<'a, P> {
    engine: Engine,
    plan: &'a LoadPlan,
    prompt: &'a P,
    /// The engine's instant from which the run's durations count.
    origin: Nanos,
    in_flight: BTreeMap<RequestId, RequestTimeline>,
}

impl<'a, P: Fn(usize) -> Arc<[u32]>> Rehearsal<'a, P> {
    fn new(engine: Engine, plan: &'a LoadPlan, prompt: &'a P) -> Self {
        Self { engine, plan, prompt, origin: Nanos::ZERO, in_flight: BTreeMap::new() }
    }

    /// One short request, after which the run's clock starts.
    fn warm_up(&mut self) -> Result<RequestTimeline, ForecastError> {
        let mut request = self.request(0);
        request.sampling.max_tokens = request.sampling.max_tokens.min(WARM_UP_TOKENS.try_into().expect("32 is not 0"));
        self.submit(Due { index: 0, scheduled: Duration::ZERO, at: Duration::ZERO }, request)?;
        let mut done = Vec::new();
        while let Some(deadline) = self.engine.next_deadline() {
            done.append(&mut self.advance(deadline));
        }
        let warm_up = done.pop().expect("an engine that has nothing left to do has finished its only request");
        self.origin += Nanos::from(warm_up.finished);
        Ok(warm_up)
    }

    fn run(&mut self) -> Result<Vec<RequestTimeline>, ForecastError> {
        let mut arrivals = self.plan.arrivals();
        let mut requests = Vec::new();
        loop {
            let next_due = arrivals.next_at().map(|at| self.origin + Nanos::from(at));
            match (next_due, self.engine.next_deadline()) {
                (None, None) => return Ok(requests),
                // a request that is due when a step ends is still in time for the next one
                (Some(at), deadline) if deadline.is_none_or(|deadline| at <= deadline) => {
                    let Some(next) = arrivals.take(since(self.origin, at)) else { continue };
                    let request = self.request(next.index);
                    self.submit(next, request)?;
                }
                (_, Some(deadline)) => {
                    for request in self.advance(deadline) {
                        arrivals.finished(request.finished, request.index);
                        requests.push(request);
                    }
                }
                (Some(_), None) => unreachable!("without a deadline the first arm takes whatever is due"),
            }
        }
    }

    fn request(&self, index: usize) -> EngineRequest {
        EngineRequest::new((self.prompt)(index), self.plan.max_tokens_of(index))
    }

    fn submit(&mut self, due: Due, request: EngineRequest) -> Result<(), ForecastError> {
        let now = self.origin + Nanos::from(due.at);
        let id =
            self.engine.submit(now, request).map_err(|error| ForecastError::Request { index: due.index, error })?;
        let mut timeline = RequestTimeline::begun(due.index, due.scheduled, due.at, self.plan.streaming());
        timeline.slot = (due.scheduled < due.at).then_some(due.at);
        self.in_flight.insert(id, timeline);
        Ok(())
    }

    /// Ends the steps up to `deadline` and returns the requests that finished, in the engine's order.
    fn advance(&mut self, deadline: Nanos) -> Vec<RequestTimeline> {
        let Self { engine, plan, origin, in_flight, .. } = self;
        let mut done = Vec::new();
        let mut sink = |event: Event| match event {
            Event::Token { at, id, .. } => {
                if let Some(request) = in_flight.get_mut(&id) {
                    token(request, since(*origin, at), plan.stream_usage());
                }
            }
            Event::Finished { at, id, finish } => {
                if let Some(request) = in_flight.remove(&id) {
                    done.push(finished(request, since(*origin, at), finish, plan));
                }
            }
            _ => {}
        };
        match plan.streaming() {
            Streaming::On => engine.advance_to(deadline, &mut sink),
            Streaming::Off => engine.fast_forward_to(deadline, &mut sink),
        }
        done
    }
}

fn since(origin: Nanos, at: Nanos) -> Duration {
    Duration::from_nanos(at.saturating_sub(origin).as_nanos())
}

fn token(request: &mut RequestTimeline, at: Duration, usage: StreamUsage) {
    request.headers.get_or_insert(at);
    let tokens = (usage == StreamUsage::Continuous).then_some(1);
    request.chunks.push(TokenChunk { at, choice: 0, kind: ChunkKind::Content, tokens });
}

fn finished(mut request: RequestTimeline, at: Duration, finish: Finish, plan: &LoadPlan) -> RequestTimeline {
    let (reason, verdict) = match finish.reason {
        FinishReason::Stop => (LoadFinish::Stop, Verdict::Ok),
        FinishReason::Length => (LoadFinish::Length, Verdict::Ok),
        FinishReason::Abort => (LoadFinish::Abort, Verdict::Error),
        FinishReason::Error => (LoadFinish::Error, Verdict::Error),
    };
    request.headers.get_or_insert(at);
    request.status = Some(200);
    request.finished = at;
    request.usage = Some(TokenUsage::new(finish.prompt_tokens.into(), finish.completion_tokens.into()));
    request.finish_reasons.insert(0, reason);
    request.model = Some(plan.model().into());
    request.verdict = verdict;
    request
}

#[cfg(test)]
mod tests {
    use rehearsal_fake::engine::StepTime;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn rehearse(plan: &LoadPlan) -> Forecast {
        let prompt: Arc<[u32]> = (0..89).collect();
        Forecast::of(EngineConfig::new(StepTime::constant_ms(50.0)), plan, |_| Arc::clone(&prompt)).unwrap()
    }

    #[test]
    fn one_worker_takes_a_step_a_token_and_its_turnaround_between_requests() {
        let plan = LoadPlan::builder("http://unused", "tiny")
            .concurrency(1)
            .requests(3)
            .max_tokens(10)
            .turnaround(7 * MS)
            .build()
            .unwrap();
        let forecast = rehearse(&plan);
        let ends: Vec<Duration> = forecast.requests.iter().map(|request| request.finished).collect();
        assert_eq!(ends, [500 * MS, 1007 * MS, 1514 * MS]);
        assert_eq!(forecast.seed_report.total_time_s.to_bits(), 1.514_f64.to_bits());
        assert_eq!(forecast.report.tokens.completion, Some(30));
    }

    #[test]
    fn a_request_that_comes_during_a_step_waits_for_the_next_one() {
        let plan = LoadPlan::builder("http://unused", "tiny")
            .concurrency(2)
            .requests(2)
            .max_tokens(4)
            .stagger(MS)
            .streaming(Streaming::On)
            .build()
            .unwrap();
        let forecast = rehearse(&plan);
        let first_tokens: Vec<Duration> = forecast.requests.iter().map(|request| request.chunks[0].at).collect();
        assert_eq!(first_tokens, [50 * MS, 100 * MS]);
        let ends: Vec<Duration> = forecast.requests.iter().map(|request| request.finished).collect();
        assert_eq!(ends, [200 * MS, 250 * MS]);
    }

    #[test]
    fn a_request_the_engine_cannot_take_is_named() {
        let plan = LoadPlan::builder("http://unused", "tiny").build().unwrap();
        let empty: Arc<[u32]> = [].into();
        let error =
            Forecast::of(EngineConfig::new(StepTime::constant_ms(1.0)), &plan, |_| Arc::clone(&empty)).unwrap_err();
        assert!(error.to_string().starts_with("request 0: the prompt is empty"), "{error}");
    }
}
