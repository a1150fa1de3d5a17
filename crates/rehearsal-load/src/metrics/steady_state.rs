//! The part of a run in which the load is what was asked for: between its start and its tail.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Distribution, QuantileMethod, e2el, seconds, tpot, ttft};
use crate::client::RequestTimeline;

/// A stretch that is shorter than this share of the window is no steady state.
const LEAST_SHARE: f64 = 0.2;

/// How much more requests are in flight in the second half than in the first when a load is said to grow.
const GROWTH: f64 = 0.2;

/// The steady state of a run, and the figures within it.
///
/// It begins when requests in flight first reach their plateau, the time-weighted median of their number, and ends when
/// they last are there; in an open loop no later than the last arrival, because what follows only drains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SteadyState {
    /// Where it begins, in seconds of the window.
    pub from_s: f64,
    /// Where it ends.
    pub until_s: f64,
    /// The plateau: half of the time at least so many requests are in flight.
    pub plateau: usize,
    /// Requests in flight on average within it.
    pub mean_concurrency: f64,
    /// Whether requests in flight still grow within it, so that the load is more than the server bears and the figures
    /// depend on how long the run was: in an open loop, a fifth more in the second half, beyond chance.
    pub grows: bool,
    /// Successes per second: each counts with the share of its time that lies within it, because counting those that end
    /// there would depend on where in a wave it ends.
    pub requests_per_s: f64,
    /// Output tokens that arrived within it, per second; an answer that is not streamed counts evenly over its time. `null`
    /// where no success states its tokens.
    pub output_tokens_per_s: Option<f64>,
    /// Successes that began and ended within it: those of the distributions.
    pub requests: usize,
    /// Time to first token.
    pub ttft_s: Option<Distribution>,
    /// Time per output token.
    pub tpot_s: Option<Distribution>,
    /// End-to-end latency.
    pub e2el_s: Option<Distribution>,
}

/// Whether arrivals wait for answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopKind {
    /// They do.
    Closed,
    /// They do not.
    Open,
}

impl SteadyState {
    /// Finds it; `None` where it is shorter than a fifth of the window, or nothing was sent.
    #[must_use]
    pub fn of(requests: &[RequestTimeline], window: Duration, kind: LoopKind, method: QuantileMethod) -> Option<Self> {
        let levels = Levels::of(requests, window);
        let plateau = levels.median()?;
        let from = levels.first_at(plateau)?;
        let mut until = levels.last_at(plateau)?;
        if kind == LoopKind::Open {
            until = until.min(requests.iter().map(|request| request.started).max()?);
        }
        let length = until.checked_sub(from).filter(|length| !length.is_zero())?;
        if seconds(length) < LEAST_SHARE * seconds(window) {
            return None;
        }

        let half = from + length / 2;
        let (first, second) = (levels.mean(from, half), levels.mean(half, until));
        let mean = levels.mean(from, until);
        let more = second - first;
        let grows = kind == LoopKind::Open && GROWTH * mean < more && 2.0 * mean.sqrt().max(1.0) < more;

        let ok = || requests.iter().filter(|request| request.verdict.is_success());
        let done: f64 = ok().map(|request| share_within(request, from, until)).sum();
        let tokens: Vec<f64> = ok().filter_map(|request| tokens_within(request, from, until)).collect();
        let inside = || ok().filter(|request| from <= request.started && request.finished <= until);
        let spread = |metric: fn(&RequestTimeline) -> Option<Duration>| {
            Distribution::of(inside().filter_map(metric).map(seconds).collect(), method)
        };
        Some(Self {
            from_s: seconds(from),
            until_s: seconds(until),
            plateau,
            mean_concurrency: mean,
            grows,
            requests_per_s: done / seconds(length),
            output_tokens_per_s: (!tokens.is_empty()).then(|| tokens.iter().sum::<f64>() / seconds(length)),
            requests: inside().count(),
            ttft_s: spread(ttft),
            tpot_s: spread(tpot),
            e2el_s: spread(e2el),
        })
    }
}

/// How much of a request's time lies within a stretch, from 0 to 1.
fn share_within(request: &RequestTimeline, from: Duration, until: Duration) -> f64 {
    let (start, end) = (request.started.max(from), request.finished.min(until));
    let whole = seconds(request.wall());
    if whole <= 0.0 {
        // one that took no measurable time lies where it began
        return if from <= request.started && request.started < until { 1.0 } else { 0.0 };
    }
    seconds(end.saturating_sub(start)) / whole
}

/// Output tokens of a success that arrived within a stretch; `None` where it does not state any.
fn tokens_within(request: &RequestTimeline, from: Duration, until: Duration) -> Option<f64> {
    let stated = request.output_tokens()? as f64;
    if request.chunks.is_empty() {
        return Some(stated * share_within(request, from, until));
    }
    // a chunk of unknown size holds its share of what usage states
    let each = stated / request.chunks.len() as f64;
    let within = request.chunks.iter().filter(|chunk| from <= chunk.at && chunk.at < until);
    Some(within.map(|chunk| chunk.tokens.map_or(each, f64::from)).sum())
}

/// What happens to a request at an instant; one that takes no time begins before it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Begins,
    Ends,
}

/// Requests in flight over time: each instant at which their number changed, and the number from then on.
struct Levels {
    steps: Vec<(Duration, usize)>,
    window: Duration,
}

