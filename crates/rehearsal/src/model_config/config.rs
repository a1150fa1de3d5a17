//! The file as a whole.

use rehearsal_fake::profile::describe::ModelShape;
use serde_json::Value;
use thiserror::Error;

use super::{attention::Attention, layers::Layers, quantization::Quantization};

/// Configurations that come with the program.
const BUILT_IN: [(&str, &str); 3] = [
    ("qwen2.5-vl-72b-fp8", include_str!("../../data/models/qwen2.5-vl-72b-fp8.json")),
    ("llama-3-70b-fp8", include_str!("../../data/models/llama-3-70b-fp8.json")),
    ("qwen3-32b", include_str!("../../data/models/qwen3-32b.json")),
];

/// Why a file describes no model.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelConfigError {
    /// Not JSON.
    #[error("model config `{origin}` is not JSON: {error}")]
    Syntax {
        /// Where it comes from.
        origin: String,
        /// What the parser says.
        error: serde_json::Error,
    },
    /// A size is not there.
    #[error(
        "model config `{origin}` has no `{field}`; it must be the config.json of a text model, or of one with a text model in it"
    )]
    Missing {
        /// Where it comes from.
        origin: String,
        /// The field.
        field: &'static str,
    },
    /// A size that contradicts another.
    #[error("model config `{origin}`: {what}")]
    Contradiction {
        /// Where it comes from.
        origin: String,
        /// What contradicts what, and what to do.
        what: String,
    },
    /// A quantization that nothing is known of.
    #[error(
        "model config `{origin}`: quantization `{method}` is unknown; there are fp8, compressed-tensors, awq, gptq, modelopt and mxfp4; take the unquantized config.json"
    )]
    UnknownQuantization {
        /// Where it comes from.
        origin: String,
        /// The method.
        method: String,
    },
}

/// Names and texts of the configurations that come with the program.
pub fn built_in_models() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUILT_IN.into_iter()
}

/// Reads a `config.json`; `origin` is said in errors.
///
/// ```
/// use rehearsal::model_config::{built_in_models, model_config};
///
/// let (name, text) = built_in_models().next().expect("there are some");
/// let model = model_config(text, name)?;
/// assert_eq!((model.layers, model.kv_heads, model.vocab_size), (80, 8, 152_064));
/// # Ok::<(), rehearsal::model_config::ModelConfigError>(())
/// ```
pub fn model_config(text: &str, origin: &str) -> Result<ModelShape, ModelConfigError> {
    let whole: Value =
        serde_json::from_str(text).map_err(|error| ModelConfigError::Syntax { origin: origin.to_owned(), error })?;
    let fields = Fields { text: whole.get("text_config").unwrap_or(&whole), origin };
    let hidden_size = fields.count("hidden_size")?;
    let layers = fields.count("num_hidden_layers")?;
    let vocab_size = fields.count("vocab_size")?;
    let attention = Attention::of(&fields, hidden_size)?;
    let mlp = Layers::of(&fields, hidden_size, layers)?;
    let quantization = Quantization::of(&whole, &fields)?;

    let in_attention = f64::from(layers) * attention.parameters;
    let vocabulary = f64::from(vocab_size) * f64::from(hidden_size) * 2.0;
    let tied = fields.text.get("tie_word_embeddings").and_then(Value::as_bool).unwrap_or(false);
    Ok(ModelShape {
        name: whole.get("_name_or_path").and_then(Value::as_str).unwrap_or(origin).to_owned(),
        layers,
        hidden_size,
        heads: attention.heads,
        kv_heads: attention.kv_heads,
        head_dim: attention.head_dim,
        vocab_size,
        max_model_len: fields.maybe("max_position_embeddings").unwrap_or(4096),
        active_parameters: in_attention + mlp.active,
        linear_parameters: in_attention + mlp.all,
        experts: mlp.experts,
        parameter_bytes: quantization.bytes,
        arithmetic: quantization.arithmetic,
        other_bytes: if tied { vocabulary } else { 2.0 * vocabulary } + vision_bytes(&whole),
        head_bytes: vocabulary,
        quantization: quantization.method,
    })
}

/// A vision tower in 16 bits: attention and gated MLP of its layers, and the merger into the text model.
fn vision_bytes(whole: &Value) -> f64 {
    let Some(vision) = whole.get("vision_config") else { return 0.0 };
    let number = |name: &str| vision.get(name).and_then(Value::as_f64);
    let (Some(depth), Some(width)) =
        (number("depth").or(number("num_hidden_layers")), number("hidden_size").or(number("embed_dim")))
    else {
        return 0.0;
    };
    let mlp = number("intermediate_size").unwrap_or(4.0 * width);
    // four patches become one token
    let patches = 4.0 * width;
    let merger = number("out_hidden_size").map_or(0.0, |out| patches * patches + patches * out);
    2.0 * (depth * (4.0 * width * width + 3.0 * width * mlp) + merger)
}

