//! How long a step takes: from what is in it to nanoseconds.
//!
//! Every form is `A(m) + b·n_dec + c·kv + e·pf` at heart, `m = n_dec + pf`; the physical ones say where the coefficients come from.
//! A result is rounded once, to a whole nanosecond. What is not here: what is in a step (the scheduler's business).

mod linear;
mod physics;
mod table;

pub use self::{
    linear::{FixedCost, Linear},
    physics::{AllReduce, Amdahl, KernelTable, KvRead, Roofline, WeightStream},
    table::{StepTable, StepTableError},
};
use super::Nanos;

/// What is in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepLoad {
    /// Requests that decode one token (`n_dec`).
    pub decode: u32,
    /// Prompt tokens computed (`pf`).
    pub prefill_tokens: u32,
    /// Σ over the running requests, those admitted in this very step included, of the whole prompt and the tokens generated so far.
    pub kv_tokens: u64,
}

impl StepLoad {
    /// Tokens that go through the model: `m`.
    #[must_use]
    pub fn tokens(&self) -> f64 {
        f64::from(self.decode) + f64::from(self.prefill_tokens)
    }
}

/// A model of step time.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum StepTime {
    /// Fitted coefficients.
    Linear(Linear),
    /// Weights streamed or computed, whichever takes longer (scenarios A and D).
    Roofline(Roofline),
    /// A table of kernel times (scenario B).
    KernelTable(KernelTable),
    /// A share of the weight stream that does not shard (scenario C).
    Amdahl(Amdahl),
}

impl StepTime {
    /// A step that always takes this long, for tests.
    #[must_use]
    pub const fn constant_ms(ms: f64) -> Self {
        Self::Linear(Linear { fixed: FixedCost::Constant(ms), decode_ms: 0.0, kv_token_ms: 0.0, prefill_token_ms: 0.0 })
    }

    /// The model's answer in milliseconds.
    #[must_use]
    pub fn millis(&self, load: &StepLoad) -> f64 {
        match self {
            Self::Linear(model) => model.millis(load),
            Self::Roofline(model) => model.millis(load),
            Self::KernelTable(model) => model.millis(load),
            Self::Amdahl(model) => model.millis(load),
        }
    }

    /// The model's answer, rounded once; at least 1 ns, because time must pass.
    #[must_use]
    pub fn duration(&self, load: &StepLoad) -> Nanos {
        Nanos::from_millis_f64(self.millis(load)).max(Nanos::new(1))
    }
}
