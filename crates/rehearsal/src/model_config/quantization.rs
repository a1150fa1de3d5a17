//! In how many bytes the linear layers lie, and in what they compute.

use rehearsal_fake::profile::describe::Arithmetic;
use serde_json::Value;

use super::config::{Fields, ModelConfigError};

/// Bytes of a 4-bit weight with a 16-bit scale for each 128 of them.
const INT4_BYTES: f64 = 0.5 + 2.0 / 128.0;
/// Bytes of a 4-bit float with an 8-bit scale for each 16 of them.
const NVFP4_BYTES: f64 = 0.5 + 1.0 / 16.0;
/// Bytes of a 4-bit float with an 8-bit scale for each 32 of them.
const MXFP4_BYTES: f64 = 0.5 + 1.0 / 32.0;

pub(super) struct Quantization {
    pub(super) method: Option<String>,
    pub(super) bytes: f64,
    pub(super) arithmetic: Arithmetic,
}

impl Quantization {
    pub(super) fn of(whole: &Value, fields: &Fields<'_>) -> Result<Self, ModelConfigError> {
        let config = whole.get("quantization_config").or_else(|| fields.text.get("quantization_config"));
        let Some(config) = config.filter(|config| config.is_object()) else {
            return Ok(Self { method: None, bytes: 2.0, arithmetic: Arithmetic::Bf16 });
        };
        let method = config.get("quant_method").and_then(Value::as_str).unwrap_or_default();
        let (bytes, arithmetic) = match method {
            "fp8" | "fbgemm_fp8" => (1.0, Arithmetic::Fp8),
            "mxfp4" => (MXFP4_BYTES, Arithmetic::Fp4),
            "awq" | "gptq" => four_or_eight_bits(config.get("bits")),
            "compressed-tensors" => compressed(config),
            "modelopt" | "modelopt_fp4" => {
                let algorithm = config.get("quant_algo").and_then(Value::as_str).unwrap_or_default();
                if algorithm.contains("FP4") { (NVFP4_BYTES, Arithmetic::Fp4) } else { (1.0, Arithmetic::Fp8) }
            }
            _ => {
                let (origin, method) = (fields.origin.to_owned(), method.to_owned());
                return Err(ModelConfigError::UnknownQuantization { origin, method });
            }
        };
        Ok(Self { method: Some(method.to_owned()), bytes, arithmetic })
    }
}

/// Weights of `bits` widened to 16 bits for computing.
fn four_or_eight_bits(bits: Option<&Value>) -> (f64, Arithmetic) {
    match bits.and_then(Value::as_u64) {
        Some(8) => (1.0, Arithmetic::Bf16),
        _ => (INT4_BYTES, Arithmetic::Bf16),
    }
}

fn compressed(config: &Value) -> (f64, Arithmetic) {
    if config.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("nvfp4")) {
        return (NVFP4_BYTES, Arithmetic::Fp4);
    }
    let groups = config.get("config_groups").and_then(Value::as_object);
    let weights = groups.and_then(|groups| groups.values().find_map(|group| group.get("weights")));
    let is_float = weights.and_then(|weights| weights.get("type")).and_then(Value::as_str) == Some("float");
    match weights.and_then(|weights| weights.get("num_bits")) {
        _ if is_float => (1.0, Arithmetic::Fp8),
        bits => four_or_eight_bits(bits),
    }
}
