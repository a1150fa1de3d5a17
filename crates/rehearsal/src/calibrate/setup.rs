//! What is calibrated: a model on a GPU, and how vLLM was started.

use std::fmt::Write;

use rehearsal_fake::profile::{
    Profile, ProfileError,
    describe::{Coefficients, Gpu, Link, ModelError, ModelShape, Physics},
};

use super::{Belief, Estimate};

/// Bytes of a GiB.
const GIB: f64 = (1_u64 << 30) as f64;
/// GiB of peak activation and memory outside torch on each GPU; an estimate.
const OVERHEAD_GIB: f64 = 3.0;
/// Tokens of a KV block: vLLM's default.
const BLOCK_SIZE: u32 = 16;

/// A model on GPUs, and the flags of `vllm serve` that time and memory depend on.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The GPU.
    pub gpu: Gpu,
    /// What connects several.
    pub link: Link,
    /// The model.
    pub model: ModelShape,
    /// Bytes of an element of the KV cache: 2, or 1 with `--kv-cache-dtype fp8`.
    pub kv_element_bytes: u32,
    /// `--gpu-memory-utilization`.
    pub gpu_memory_utilization: f64,
    /// `--max-model-len`; `None` takes the model's own.
    pub max_model_len: Option<u32>,
    /// `--max-num-seqs`; `None` leaves it to vLLM's default.
    pub max_num_seqs: Option<u32>,
    /// `--max-num-batched-tokens`; `None` leaves it to vLLM's default.
    pub max_num_batched_tokens: Option<u32>,
}

/// What a profile says of its own making.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// The profile's name.
    pub name: String,
    /// What it is, in a line.
    pub title: String,
    /// What its coefficients were fitted to, and how well they did.
    pub fitted_to: String,
    /// What is known of each coefficient; empty before a fit.
    pub estimates: Vec<Estimate>,
    /// Covariances of the coefficients' logarithms; `None` leaves them out.
    pub log_covariance: Option<[[f64; 5]; 5]>,
}

impl Setup {
    /// What physics says of it on so many GPUs.
    pub fn belief(&self, tensor_parallel: u32) -> Result<Belief, ModelError> {
        let physics = self.physics(tensor_parallel)?;
        Ok(Belief::independent(physics.expected(), physics.spread()))
    }

