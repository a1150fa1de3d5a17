//! Step time from datasheets: what is to be expected, and how far off that may be.

use super::{Gpu, Link, ModelShape};
use crate::engine::{FixedCost, Linear, StepTable, StepTime};

/// Share of the memory bandwidth that streaming the weights reaches, as most kernels do.
const STREAM_EFFICIENCY: f64 = 0.75;
/// Share of the datasheet's operations that a prefill reaches.
const COMPUTE_EFFICIENCY: f64 = 0.5;
/// Share of the memory bandwidth that reading the KV cache reaches.
const KV_EFFICIENCY: f64 = 0.85;
/// Milliseconds of a step outside the GPU's kernels; an estimate.
const HOST_MS: f64 = 1.0;
/// Milliseconds a decoding request adds outside the GPU's kernels; an estimate, fitted runs have 0.01 to 0.06.
const HOST_REQUEST_MS: f64 = 0.03;
/// Batches up to this one have kernels of their own, which may be slower than those of [`LARGE_BATCH`].
const SMALL_BATCH: f64 = 8.0;
/// From this batch on the fixed part is constant.
const LARGE_BATCH: f64 = 16.0;
/// Batches at which the experts of a small and of a large batch are counted.
const FEW: f64 = 4.0;
const MANY: f64 = 64.0;

/// The form that is fitted: `A(m) + b·n_dec + c·kv + e·pf` in milliseconds, `A(m)` constant but for small batches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficients {
    /// `A` from a batch of 16 on.
    pub fixed_ms: f64,
    /// `A` up to a batch of 8, as a multiple of the above; between the two it is interpolated.
    pub small_batch: f64,
    /// `b`, per decoding request.
    pub decode_ms: f64,
    /// `c`, per KV token read.
    pub kv_token_ms: f64,
    /// `e`, per prompt token computed.
    pub prefill_token_ms: f64,
}

impl Coefficients {
    /// The step-time model with these coefficients.
    ///
    /// # Panics
    /// When the coefficients are not finite.
    #[must_use]
    pub fn step_time(&self) -> StepTime {
        let points = vec![(SMALL_BATCH, self.fixed_ms * self.small_batch), (LARGE_BATCH, self.fixed_ms)];
        StepTime::Linear(Linear {
            fixed: FixedCost::Table(StepTable::new(points).expect("two finite points in order")),
            decode_ms: self.decode_ms,
            kv_token_ms: self.kv_token_ms,
            prefill_token_ms: self.prefill_token_ms,
        })
    }

    /// The coefficients of a step-time model of this form; `None` for any other.
    #[must_use]
    pub fn of(step_time: &StepTime) -> Option<Self> {
        let StepTime::Linear(Linear { fixed, decode_ms, kv_token_ms, prefill_token_ms }) = step_time else {
            return None;
        };
        let (small, fixed_ms) = match fixed {
            FixedCost::Constant(ms) => (*ms, *ms),
            FixedCost::Table(table) => match table.points() {
                [(from, small), (to, fixed)] if equal(*from, SMALL_BATCH) && equal(*to, LARGE_BATCH) => {
                    (*small, *fixed)
                }
                _ => return None,
            },
        };
        let (decode_ms, kv_token_ms, prefill_token_ms) = (*decode_ms, *kv_token_ms, *prefill_token_ms);
        Some(Self { fixed_ms, small_batch: small / fixed_ms, decode_ms, kv_token_ms, prefill_token_ms })
    }

    /// The same over `stages` of a pipeline: between two of them hidden states of 16 bits cross a link once.
    #[must_use]
    pub fn over_stages(self, stages: u32, link: &Link, hidden_size: u32) -> Self {
        let crossings = f64::from(stages.saturating_sub(1));
        let token_ms = crossings * 2.0 * f64::from(hidden_size) / link.bandwidth * 1e3;
        Self {
            fixed_ms: self.fixed_ms + crossings * link.hop_us / 1e3,
            decode_ms: self.decode_ms + token_ms,
            prefill_token_ms: self.prefill_token_ms + token_ms,
            ..self
        }
    }

    /// The coefficients in their order.
    #[must_use]
    pub const fn to_array(self) -> [f64; 5] {
        [self.fixed_ms, self.small_batch, self.decode_ms, self.kv_token_ms, self.prefill_token_ms]
    }

    /// The other way round.
    #[must_use]
    pub const fn from_array([fixed_ms, small_batch, decode_ms, kv_token_ms, prefill_token_ms]: [f64; 5]) -> Self {
        Self { fixed_ms, small_batch, decode_ms, kv_token_ms, prefill_token_ms }
    }
}

