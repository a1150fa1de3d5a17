//! `SamplingParams` as vLLM's render routes write it.

use serde_json::{Map, Value, json};

use super::sampling::Sampling;

/// `RequestOutputKind` of `vllm/sampling_params.py`.
const DELTA: u32 = 1;
const FINAL_ONLY: u32 = 2;

impl Sampling {
    /// The object of the engine's parameters. What has its default value is left out, which `msgspec` (`omit_defaults`) judges by identity:
    /// floats are always written, small integers and `false` only when they differ (recorded from 0.32.0).
    pub(super) fn rendered(&self, max_tokens: u32, streams: bool) -> Value {
        let mut params = Map::new();
        let mut put = |key: &str, value: Value| {
            params.insert(key.to_owned(), value);
        };
        let unlike = |value: Option<i64>, default: i64| value.filter(|value| *value != default);
        if let Some(n) = unlike(self.n, 1) {
            put("n", n.into());
        }
        put("presence_penalty", self.presence_penalty.unwrap_or(0.0).into());
        put("frequency_penalty", self.frequency_penalty.unwrap_or(0.0).into());
        put("repetition_penalty", self.repetition_penalty.unwrap_or(1.0).into());
        let temperature = self.temperature.unwrap_or(1.0);
        put("temperature", temperature.into());
        // a greedy request forgets how it would sample
        let greedy = temperature < 1e-5;
        put("top_p", self.top_p.filter(|_| !greedy).unwrap_or(1.0).into());
        if let Some(top_k) = unlike(self.top_k, 0).filter(|_| !greedy) {
            put("top_k", top_k.into());
        }
        put("min_p", self.min_p.filter(|_| !greedy).unwrap_or(0.0).into());
        if let Some(seed) = self.seed {
            put("seed", seed.into());
        }
        put("stop", json!(self.stop));
        put("stop_token_ids", json!(self.stop_token_ids));
        if self.ignore_eos {
            put("ignore_eos", true.into());
        }
        if let Some(max_tokens) = unlike(Some(max_tokens.into()), 16) {
            put("max_tokens", max_tokens.into());
        }
        if let Some(min_tokens) = unlike(self.min_tokens, 0) {
            put("min_tokens", min_tokens.into());
        }
        if self.skip_special_tokens == Some(false) {
            put("skip_special_tokens", false.into());
        }
        if self.include_stop_str_in_output {
            put("include_stop_str_in_output", true.into());
        }
        put("output_kind", if streams { DELTA } else { FINAL_ONLY }.into());
        put("skip_clone", true.into());
        if !self.logit_bias.is_empty() {
            let bias = self.logit_bias.iter().map(|(token, bias)| (token.to_string(), Value::from(*bias)));
            put("logit_bias", bias.collect::<Map<_, _>>().into());
        }
        if let Some(allowed) = &self.allowed_token_ids {
            put("allowed_token_ids", json!(allowed));
        }
        put("bad_words", json!(self.bad_words));
        put("skip_reading_prefix_cache", false.into());
        params.into()
    }
}
