//! A closed-loop client of the bare engine, in the order of operations of the reference simulator.

use std::{collections::BTreeSet, num::NonZeroU32, sync::Arc};

use rehearsal_fake::engine::{Engine, EngineRequest, Event, Nanos, RequestId};

/// `concurrency` workers send `requests` requests, each after the answer to its last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClosedLoop {
    pub(crate) requests: usize,
    pub(crate) concurrency: usize,
    pub(crate) output_tokens: u32,
    pub(crate) turnaround: Nanos,
    pub(crate) stagger: Nanos,
}

/// What the client saw of one request, from the start of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) sent: Nanos,
    pub(crate) first: Nanos,
    pub(crate) done: Nanos,
}

pub(crate) fn request(prompt: Arc<[u32]>, max_tokens: u32) -> EngineRequest {
    EngineRequest::new(prompt, NonZeroU32::new(max_tokens).expect("tests ask for tokens"))
}

/// Lets the engine run until nothing is left, and returns what it said.
pub(crate) fn drain(engine: &mut Engine) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(deadline) = engine.next_deadline() {
        engine.advance_to(deadline, &mut |event| events.push(event));
    }
    events
}

/// Runs the loop from `start` on, which must not lie before anything the engine has done.
pub(crate) fn run(
    engine: &mut Engine,
    plan: ClosedLoop,
    start: Nanos,
    prompt: impl Fn(usize) -> Arc<[u32]>,
) -> Vec<Timing> {
    let mut timings: Vec<Timing> = Vec::with_capacity(plan.requests);
    let mut ids: Vec<RequestId> = Vec::with_capacity(plan.requests);
    let mut due: BTreeSet<(Nanos, usize)> =
        (0..plan.concurrency.min(plan.requests)).map(|index| (start + plan.stagger * index as u64, index)).collect();
    let mut scheduled = due.len();
    while let Some(instant) = engine.next_deadline().into_iter().chain(due.first().map(|(at, _)| *at)).min() {
        while let Some((at, index)) = due.first().copied().filter(|(at, _)| *at <= instant) {
            due.remove(&(at, index));
            assert_eq!(index, timings.len(), "requests are sent in their order");
            ids.push(engine.submit(at, request(prompt(index), plan.output_tokens)).expect("a request that fits"));
            timings.push(Timing { sent: at - start, first: Nanos::ZERO, done: Nanos::ZERO });
        }
        let mut finishers = 0;
        engine.advance_to(instant, &mut |event: Event| {
            let Some(index) = event.id().and_then(|id| ids.binary_search(&id).ok()) else { return };
            match event {
                Event::Token { at, index: 0, .. } => timings[index].first = at - start,
                Event::Finished { at, .. } => {
                    timings[index].done = at - start;
                    if scheduled < plan.requests {
                        due.insert((at + plan.turnaround + plan.stagger * finishers, scheduled));
                        scheduled += 1;
                    }
                    finishers += 1;
                }
                _ => {}
            }
        });
    }
    timings
}

/// The figures of the reference simulator, in milliseconds and tokens per second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) mean: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) ttft: f64,
    pub(crate) tpot: f64,
    pub(crate) total: f64,
    pub(crate) tps: f64,
}

pub(crate) fn summarise(timings: &[Timing], output_tokens: u32) -> Summary {
    let count = timings.len() as f64;
    let mut latencies: Vec<f64> = timings.iter().map(|timing| (timing.done - timing.sent).as_millis_f64()).collect();
    latencies.sort_by(f64::total_cmp);
    let total = timings.iter().map(|timing| timing.done.as_millis_f64()).fold(0.0, f64::max);
    let gaps = f64::from(output_tokens.saturating_sub(1).max(1));
    Summary {
        p50: type_6(&latencies, 0.5),
        p95: type_6(&latencies, 0.95),
        mean: latencies.iter().sum::<f64>() / count,
        min: latencies[0],
        max: latencies[latencies.len() - 1],
        ttft: timings.iter().map(|timing| (timing.first - timing.sent).as_millis_f64()).sum::<f64>() / count,
        tpot: timings.iter().map(|timing| (timing.done - timing.first).as_millis_f64() / gaps).sum::<f64>() / count,
        total,
        tps: count * f64::from(output_tokens) / total * 1e3,
    }
}

/// Hyndman and Fan's type 6, as Python's `statistics.quantiles`: clamped to the outermost pair of values.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank among a few hundred values")]
fn type_6(sorted: &[f64], quantile: f64) -> f64 {
    let position = quantile * (sorted.len() + 1) as f64;
    let below = (position.floor() as usize).clamp(1, sorted.len() - 1);
    let share = position - below as f64;
    sorted[below - 1] + (sorted[below] - sorted[below - 1]) * share
}