/// What physics says of a model on so many GPUs of a kind.
#[derive(Clone, Debug)]
pub struct Physics<'a> {
    /// The GPU.
    pub gpu: &'a Gpu,
    /// What connects them.
    pub link: &'a Link,
    /// The model.
    pub model: &'a ModelShape,
    /// Bytes of an element of the KV cache.
    pub kv_element_bytes: u32,
    /// GPUs that share the model.
    pub tensor_parallel: u32,
}

impl Physics<'_> {
    /// The coefficients to be expected.
    #[must_use]
    pub fn expected(&self) -> Coefficients {
        let ranks = f64::from(self.tensor_parallel);
        let stream =
            |batch: f64| self.model.streamed_bytes_of(batch) / (ranks * self.gpu.bandwidth * STREAM_EFFICIENCY) * 1e3;
        let (latency, per_token) = self.all_reduces();
        let kv_bytes = self.model.kv(self.kv_element_bytes).bytes_per_token(self.tensor_parallel) as f64;
        let flops = self.gpu.flops(self.model.arithmetic) * COMPUTE_EFFICIENCY;
        let fixed = |batch: f64| stream(batch) + latency + HOST_MS;
        // a mixture of experts streams more of them the more requests there are; a dense model always all of itself
        let experts_ms = (stream(MANY) - stream(LARGE_BATCH)) / (MANY - LARGE_BATCH);
        Coefficients {
            fixed_ms: fixed(LARGE_BATCH),
            small_batch: 1.05 * fixed(FEW) / fixed(LARGE_BATCH),
            decode_ms: per_token + HOST_REQUEST_MS + experts_ms,
            kv_token_ms: kv_bytes / (self.gpu.bandwidth * KV_EFFICIENCY) * 1e3,
            prefill_token_ms: 2.0 * self.model.active_parameters / (ranks * flops) * 1e3 + per_token,
        }
    }

    /// Standard deviations of the coefficients' logarithms: how far off the expected ones may be.
    #[must_use]
    pub const fn spread(&self) -> Coefficients {
        Coefficients { fixed_ms: 0.5, small_batch: 0.12, decode_ms: 1.0, kv_token_ms: 0.5, prefill_token_ms: 0.5 }
    }

    /// What of the expected coefficients does not shard, in the order of [`Coefficients::to_array`]: time outside the kernels.
    #[must_use]
    pub const fn unsharded(&self) -> [f64; 5] {
        [HOST_MS, 0.0, HOST_REQUEST_MS, 0.0, 0.0]
    }

    /// What of the expected coefficients is communication, likewise.
    #[must_use]
    pub fn communication(&self) -> [f64; 5] {
        let (latency, per_token) = self.all_reduces();
        [latency, 0.0, per_token, 0.0, per_token]
    }

    /// All-reduces of a step in milliseconds: two a layer and one, in all and for each token.
    fn all_reduces(&self) -> (f64, f64) {
        let ranks = f64::from(self.tensor_parallel);
        let count = 2.0 * f64::from(self.model.layers) + 1.0;
        let bytes = 2.0 * f64::from(self.model.hidden_size);
        let volume = 2.0 * (ranks - 1.0) / ranks * bytes / self.link.bandwidth * 1e3;
        (count * self.link.hop_us / 1e3 * ranks.log2(), count * volume)
    }
}

fn equal(a: f64, b: f64) -> bool {
    (a - b).abs() < f64::EPSILON
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_come_back_out_of_their_step_time() {
        let coefficients = Coefficients::from_array([40.0, 1.25, 0.5, 0.125, 0.25]);
        assert_eq!(Coefficients::of(&coefficients.step_time()), Some(coefficients));
        assert_eq!(
            Coefficients::of(&StepTime::constant_ms(3.0)).map(Coefficients::to_array),
            Some([3.0, 1.0, 0.0, 0.0, 0.0])
        );
    }

    /// By hand: three crossings of 8 µs, and of 2 · 8192 bytes a token at 450 GB/s, 36.4 ns each.
    #[test]
    fn a_pipeline_of_four_crosses_three_links() {
        let link = Gpu::link("nvlink4").unwrap();
        let all = Coefficients::from_array([40.0, 1.0, 0.5, 0.125, 0.25]).over_stages(4, &link, 8192);
        assert!((all.fixed_ms - 40.024).abs() < 1e-9 && (all.decode_ms - 0.500_109_227).abs() < 1e-8, "{all:?}");
    }
}
