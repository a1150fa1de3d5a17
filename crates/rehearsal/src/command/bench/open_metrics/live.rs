//! What is known of a run so far.

use std::{collections::BTreeMap, time::Duration};

use rehearsal_load::{
    Event, RequestTimeline,
    metrics::{e2el, gaps, schedule_lag, seconds, ttft},
};

/// Bounds as vLLM has them (0.32: `vllm/v1/metrics/loggers.py`), so that its histograms and these lie on one another.
const TTFT_BOUNDS: &[f64] = &[
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0,
    160.0, 640.0, 2560.0,
];
const ITL_BOUNDS: &[f64] =
    &[0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0];
const E2EL_BOUNDS: &[f64] = &[
    0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 120.0, 240.0, 480.0, 960.0,
    1920.0, 7680.0,
];
const LAG_BOUNDS: &[f64] = &[0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 1.0];

/// Values counted by bounds.
pub(super) struct Counted {
    bounds: &'static [f64],
    /// How many values are in each bucket, the one beyond the last bound too.
    counts: Vec<u64>,
    pub(super) sum: f64,
}

impl Counted {
    fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len() + 1], sum: 0.0 }
    }

    fn add(&mut self, lengths: impl IntoIterator<Item = Duration>) {
        for value in lengths.into_iter().map(seconds) {
            self.counts[self.bounds.partition_point(|bound| *bound < value)] += 1;
            self.sum += value;
        }
    }

    /// Each finite bound with how many values are at most that.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let sums = self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        self.bounds.iter().copied().zip(sums)
    }

    /// How many values there are.
    pub(super) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// The run so far.
pub(super) struct Live {
    pub(super) in_flight: usize,
    pub(super) verdicts: BTreeMap<&'static str, u64>,
    pub(super) prompt_tokens: u64,
    pub(super) output_tokens: u64,
    pub(super) ttft: Counted,
    pub(super) itl: Counted,
    pub(super) e2el: Counted,
    pub(super) lag: Counted,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            in_flight: 0,
            verdicts: BTreeMap::from([("ok", 0)]),
            prompt_tokens: 0,
            output_tokens: 0,
            ttft: Counted::new(TTFT_BOUNDS),
            itl: Counted::new(ITL_BOUNDS),
            e2el: Counted::new(E2EL_BOUNDS),
            lag: Counted::new(LAG_BOUNDS),
        }
    }
}

impl Live {
    pub(super) fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Finished { request, progress } => {
                self.in_flight = progress.in_flight;
                self.count(request);
            }
            Event::Tick(progress) => self.in_flight = progress.in_flight,
            Event::Ended { .. } => self.in_flight = 0,
            _ => {}
        }
    }

    fn count(&mut self, request: &RequestTimeline) {
        *self.verdicts.entry(request.verdict.name()).or_insert(0) += 1;
        self.lag.add([schedule_lag(request)]);
        if !request.verdict.is_success() {
            return;
        }
        self.prompt_tokens += request.prompt_tokens().unwrap_or(0);
        self.output_tokens += request.output_tokens().unwrap_or(0);
        self.ttft.add(ttft(request));
        self.e2el.add(e2el(request));
        self.itl.add(gaps(request).iter().map(|gap| gap.length));
    }
}
