//! The shape of a profile file, and how it becomes a [`Profile`].

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Table;

use super::{
    ClientExtras, EngineDefaults, EngineSettings, MemoryFacts, Profile, ProfileError,
    memory::{KvShape, SamplerWarmUp},
};
use crate::engine::{
    AllReduce, Amdahl, ColdStall, FixedCost, KernelTable, KvRead, Linear, Nanos, Roofline, StepTable, StepTime,
    Vocabulary, WeightStream,
};

/// A value and who says so. That the source is described was checked before.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sourced<T> {
    value: T,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "note", default)]
    _note: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
struct ProfileFile {
    name: Option<String>,
    title: String,
    #[serde(default)]
    sources: BTreeMap<String, String>,
    hardware: HardwareFile,
    model: ModelFile,
    memory: Option<MemoryFile>,
    engine: EngineFile,
    weights: Option<WeightsFile>,
    all_reduce: Option<AllReduceFile>,
    step_time: StepTimeFile,
    cold_stall: Option<ColdStallFile>,
    uncertainty: Option<UncertaintyFile>,
    jitter_sigma: Option<Sourced<f64>>,
    client: Option<ClientFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HardwareFile {
    name: String,
    memory_gib: Option<Sourced<f64>>,
    bandwidth: Option<Sourced<f64>>,
    kv_bandwidth: Option<Sourced<f64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    #[serde(rename = "name")]
    _name: String,
    quantization: Option<String>,
    layers: Option<Sourced<u32>>,
    hidden_size: Option<Sourced<u32>>,
    kv_heads: Option<Sourced<u32>>,
    head_dim: Option<Sourced<u32>>,
    vocab_size: Sourced<u32>,
    eos_token_id: Option<Sourced<u32>>,
    secondary_eos_token_ids: Option<Sourced<Vec<u32>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemoryFile {
    weights_gib: Sourced<f64>,
    overhead_gib: Sourced<f64>,
    kv_element_bytes: Sourced<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EngineFile {
    tensor_parallel: Sourced<u32>,
    max_num_seqs: Option<Sourced<u32>>,
    max_num_batched_tokens: Option<Sourced<u32>>,
    max_model_len: Sourced<u32>,
    block_size: Sourced<u32>,
    gpu_memory_utilization: Option<Sourced<f64>>,
    num_gpu_blocks: Option<Sourced<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightsFile {
    streamed_bytes: Sourced<f64>,
    compute_token_ms: Sourced<f64>,
    efficiency: Option<Sourced<f64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllReduceFile {
    hop_ms: Sourced<f64>,
    hops: Sourced<f64>,
    bandwidth: Sourced<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "form", deny_unknown_fields, rename_all = "kebab-case")]
enum StepTimeFile {
    Linear {
        fixed_ms: Option<Sourced<f64>>,
        table: Option<TableFile>,
        decode_ms: Sourced<f64>,
        kv_token_ms: Sourced<f64>,
        prefill_token_ms: Sourced<f64>,
    },
    Roofline {
        fixed_ms: Option<Sourced<f64>>,
    },
    KernelTable {
        scale: Sourced<f64>,
        sharded_ms: Sourced<f64>,
        host_ms: Sourced<f64>,
        table: TableFile,
    },
    Amdahl {
        serial: Sourced<f64>,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    #[serde(rename = "source")]
    _source: String,
    points: Vec<(f64, f64)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UncertaintyFile {
    #[serde(rename = "source")]
    _source: String,
    log_covariance: [[f64; 5]; 5],
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ColdStallFile {
    min_batch: Sourced<u32>,
    duration_ms: Sourced<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "a number in a file says its unit")]
struct ClientFile {
    turnaround_ms: Sourced<f64>,
    stagger_ms: Sourced<f64>,
    api_overhead_ms: Option<Sourced<f64>>,
}

/// Makes a profile of a checked document.
pub(super) fn profile(document: Table, origin: &str) -> Result<Profile, ProfileError> {
    let file: ProfileFile = document.try_into().map_err(|error: toml::de::Error| ProfileError::Shape {
        origin: origin.to_owned(),
        message: error.to_string().trim_end().to_owned(),
    })?;
    file.check_ranges(origin)?;
    let defaults =
        EngineDefaults::for_gpu(&file.hardware.name, file.hardware.memory_gib.as_ref().map_or(0.0, |gib| gib.value));
    Ok(Profile {
        tensor_parallel: file.engine.tensor_parallel.value,
        step_time: file.step_time(origin)?,
        memory: file.memory(origin)?,
        vocabulary: file.vocabulary(),
        engine: file.engine.settings(defaults),
        cold_stall: file.cold_stall.as_ref().map(|stall| ColdStall {
            min_batch: stall.min_batch.value,
            duration: Nanos::from_millis_f64(stall.duration_ms.value),
        }),
        gpu: file.hardware.name,
        log_covariance: file.uncertainty.map(|uncertainty| uncertainty.log_covariance),
        jitter_sigma: file.jitter_sigma.map_or(0.0, |sigma| sigma.value),
        client: file.client.map_or_else(ClientExtras::default, |client| ClientExtras {
            turnaround: Nanos::from_millis_f64(client.turnaround_ms.value),
            stagger: Nanos::from_millis_f64(client.stagger_ms.value),
            api_overhead: client.api_overhead_ms.map_or(Nanos::ZERO, |ms| Nanos::from_millis_f64(ms.value)),
        }),
        name: file.name.unwrap_or_else(|| origin.to_owned()),
        title: file.title,
        sources: file.sources,
    })
}

impl ProfileFile {
    fn check_ranges(&self, origin: &str) -> Result<(), ProfileError> {
        let utilization = self.engine.gpu_memory_utilization.as_ref().map_or(0.9, |share| share.value);
        let sigma = self.jitter_sigma.as_ref().map_or(0.0, |sigma| sigma.value);
        let ranks = self.engine.tensor_parallel.value;
        let ranges = [
            ("engine.tensor_parallel", ">= 1", f64::from(ranks), 1 <= ranks),
            ("engine.gpu_memory_utilization", "> 0 and <= 1", utilization, 0.0 < utilization && utilization <= 1.0),
            ("jitter_sigma", "a finite number >= 0", sigma, 0.0 <= sigma && sigma.is_finite()),
        ];
        match ranges.into_iter().find(|(.., inside)| !inside) {
            Some((path, expected, got, _)) => {
                Err(ProfileError::OutOfRange { origin: origin.to_owned(), path, expected, got })
            }
            None => Ok(()),
        }
    }

    fn step_time(&self, origin: &str) -> Result<StepTime, ProfileError> {
        let tensor_parallel = self.engine.tensor_parallel.value;
        let table = |file: &TableFile| {
            StepTable::new(file.points.clone())
                .map_err(|source| ProfileError::Table { origin: origin.to_owned(), source })
        };
        Ok(match &self.step_time {
            StepTimeFile::Linear { fixed_ms, table: points, decode_ms, kv_token_ms, prefill_token_ms } => {
                let fixed = match points {
                    Some(points) => FixedCost::Table(table(points)?),
                    None => FixedCost::Constant(need(fixed_ms.as_ref(), "step_time.fixed_ms", origin)?),
                };
                StepTime::Linear(Linear {
                    fixed,
                    decode_ms: decode_ms.value,
                    kv_token_ms: kv_token_ms.value,
                    prefill_token_ms: prefill_token_ms.value,
                })
            }
            StepTimeFile::Roofline { fixed_ms } => StepTime::Roofline(Roofline {
                tensor_parallel,
                weights: self.weights(origin)?,
                kv: self.kv_read(origin)?,
                all_reduce: self.all_reduce(origin)?,
                fixed_ms: fixed_ms.as_ref().map_or(0.0, |ms| ms.value),
            }),
            StepTimeFile::KernelTable { scale, sharded_ms, host_ms, table: points } => {
                StepTime::KernelTable(KernelTable {
                    tensor_parallel,
                    scale: scale.value,
                    table: table(points)?,
                    sharded_ms: sharded_ms.value,
                    host_ms: host_ms.value,
                    kv: self.kv_read(origin)?,
                    all_reduce: self.all_reduce(origin)?,
                })
            }
            StepTimeFile::Amdahl { serial } => StepTime::Amdahl(Amdahl {
                tensor_parallel,
                weights: self.weights(origin)?,
                serial: serial.value,
                kv: self.kv_read(origin)?,
                all_reduce: self.all_reduce(origin)?,
            }),
        })
    }

    fn weights(&self, origin: &str) -> Result<WeightStream, ProfileError> {
        let weights = self.weights.as_ref().ok_or_else(|| missing("weights", origin))?;
        Ok(WeightStream {
            bytes: weights.streamed_bytes.value,
            bandwidth: need(self.hardware.bandwidth.as_ref(), "hardware.bandwidth", origin)?,
            efficiency: need(weights.efficiency.as_ref(), "weights.efficiency", origin)?,
            compute_token_ms: weights.compute_token_ms.value,
        })
    }

    fn kv_read(&self, origin: &str) -> Result<KvRead, ProfileError> {
        Ok(KvRead {
            bytes_per_token: self.kv_shape(origin)?.bytes_per_token(1) as f64,
            bandwidth: need(self.hardware.kv_bandwidth.as_ref(), "hardware.kv_bandwidth", origin)?,
        })
    }

    /// All-reduces of 16-bit hidden states: two a layer and one after the embedding.
    fn all_reduce(&self, origin: &str) -> Result<Option<AllReduce>, ProfileError> {
        if self.engine.tensor_parallel.value == 1 {
            return Ok(None);
        }
        let all_reduce = self.all_reduce.as_ref().ok_or_else(|| missing("all_reduce", origin))?;
        let layers = need(self.model.layers.as_ref(), "model.layers", origin)?;
        let hidden_size = need(self.model.hidden_size.as_ref(), "model.hidden_size", origin)?;
        Ok(Some(AllReduce {
            per_step: 2.0 * f64::from(layers) + 1.0,
            hop_ms: all_reduce.hop_ms.value,
            hops: all_reduce.hops.value,
            bytes_per_token: 2.0 * f64::from(hidden_size),
            bandwidth: all_reduce.bandwidth.value,
        }))
    }

    fn kv_shape(&self, origin: &str) -> Result<KvShape, ProfileError> {
        let memory = self.memory.as_ref().ok_or_else(|| missing("memory", origin))?;
        Ok(KvShape {
            layers: need(self.model.layers.as_ref(), "model.layers", origin)?,
            kv_heads: need(self.model.kv_heads.as_ref(), "model.kv_heads", origin)?,
            head_dim: need(self.model.head_dim.as_ref(), "model.head_dim", origin)?,
            element_bytes: memory.kv_element_bytes.value,
        })
    }

    fn memory(&self, origin: &str) -> Result<Option<MemoryFacts>, ProfileError> {
        let Some(memory) = &self.memory else { return Ok(None) };
        Ok(Some(MemoryFacts {
            gpu_gib: need(self.hardware.memory_gib.as_ref(), "hardware.memory_gib", origin)?,
            weights_gib: memory.weights_gib.value,
            overhead_gib: memory.overhead_gib.value,
            kv: self.kv_shape(origin)?,
            vocab_size: self.model.vocab_size.value,
            sampler_warm_up: SamplerWarmUp::Dummies,
            quantization: self.model.quantization.clone(),
        }))
    }

    fn vocabulary(&self) -> Vocabulary {
        Vocabulary {
            eos_token_id: self.model.eos_token_id.as_ref().map(|id| id.value),
            secondary_eos_token_ids: self
                .model
                .secondary_eos_token_ids
                .as_ref()
                .map_or(Vec::new(), |ids| ids.value.clone()),
            ..Vocabulary::new(self.model.vocab_size.value)
        }
    }
}

impl EngineFile {
    fn settings(self, defaults: EngineDefaults) -> EngineSettings {
        EngineSettings {
            max_num_seqs: self.max_num_seqs.map(|seqs| seqs.value),
            max_num_batched_tokens: self.max_num_batched_tokens.map(|tokens| tokens.value),
            max_model_len: self.max_model_len.value,
            block_size: self.block_size.value,
            // vLLM's default
            gpu_memory_utilization: self.gpu_memory_utilization.map_or(0.9, |share| share.value),
            kv_cache_memory_bytes: None,
            num_gpu_blocks: self.num_gpu_blocks.map(|blocks| blocks.value),
            defaults,
        }
    }
}

fn need<T: Copy>(value: Option<&Sourced<T>>, path: &str, origin: &str) -> Result<T, ProfileError> {
    value.map(|sourced| sourced.value).ok_or_else(|| missing(path, origin))
}

fn missing(path: &str, origin: &str) -> ProfileError {
    ProfileError::Shape {
        origin: origin.to_owned(),
        message: format!("`{path}` is missing, and its `step_time.form` needs it; add it"),
    }
}
