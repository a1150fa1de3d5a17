//! A Prometheus histogram with vLLM's buckets.

/// Upper bounds of latencies of whole requests, in seconds.
pub(super) const REQUEST_SECONDS: &[f64] = &[
    0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 120.0, 240.0, 480.0, 960.0,
    1920.0, 7680.0,
];

/// Upper bounds of the time to the first token, in seconds.
pub(super) const TTFT_SECONDS: &[f64] = &[
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0,
    160.0, 640.0, 2560.0,
];

/// Upper bounds of inter-token latency and time per output token, in seconds.
pub(super) const ITL_SECONDS: &[f64] =
    &[0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0];

/// Upper bounds of tokens in one step.
pub(super) const STEP_TOKENS: &[f64] =
    &[1.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0, 8192.0, 16384.0];

/// Upper bounds of the `n` of requests.
pub(super) const CHOICES: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0];

/// Upper bounds of how often a request was preempted.
pub(super) const PREEMPTIONS: &[f64] = &[1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0];

/// Upper bounds of token counts: 1, 2 and 5 times the powers of ten, up to the context (`v1/metrics/loggers.py`, `build_1_2_5_buckets`).
pub(super) fn token_counts(max_model_len: u32) -> Vec<f64> {
    let limit = u64::from(max_model_len);
    (0..=9)
        .flat_map(|exponent| [1, 2, 5].map(|mantissa| mantissa * 10_u64.pow(exponent)))
        .take_while(|&bound| bound <= limit)
        .map(|bound| bound as f64)
        .collect()
}

/// The same of the Rust frontend, whatever the context.
pub(super) const TOKEN_COUNTS: &[f64] = &[
    1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10_000.0, 20_000.0, 50_000.0,
    100_000.0, 131_072.0,
];

/// Counts by bucket; buckets are cumulative only when written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Histogram {
    bounds: Vec<f64>,
    counts: Vec<u64>,
    count: u64,
    sum: f64,
}

impl Histogram {
    pub(crate) fn new(bounds: &[f64]) -> Self {
        Self { bounds: bounds.to_vec(), counts: vec![0; bounds.len()], count: 0, sum: 0.0 }
    }

    pub(crate) fn observe(&mut self, value: f64) {
        // an upper bound belongs to its bucket
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.count += 1;
        self.sum += value;
    }

    /// Each bound with the number of observations at or below it.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        self.bounds.iter().copied().zip(self.counts.iter().scan(0, |total, count| {
            *total += count;
            Some(*total)
        }))
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn sum(&self) -> f64 {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_own_bucket() {
        let mut histogram = Histogram::new(CHOICES);
        for value in [1.0, 1.5, 2.0, 21.0] {
            histogram.observe(value);
        }
        assert_eq!(histogram.cumulative().collect::<Vec<_>>(), [(1.0, 1), (2.0, 3), (5.0, 3), (10.0, 3), (20.0, 3)]);
        assert_eq!((histogram.count(), histogram.sum()), (4, 25.5));
    }

    #[test]
    fn token_buckets_end_at_the_context() {
        assert_eq!(token_counts(4096).last(), Some(&2000.0));
        assert_eq!(token_counts(10).as_slice(), [1.0, 2.0, 5.0, 10.0]);
        assert!(token_counts(0).is_empty());
    }
}
