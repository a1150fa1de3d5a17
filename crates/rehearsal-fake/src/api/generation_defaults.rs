//! What a model's `generation_config.json` says of sampling, for requests that say nothing of it.

use serde_json::{Map, Value};

use super::sampling::Sampling;
use crate::version::{ConfiguredMaxTokens, Features};

/// Sampling parameters of requests that leave them out (`get_diff_sampling_param`, `vllm/config/model.py`).
///
/// ```
/// use rehearsal_fake::api::GenerationDefaults;
///
/// let config = serde_json::json!({"temperature": 0.7, "max_new_tokens": 64, "eos_token_id": 2});
/// let defaults = GenerationDefaults::of(config.as_object().expect("an object"));
/// assert_eq!((defaults.temperature, defaults.max_tokens), (Some(0.7), Some(64)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GenerationDefaults {
    /// `temperature`.
    pub temperature: Option<f64>,
    /// `top_p`.
    pub top_p: Option<f64>,
    /// `top_k`.
    pub top_k: Option<i64>,
    /// `min_p`.
    pub min_p: Option<f64>,
    /// `repetition_penalty`.
    pub repetition_penalty: Option<f64>,
    /// `max_new_tokens`.
    pub max_tokens: Option<u32>,
    /// The most that a request gets, whatever it asks for, in versions that tell this from `max_tokens`: what
    /// `--override-generation-config` says, or a generation config that is named.
    pub ceiling: Option<u32>,
}

impl GenerationDefaults {
    /// The parameters that vLLM takes from such a file; the others stand for nothing here.
    #[must_use]
    pub fn of(config: &Map<String, Value>) -> Self {
        let float = |key: &str| config.get(key).and_then(Value::as_f64);
        Self {
            temperature: float("temperature"),
            top_p: float("top_p"),
            top_k: config.get("top_k").and_then(Value::as_i64),
            min_p: float("min_p"),
            repetition_penalty: float("repetition_penalty"),
            max_tokens: config.get("max_new_tokens").and_then(Value::as_u64).and_then(|max| u32::try_from(max).ok()),
            ceiling: None,
        }
    }

    /// The tokens that a request may generate, of those that its own limit and the context allow (`get_max_tokens`).
    pub(super) fn limited(&self, features: &Features, asked: bool, allowed: i64) -> i64 {
        let lower = |allowed: i64, limit: Option<u32>| limit.map_or(allowed, |limit| allowed.min(i64::from(limit)));
        match features.configured_max_tokens {
            ConfiguredMaxTokens::Ceiling => lower(allowed, self.max_tokens),
            ConfiguredMaxTokens::Fallback if asked => lower(allowed, self.ceiling),
            ConfiguredMaxTokens::Fallback => lower(lower(allowed, self.max_tokens), self.ceiling),
        }
    }
}

impl Sampling {
    /// The same, with what the request leaves out as the server has it.
    pub(super) fn or(&self, defaults: &GenerationDefaults) -> Self {
        Self {
            temperature: self.temperature.or(defaults.temperature),
            top_p: self.top_p.or(defaults.top_p),
            top_k: self.top_k.or(defaults.top_k),
            min_p: self.min_p.or(defaults.min_p),
            repetition_penalty: self.repetition_penalty.or(defaults.repetition_penalty),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Wire;

    /// After `get_max_tokens` of 0.13.0 and 0.32.0.
    #[test]
    fn a_configured_limit_is_a_ceiling_in_old_versions_and_a_fallback_in_new_ones() {
        let defaults = GenerationDefaults { max_tokens: Some(10), ..GenerationDefaults::default() };
        let bounded = GenerationDefaults { ceiling: Some(10), ..defaults };
        for (version, defaults, asked, expect) in [
            ("0.13.0", defaults, true, 10),
            ("0.13.0", defaults, false, 10),
            ("0.32.0", defaults, true, 50),
            ("0.32.0", defaults, false, 10),
            ("0.32.0", bounded, true, 10),
        ] {
            let features = Wire::of(version.parse().unwrap()).unwrap().features;
            assert_eq!(defaults.limited(&features, asked, 50), expect, "{version}, asked: {asked}");
        }
    }

    #[test]
    fn what_a_request_says_goes_first() {
        let defaults = GenerationDefaults { temperature: Some(0.7), top_k: Some(20), ..GenerationDefaults::default() };
        let sampling = Sampling { temperature: Some(0.0), ..Sampling::default() }.or(&defaults);
        assert_eq!((sampling.temperature, sampling.top_k, sampling.top_p), (Some(0.0), Some(20), None));
    }
}