/// The text model's part of a file.
pub(super) struct Fields<'a> {
    pub(super) text: &'a Value,
    pub(super) origin: &'a str,
}

impl Fields<'_> {
    /// A size that must be there, at least 1.
    pub(super) fn count(&self, field: &'static str) -> Result<u32, ModelConfigError> {
        self.maybe(field).ok_or_else(|| ModelConfigError::Missing { origin: self.origin.to_owned(), field })
    }

    /// A size that may be there.
    pub(super) fn maybe(&self, field: &str) -> Option<u32> {
        let value = self.text.get(field)?.as_u64()?;
        u32::try_from(value).ok().filter(|value| 0 < *value)
    }

    pub(super) fn contradiction(&self, what: String) -> ModelConfigError {
        ModelConfigError::Contradiction { origin: self.origin.to_owned(), what }
    }
}

#[cfg(test)]
mod tests {
    use rehearsal_fake::profile::describe::Arithmetic;

    use super::*;

    fn builtin(name: &str) -> ModelShape {
        let (_, text) = built_in_models().find(|(other, _)| *other == name).unwrap();
        model_config(text, name).unwrap()
    }

    /// Whole numbers below 2^53 are exact.
    #[track_caller]
    fn equal(got: f64, expect: f64) {
        assert_eq!(got.to_bits(), expect.to_bits(), "{got} instead of {expect}");
    }

    /// By hand: 80 · (8192² · 2 + 2 · 8192 · 1024 + 3 · 8192 · 29568) linear parameters of a byte, 152064 · 8192 · 2 bytes twice, the tower.
    #[test]
    fn the_reports_model_has_the_reports_sizes() {
        let model = builtin("qwen2.5-vl-72b-fp8");
        equal(model.linear_parameters, 80.0 * 877_658_112.0);
        equal(model.parameter_bytes, 1.0);
        assert_eq!(model.arithmetic, Arithmetic::Fp8);
        assert!((model.streamed_bytes() / 72.703e9 - 1.0).abs() < 0.001, "{}", model.streamed_bytes());
        let gib = model.weight_bytes() / f64::from(1 << 30);
        assert!((gib / 71.36 - 1.0).abs() < 0.002, "{gib}");
        assert_eq!(model.kv(1).bytes_per_token(1), 163_840);
    }

    #[test]
    fn experts_count_in_memory_and_only_the_active_ones_in_time() {
        let text = r#"{"hidden_size": 2048, "num_hidden_layers": 2, "vocab_size": 10, "num_attention_heads": 16,
            "num_key_value_heads": 4, "head_dim": 128, "intermediate_size": 6144, "num_experts": 128,
            "num_experts_per_tok": 8, "moe_intermediate_size": 768,
            "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}}"#;
        let model = model_config(text, "moe").unwrap();
        let attention = 2048.0 * 2048.0 * 2.0 + 2.0 * 2048.0 * 512.0;
        let expert = 3.0 * 2048.0 * 768.0;
        equal(model.linear_parameters, 2.0 * (attention + 128.0 * expert));
        equal(model.active_parameters, 2.0 * (attention + 8.0 * expert));
    }

    /// DeepSeek-V3: 512 + 64 elements a layer and token, in every rank.
    #[test]
    fn latent_attention_keeps_one_vector_a_layer() {
        let text = r#"{"hidden_size": 7168, "num_hidden_layers": 61, "vocab_size": 129280, "num_attention_heads": 128,
            "num_key_value_heads": 128, "kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128,
            "v_head_dim": 128, "q_lora_rank": 1536, "intermediate_size": 18432}"#;
        let model = model_config(text, "mla").unwrap();
        assert_eq!((model.kv(2).bytes_per_token(1), model.kv(2).bytes_per_token(8)), (61 * 576 * 2, 61 * 576 * 2));
    }

    #[track_caller]
    fn refuse(text: &str, expect: &str) {
        let error = model_config(text, "config.json").unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    }

    #[test]
    fn what_is_no_model_says_what_is_missing() {
        refuse("[1", "model config `config.json` is not JSON");
        refuse("{}", "has no `hidden_size`; it must be the config.json of a text model");
        let sizes = r#""hidden_size": 4096, "num_hidden_layers": 2, "vocab_size": 10, "intermediate_size": 8"#;
        refuse(
            &format!(r#"{{{sizes}, "num_attention_heads": 30, "num_key_value_heads": 8}}"#),
            "30 attention heads are not a multiple of 8 KV heads",
        );
        refuse(
            &format!(r#"{{{sizes}, "num_attention_heads": 32, "quantization_config": {{"quant_method": "magic"}}}}"#),
            "quantization `magic` is unknown; there are fp8",
        );
    }
}
