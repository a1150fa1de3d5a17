//! What a step has to stream, compute and keep of a model.

use thiserror::Error;

use crate::profile::memory::KvShape;

/// The sizes of a model that time and memory depend on.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelShape {
    /// Its name.
    pub name: String,
    /// Layers.
    pub layers: u32,
    /// Elements of a hidden state.
    pub hidden_size: u32,
    /// Query heads.
    pub heads: u32,
    /// KV heads; one for latent attention, whose cache every GPU keeps whole.
    pub kv_heads: u32,
    /// Elements of a KV head; half of what latent attention keeps, because a KV cache counts keys and values.
    pub head_dim: u32,
    /// Size of the vocabulary.
    pub vocab_size: u32,
    /// Longest context.
    pub max_model_len: u32,
    /// Parameters of the linear layers that one token goes through.
    pub active_parameters: f64,
    /// Parameters of all linear layers; more than the active ones in a mixture of experts.
    pub linear_parameters: f64,
    /// Of each mixture of experts; `None` for a dense model.
    pub experts: Option<Experts>,
    /// Bytes of a linear parameter.
    pub parameter_bytes: f64,
    /// In what the linear layers compute.
    pub arithmetic: Arithmetic,
    /// Bytes of all that is not a linear layer of the text model: embedding, head, vision tower.
    pub other_bytes: f64,
    /// Bytes of the language-model head, which a step streams beside the layers.
    pub head_bytes: f64,
    /// Quantization method of the checkpoint.
    pub quantization: Option<String>,
}

/// How many experts a layer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Experts {
    /// All of them.
    pub all: u32,
    /// Those that one token goes through.
    pub active: u32,
}

/// The number type that the linear layers compute in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// 16-bit; also what INT4 weights are widened to.
    Bf16,
    /// 8-bit.
    Fp8,
    /// 4-bit.
    Fp4,
}

/// Why a model cannot be described or split so.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The heads do not divide.
    #[error(
        "tensor parallelism over {tensor_parallel} GPUs does not divide the {heads} attention heads of {model}; use one of {}",
        divisors(*heads)
    )]
    HeadsNotDivisible {
        /// As asked.
        tensor_parallel: u32,
        /// Of the model.
        heads: u32,
        /// Its name.
        model: String,
    },
}

impl ModelShape {
    /// Bytes of all weights.
    #[must_use]
    pub fn weight_bytes(&self) -> f64 {
        self.linear_parameters * self.parameter_bytes + self.other_bytes
    }

    /// Bytes that a decode step of one request streams.
    #[must_use]
    pub fn streamed_bytes(&self) -> f64 {
        self.streamed_bytes_of(1.0)
    }

    /// Bytes that a decode step of `batch` requests streams: of a mixture of experts all that some request goes through, on average, when
    /// requests choose theirs independently: `all · (1 - (1 - active / all)^batch)`.
    #[must_use]
    pub fn streamed_bytes_of(&self, batch: f64) -> f64 {
        let more = self.experts.filter(|experts| experts.active < experts.all).map_or(0.0, |experts| {
            let (all, active) = (f64::from(experts.all), f64::from(experts.active));
            let touched = all * (1.0 - (1.0 - active / all).powf(batch));
            (self.linear_parameters - self.active_parameters) / (all - active) * (touched - active)
        });
        (self.active_parameters + more) * self.parameter_bytes + self.head_bytes
    }

    /// The KV cache's shape with elements of so many bytes.
    #[must_use]
    pub fn kv(&self, element_bytes: u32) -> KvShape {
        KvShape { layers: self.layers, kv_heads: self.kv_heads, head_dim: self.head_dim, element_bytes }
    }

    /// Whether the model can be split over so many GPUs.
    pub fn check_split(&self, tensor_parallel: u32) -> Result<(), ModelError> {
        if 0 < tensor_parallel && self.heads.is_multiple_of(tensor_parallel) {
            return Ok(());
        }
        Err(ModelError::HeadsNotDivisible { tensor_parallel, heads: self.heads, model: self.name.clone() })
    }
}

fn divisors(heads: u32) -> String {
    let divisors: Vec<String> =
        (1..=heads.min(16)).filter(|ranks| heads.is_multiple_of(*ranks)).map(|ranks| ranks.to_string()).collect();
    divisors.join(", ")
}
