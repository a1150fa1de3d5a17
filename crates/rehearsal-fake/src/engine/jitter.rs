//! Seeded noise on step times.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal};

/// A factor a step, log-normal around 1, drawn in the order of the steps.
#[derive(Debug)]
pub(super) struct Jitter {
    generator: ChaCha8Rng,
    factor: LogNormal<f64>,
}

impl Jitter {
    /// Jitter of this standard deviation of the logarithm; `None` for 0 (and for what no validated config holds).
    pub(super) fn new(sigma: f64, seed: u64) -> Option<Self> {
        let factor = (0.0 < sigma).then(|| LogNormal::new(0.0, sigma))?.ok()?;
        Some(Self { generator: ChaCha8Rng::seed_from_u64(seed), factor })
    }

    /// The next step's factor.
    pub(super) fn next_factor(&mut self) -> f64 {
        self.factor.sample(&mut self.generator)
    }
}
