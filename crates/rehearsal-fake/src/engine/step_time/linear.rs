//! The fitted form.

use super::{StepLoad, StepTable};

/// `A(m) + b·n_dec + c·kv + e·pf`, all in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// `A`.
    pub fixed: FixedCost,
    /// `b`, per decoding request.
    pub decode_ms: f64,
    /// `c`, per KV token read.
    pub kv_token_ms: f64,
    /// `e`, per prompt token computed.
    pub prefill_token_ms: f64,
}

/// What a step costs whatever the context.
#[derive(Clone, Debug, PartialEq)]
pub enum FixedCost {
    /// The same for every step.
    Constant(f64),
    /// A table over `m`, because kernels are not monotonic.
    Table(StepTable),
}

impl Linear {
    /// Milliseconds of a step.
    #[must_use]
    pub fn millis(&self, load: &StepLoad) -> f64 {
        let fixed = match &self.fixed {
            FixedCost::Constant(ms) => *ms,
            FixedCost::Table(table) => table.at(load.tokens()),
        };
        fixed
            + self.decode_ms * f64::from(load.decode)
            + self.kv_token_ms * load.kv_tokens as f64
            + self.prefill_token_ms * f64::from(load.prefill_tokens)
    }
}
