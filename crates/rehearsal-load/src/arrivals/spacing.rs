//! How regularly requests arrive: a sequence of arrivals at one request per second on average.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_distr::{Distribution, Exp1, Gamma};

/// How the gaps between arrivals spread around their mean.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Spacing {
    /// All gaps are equal; the first request arrives at once.
    Constant,
    /// Independent users: exponential gaps, the first one included. The default.
    #[default]
    Poisson,
    /// Gamma-distributed gaps of the shape `burstiness`: below 1 in bursts, at 1 Poisson, above 1 more regular. The
    /// gaps' variance is `1 / burstiness` of a Poisson process's.
    Gamma {
        /// The shape, above 0.
        burstiness: f64,
    },
    /// [`Gamma`](Self::Gamma), stretched so that the last of n requests arrives exactly at `n / rate`, as
    /// `vllm bench serve` does (vLLM 0.13, `vllm/benchmarks/serve.py`, `get_request`). The number of arrivals in a
    /// window is then no longer Poisson-distributed; for comparison with that tool only.
    VllmRescaled {
        /// The shape, above 0; 1 is that tool's default.
        burstiness: f64,
    },
}

impl Spacing {
    /// The name that reports use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Poisson => "poisson",
            Self::Gamma { .. } => "gamma",
            Self::VllmRescaled { .. } => "vllm_rescaled",
        }
    }

    /// The shape of the gaps; `None` for equal ones.
    #[must_use]
    pub fn burstiness(self) -> Option<f64> {
        match self {
            Self::Constant => None,
            Self::Poisson => Some(1.0),
            Self::Gamma { burstiness } | Self::VllmRescaled { burstiness } => Some(burstiness),
        }
    }

    /// The arrivals at unit rate, without end; the same `seed` gives the same ones. `None` when the burstiness is not
    /// above 0 and finite.
    #[must_use]
    pub fn arrivals(self, seed: u64) -> Option<UnitArrivals> {
        let gaps = match self {
            Self::Constant => Gaps::Constant,
            Self::Poisson => Gaps::Exponential,
            Self::Gamma { burstiness } | Self::VllmRescaled { burstiness } => {
                let shape = Some(burstiness).filter(|shape| shape.is_finite() && 0.0 < *shape)?;
                Gaps::Gamma(Gamma::new(shape, 1.0 / shape).ok()?)
            }
        };
        Some(UnitArrivals { gaps, rng: ChaCha8Rng::seed_from_u64(seed), given: 0, last: 0.0 })
    }
}

#[derive(Debug, Clone)]
enum Gaps {
    Constant,
    Exponential,
    Gamma(Gamma<f64>),
}

/// Arrival instants at one request per second on average, without end.
#[derive(Debug, Clone)]
pub struct UnitArrivals {
    gaps: Gaps,
    rng: ChaCha8Rng,
    given: u32,
    last: f64,
}

impl Iterator for UnitArrivals {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        let gap: f64 = match &self.gaps {
            // counted, not summed: a schedule of equal gaps does not drift
            Gaps::Constant => {
                let at = f64::from(self.given);
                self.given = self.given.checked_add(1)?;
                return Some(at);
            }
            Gaps::Exponential => Exp1.sample(&mut self.rng),
            Gaps::Gamma(gamma) => gamma.sample(&mut self.rng),
        };
        self.last += gap;
        Some(self.last)
    }
}