impl Levels {
    fn of(requests: &[RequestTimeline], window: Duration) -> Self {
        let mut edges: Vec<(Duration, Edge)> = requests
            .iter()
            .flat_map(|request| [(request.started, Edge::Begins), (request.finished, Edge::Ends)])
            .collect();
        edges.sort_unstable();
        let mut steps: Vec<(Duration, usize)> = vec![(Duration::ZERO, 0)];
        let mut level = 0usize;
        for (at, edge) in edges {
            match edge {
                Edge::Begins => level += 1,
                // a record that ends before it begins is not ours to answer for
                Edge::Ends => level = level.saturating_sub(1),
            }
            match steps.last_mut() {
                // only the number after all changes of an instant lasts
                Some(last) if last.0 == at => last.1 = level,
                _ => steps.push((at, level)),
            }
        }
        Self { steps, window }
    }

    /// Each level with the stretch that it lasted.
    fn stretches(&self) -> impl Iterator<Item = (Duration, Duration, usize)> {
        let ends = self.steps.iter().skip(1).map(|(at, _)| *at).chain([self.window]);
        self.steps.iter().zip(ends).map(|((from, level), until)| (*from, until.max(*from), *level))
    }

    /// The most that are in flight for at least half of the time; `None` where that is nothing.
    fn median(&self) -> Option<usize> {
        let mut lasted: Vec<(usize, Duration)> =
            self.stretches().map(|(from, until, level)| (level, until.saturating_sub(from))).collect();
        lasted.sort_unstable_by(|a, b| b.cmp(a));
        let half: Duration = lasted.iter().map(|(_, length)| *length).sum::<Duration>() / 2;
        let mut sum = Duration::ZERO;
        let found = lasted.into_iter().find(|(_, length)| {
            sum += *length;
            half <= sum
        });
        found.map(|(level, _)| level).filter(|level| 0 < *level)
    }

    fn first_at(&self, plateau: usize) -> Option<Duration> {
        self.stretches().find(|(from, until, level)| plateau <= *level && from < until).map(|(from, ..)| from)
    }

    fn last_at(&self, plateau: usize) -> Option<Duration> {
        self.stretches()
            .filter(|(from, until, level)| plateau <= *level && from < until)
            .last()
            .map(|(_, until, _)| until)
    }

    fn mean(&self, from: Duration, until: Duration) -> f64 {
        let area: f64 = self
            .stretches()
            .map(|(start, end, level)| level as f64 * seconds(end.min(until).saturating_sub(start.max(from))))
            .sum();
        area / seconds(until.saturating_sub(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{client::Verdict, plan::Streaming};

    fn request(index: usize, started_s: u64, finished_s: u64) -> RequestTimeline {
        let started = Duration::from_secs(started_s);
        let mut request = RequestTimeline::begun(index, started, started, Streaming::Off);
        request.finished = Duration::from_secs(finished_s);
        request.verdict = Verdict::Ok;
        request.usage = Some(crate::client::TokenUsage::new(1, 10));
        request
    }

    fn of(requests: &[RequestTimeline], kind: LoopKind) -> Option<SteadyState> {
        let window = requests.iter().map(|request| request.finished).max().unwrap_or_default();
        SteadyState::of(requests, window, kind, QuantileMethod::Type7)
    }

    #[test]
    fn start_and_tail_of_a_closed_loop_are_left_out() {
        // two workers, the second of which begins late: 10 s alone, 20 s together, 10 s alone
        let requests =
            [request(0, 0, 10), request(1, 10, 20), request(2, 10, 20), request(3, 20, 30), request(4, 20, 40)];
        let steady = of(&requests, LoopKind::Closed).unwrap();
        assert_eq!((steady.from_s, steady.until_s, steady.plateau), (10.0, 30.0, 2));
        assert_eq!((steady.mean_concurrency, steady.grows), (2.0, false));
        // three whole requests and half of the last one; the three began there, too
        assert_eq!((steady.requests_per_s, steady.requests), (3.5 / 20.0, 3));
        // 10 tokens in 10 s each, and the last request's half
        assert_eq!(steady.output_tokens_per_s, Some((10.0 + 10.0 + 10.0 + 5.0) / 20.0));
        assert_eq!(steady.e2el_s.map(|of| (of.n, of.mean)), Some((3, 10.0)));
    }

    #[test]
    fn an_open_loop_that_piles_up_is_no_steady_load() {
        // an arrival a second, one answered every two seconds, one after the other
        let piling: Vec<_> = (0..200).map(|i| request(0, i, 2 * (i + 1))).collect();
        assert!(of(&piling, LoopKind::Open).unwrap().grows);
        let calm: Vec<_> = (0..200).map(|i| request(0, i, i + 5)).collect();
        let steady = of(&calm, LoopKind::Open).unwrap();
        assert_eq!((steady.grows, steady.plateau, steady.from_s, steady.until_s), (false, 5, 4.0, 199.0));
    }

    #[test]
    fn requests_that_take_no_time_are_counted_and_do_not_stay() {
        // a worker whose request takes 20 s, and beside it three that are answered at once
        let requests = [request(0, 0, 20), request(1, 5, 5), request(2, 10, 10), request(3, 15, 15)];
        let steady = of(&requests, LoopKind::Closed).unwrap();
        assert_eq!((steady.plateau, steady.mean_concurrency), (1, 1.0));
        assert_eq!((steady.requests_per_s, steady.requests), (4.0 / 20.0, 4));
        assert_eq!(of(&requests[1..], LoopKind::Closed), None, "nothing is ever in flight");
    }

    #[test]
    fn without_requests_there_is_none() {
        assert_eq!(of(&[], LoopKind::Open), None);
    }
}
