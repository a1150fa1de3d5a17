//! Where a step's time goes: weights, KV cache, communication, the rest.

use super::{StepLoad, StepTable};

/// The weights' part: streamed once a step, or computed with, whichever takes longer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightStream {
    /// Bytes streamed a decode step by the whole model.
    pub bytes: f64,
    /// Memory bandwidth of one GPU in bytes/s, as its datasheet says.
    pub bandwidth: f64,
    /// The share of it that is reached (`η`).
    pub efficiency: f64,
    /// Milliseconds of compute a token on one GPU (`F`).
    pub compute_token_ms: f64,
}

impl WeightStream {
    /// Milliseconds to stream all weights on one GPU.
    fn stream_ms(&self) -> f64 {
        self.bytes / (self.bandwidth * self.efficiency) * 1e3
    }
}

/// The KV cache's part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KvRead {
    /// Bytes a token of the whole model.
    pub bytes_per_token: f64,
    /// Bandwidth at which one GPU reads its share, in bytes/s.
    pub bandwidth: f64,
}

impl KvRead {
    fn millis(&self, tensor_parallel: u32, kv_tokens: u64) -> f64 {
        self.bytes_per_token / f64::from(tensor_parallel) / self.bandwidth * 1e3 * kv_tokens as f64
    }
}

/// The communication's part: ring all-reduces, a latency and a volume each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AllReduce {
    /// All-reduces a step: 2 a layer and one more.
    pub per_step: f64,
    /// Latency of one hop in milliseconds (`α`).
    pub hop_ms: f64,
    /// Hops an all-reduce pays for: 1 on two GPUs, 2 on four.
    pub hops: f64,
    /// Bytes reduced a token: the hidden size in 16-bit floats.
    pub bytes_per_token: f64,
    /// Bandwidth between GPUs in bytes/s (`β`).
    pub bandwidth: f64,
}

impl AllReduce {
    fn millis(&self, tensor_parallel: u32, tokens: f64) -> f64 {
        let ranks = f64::from(tensor_parallel);
        let volume = 2.0 * (ranks - 1.0) / ranks * tokens * self.bytes_per_token;
        self.per_step * (self.hop_ms * self.hops + volume / self.bandwidth * 1e3)
    }
}

fn communication_ms(all_reduce: Option<&AllReduce>, tensor_parallel: u32, tokens: f64) -> f64 {
    all_reduce.map_or(0.0, |all_reduce| all_reduce.millis(tensor_parallel, tokens))
}

/// `max(weights/tp, F·m/tp) + KV + communication + fixed`: scenarios A and D.
#[derive(Clone, Debug, PartialEq)]
pub struct Roofline {
    /// GPUs the model is split over.
    pub tensor_parallel: u32,
    /// The weights' part.
    pub weights: WeightStream,
    /// The KV cache's part.
    pub kv: KvRead,
    /// The communication's part; `None` on one GPU.
    pub all_reduce: Option<AllReduce>,
    /// What every step costs.
    pub fixed_ms: f64,
}

impl Roofline {
    /// Milliseconds of a step.
    #[must_use]
    pub fn millis(&self, load: &StepLoad) -> f64 {
        let ranks = f64::from(self.tensor_parallel);
        let stream = self.weights.stream_ms() / ranks;
        let compute = self.weights.compute_token_ms / ranks * load.tokens();
        stream.max(compute)
            + self.kv.millis(self.tensor_parallel, load.kv_tokens)
            + communication_ms(self.all_reduce.as_ref(), self.tensor_parallel, load.tokens())
            + self.fixed_ms
    }
}

/// `scale·table(m) + sharded/tp + host + KV + communication`: scenario B.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTable {
    /// GPUs the model is split over.
    pub tensor_parallel: u32,
    /// Fitted factor on the table.
    pub scale: f64,
    /// Kernel times of one GPU's share of the layers.
    pub table: StepTable,
    /// What else shards (the language-model head), in milliseconds on one GPU.
    pub sharded_ms: f64,
    /// What does not (the host), in milliseconds.
    pub host_ms: f64,
    /// The KV cache's part.
    pub kv: KvRead,
    /// The communication's part; `None` on one GPU.
    pub all_reduce: Option<AllReduce>,
}

impl KernelTable {
    /// Milliseconds of a step.
    #[must_use]
    pub fn millis(&self, load: &StepLoad) -> f64 {
        self.scale * self.table.at(load.tokens())
            + self.sharded_ms / f64::from(self.tensor_parallel)
            + self.host_ms
            + self.kv.millis(self.tensor_parallel, load.kv_tokens)
            + communication_ms(self.all_reduce.as_ref(), self.tensor_parallel, load.tokens())
    }
}

/// `max(weights·((1 − serial)/tp + serial), F·m/tp) + KV + communication`: scenario C.
#[derive(Clone, Debug, PartialEq)]
pub struct Amdahl {
    /// GPUs the model is split over.
    pub tensor_parallel: u32,
    /// The weights' part.
    pub weights: WeightStream,
    /// The share of the weight stream that does not shard.
    pub serial: f64,
    /// The KV cache's part.
    pub kv: KvRead,
    /// The communication's part; `None` on one GPU.
    pub all_reduce: Option<AllReduce>,
}

impl Amdahl {
    /// Milliseconds of a step.
    #[must_use]
    pub fn millis(&self, load: &StepLoad) -> f64 {
        let ranks = f64::from(self.tensor_parallel);
        let stream = self.weights.stream_ms() * ((1.0 - self.serial) / ranks + self.serial);
        let compute = self.weights.compute_token_ms / ranks * load.tokens();
        stream.max(compute)
            + self.kv.millis(self.tensor_parallel, load.kv_tokens)
            + communication_ms(self.all_reduce.as_ref(), self.tensor_parallel, load.tokens())
    }
}