    pub(super) fn physics(&self, tensor_parallel: u32) -> Result<Physics<'_>, ModelError> {
        self.model.check_split(tensor_parallel)?;
        let Self { gpu, link, model, kv_element_bytes, .. } = self;
        Ok(Physics { gpu, link, model, kv_element_bytes: *kv_element_bytes, tensor_parallel })
    }

    /// The profile with these coefficients.
    pub fn profile(&self, tensor_parallel: u32, coefficients: &Coefficients) -> Result<Profile, ProfileError> {
        let provenance = Provenance {
            name: format!("{}, TP={tensor_parallel}", self.model.name),
            title: format!("{} on {tensor_parallel}x {}", self.model.name, self.gpu.name),
            fitted_to: "physics from datasheets".to_owned(),
            estimates: Vec::new(),
            log_covariance: None,
        };
        Profile::from_toml(&self.profile_text(tensor_parallel, coefficients, &provenance), &provenance.name)
    }

    /// What `--max-model-len` says, else the model's longest context as far as the memory of a GPU goes.
    #[must_use]
    pub fn max_model_len(&self, tensor_parallel: u32) -> u32 {
        if let Some(max_model_len) = self.max_model_len {
            return max_model_len;
        }
        let left = self.gpu_memory_utilization * self.gpu.memory_gib
            - (self.model.weight_bytes() / GIB / f64::from(tensor_parallel) + OVERHEAD_GIB);
        let blocks = self.model.kv(self.kv_element_bytes).blocks(left.max(0.0) * GIB, BLOCK_SIZE, tensor_parallel);
        let fits = u32::try_from(blocks * u64::from(BLOCK_SIZE)).unwrap_or(u32::MAX);
        // without room for anything, start-up says so
        if fits == 0 { self.model.max_model_len } else { self.model.max_model_len.min(fits) }
    }

    /// The same as the text of a file that `serve`, `bench --fake` and `forecast` take.
    #[must_use]
    pub fn profile_text(&self, tensor_parallel: u32, coefficients: &Coefficients, provenance: &Provenance) -> String {
        let Self { gpu, model, .. } = self;
        let note = |index: usize| match provenance.estimates.get(index) {
            Some(estimate) => {
                let Estimate { value, identifiable, .. } = estimate;
                let known = if *identifiable { "" } else { ", not identifiable from these rows" };
                format!(", note = \"95 %: {:.4e} to {:.4e}{known}\"", value.low, value.high)
            }
            None => String::new(),
        };
        let mut text = String::new();
        let mut line = |arguments: std::fmt::Arguments<'_>| {
            // writing to a String cannot fail
            let _ = writeln!(text, "{arguments}");
        };
        line(format_args!("name = {}", quoted(&provenance.name)));
        line(format_args!("title = {}", quoted(&provenance.title)));
        line(format_args!("\n[sources]"));
        line(format_args!("calibration = {}", quoted(&provenance.fitted_to)));
        line(format_args!("config = {}", quoted(&format!("config.json of {}", model.name))));
        line(format_args!("datasheet = {}", quoted(&gpu.source)));
        line(format_args!("estimate = \"estimate, not measured\""));
        line(format_args!("user = \"given to rehearsal calibrate\""));
        line(format_args!("vllm = \"vLLM 0.13.0, defaults of vllm serve\""));
        line(format_args!("\n[hardware]\nname = {}", quoted(&gpu.name)));
        line(format_args!("memory_gib = {{ value = {:?}, source = \"datasheet\" }}", gpu.memory_gib));
        line(format_args!("\n[model]\nname = {}", quoted(&model.name)));
        if let Some(quantization) = &model.quantization {
            line(format_args!("quantization = {}", quoted(quantization)));
        }
        let sizes = [
            ("layers", model.layers),
            ("hidden_size", model.hidden_size),
            ("kv_heads", model.kv_heads),
            ("head_dim", model.head_dim),
            ("vocab_size", model.vocab_size),
        ];
        for (name, value) in sizes {
            line(format_args!("{name} = {{ value = {value}, source = \"config\" }}"));
        }
        let weights_gib = model.weight_bytes() / GIB;
        line(format_args!("\n[memory]\nweights_gib = {{ value = {weights_gib:.3}, source = \"config\" }}"));
        line(format_args!("overhead_gib = {{ value = {OVERHEAD_GIB:?}, source = \"estimate\" }}"));
        line(format_args!("kv_element_bytes = {{ value = {}, source = \"user\" }}", self.kv_element_bytes));
        line(format_args!("\n[engine]\ntensor_parallel = {{ value = {tensor_parallel}, source = \"user\" }}"));
        let max_model_len = self.max_model_len(tensor_parallel);
        line(format_args!("max_model_len = {{ value = {max_model_len}, source = \"user\" }}"));
        line(format_args!("block_size = {{ value = {BLOCK_SIZE}, source = \"vllm\" }}"));
        line(format_args!(
            "gpu_memory_utilization = {{ value = {:?}, source = \"user\" }}",
            self.gpu_memory_utilization
        ));
        if let Some(max_num_seqs) = self.max_num_seqs {
            line(format_args!("max_num_seqs = {{ value = {max_num_seqs}, source = \"user\" }}"));
        }
        if let Some(budget) = self.max_num_batched_tokens {
            line(format_args!("max_num_batched_tokens = {{ value = {budget}, source = \"user\" }}"));
        }
        let [fixed, small, decode, kv, prefill] = coefficients.to_array();
        line(format_args!("\n[step_time]\nform = \"linear\""));
        for (index, name, value) in [(2, "decode_ms", decode), (3, "kv_token_ms", kv), (4, "prefill_token_ms", prefill)]
        {
            line(format_args!("{name} = {{ value = {value:?}, source = \"calibration\"{} }}", note(index)));
        }
        line(format_args!("\n# up to 8 requests, and from 16 on\n[step_time.table]\nsource = \"calibration\""));
        line(format_args!("points = [[8, {:?}], [16, {fixed:?}]]", fixed * small));
        if let Some(covariance) = &provenance.log_covariance {
            line(format_args!(
                "\n# covariances of the logarithms of: the fixed cost, the factor on it up to 8 requests, and the three above\n\
                 [uncertainty]\nsource = \"calibration\"\nlog_covariance = ["
            ));
            for row in covariance {
                line(format_args!("  {row:?},"));
            }
            line(format_args!("]"));
        }
        text
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
