//! The sampling parameters that both generating endpoints share: read, checked in vLLM's order, handed to the engine.

use std::num::NonZeroU32;

use serde_json::Value;

use super::{
    error::ApiError,
    fields::{Fields, float, int},
    python::{float_repr, repr},
    validation::Problem,
};
use crate::{
    engine::SamplingParams,
    tokenizer::Tokenizer,
    version::{Coercion, Features, NanTemperature},
};

/// Below this temperature vLLM samples greedily (`vllm/sampling_params.py`, `_SAMPLING_EPS`).
const GREEDY_BELOW: f64 = 1e-5;

/// The most sequences of one request. vLLM bounds `n` alone, and only since 0.19.1 (`VLLM_MAX_N_SEQUENCES`, 16384); without a bound a
/// request of 50 bytes takes all memory.
const MAX_SEQUENCES: u64 = 16_384;

/// Sampling parameters as sent; `None` is absent or null.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sampling {
    pub(super) n: Option<i64>,
    pub(super) presence_penalty: Option<f64>,
    pub(super) frequency_penalty: Option<f64>,
    pub(super) repetition_penalty: Option<f64>,
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) top_k: Option<i64>,
    pub(super) min_p: Option<f64>,
    pub(super) seed: Option<i64>,
    pub(super) stop: Vec<String>,
    pub(super) stop_token_ids: Vec<i64>,
    pub(super) min_tokens: Option<i64>,
    pub(super) ignore_eos: bool,
    pub(super) include_stop_str_in_output: bool,
    pub(super) skip_special_tokens: Option<bool>,
    pub(super) logit_bias: Vec<(i64, f64)>,
    pub(super) allowed_token_ids: Option<Vec<i64>>,
    pub(super) bad_words: Vec<String>,
}

impl Sampling {
    /// Reads the parameters from a request.
    pub(super) fn read(fields: &mut Fields<'_>, features: &Features) -> Self {
        let (coercion, max_stop_strings) = (features.coercion, features.max_stop_strings.value());
        Self {
            n: fields.int("n"),
            presence_penalty: fields.float("presence_penalty"),
            frequency_penalty: fields.float("frequency_penalty"),
            repetition_penalty: fields.float("repetition_penalty"),
            temperature: fields.float("temperature"),
            top_p: fields.float("top_p"),
            top_k: fields.int("top_k"),
            min_p: fields.float("min_p"),
            seed: fields.long("seed"),
            stop: read_stop(fields, max_stop_strings),
            stop_token_ids: fields.ints("stop_token_ids").unwrap_or_default(),
            min_tokens: fields.int("min_tokens"),
            ignore_eos: fields.bool("ignore_eos").unwrap_or(false),
            include_stop_str_in_output: fields.bool("include_stop_str_in_output").unwrap_or(false),
            skip_special_tokens: fields.bool("skip_special_tokens"),
            logit_bias: read_logit_bias(fields, coercion),
            allowed_token_ids: fields.ints("allowed_token_ids"),
            bad_words: fields.strings("bad_words").unwrap_or_default(),
        }
    }

    /// `SamplingParams._verify_args` and what the engine's processor refuses, in that order.
    pub(super) fn check(&self, features: &Features, max_tokens: i64, vocab_size: u32) -> Result<(), ApiError> {
        let refuse = |message: String| Err(ApiError::bad_request(message));
        let named =
            |param: &str, value: String, message: String| Err(ApiError::bad_value(features, param, &value, &message));
        let n = self.n.unwrap_or(1);
        if n < 1 {
            return refuse(format!("n must be at least 1, got {n}."));
        }
        for (name, penalty) in
            [("presence_penalty", self.presence_penalty), ("frequency_penalty", self.frequency_penalty)]
        {
            if let Some(penalty) = penalty.filter(|penalty| !(-2.0..=2.0).contains(penalty)) {
                return refuse(format!("{name} must be in [-2, 2], got {}.", float_repr(penalty)));
            }
        }
        if let Some(penalty) = self.repetition_penalty.filter(|penalty| *penalty <= 0.0) {
            return refuse(format!("repetition_penalty must be greater than zero, got {}.", float_repr(penalty)));
        }
        let temperature = self.temperature();
        if temperature < 0.0 {
            let value = float_repr(temperature);
            return named("temperature", value.clone(), format!("temperature must be non-negative, got {value}."));
        }
        if features.nan_temperature == NanTemperature::Refused && !temperature.is_finite() {
            let value = float_repr(temperature);
            return named("temperature", value.clone(), format!("temperature must be a finite number, got {value}."));
        }
        if features.max_temperature.value().is_some_and(|max| f64::from(max) < temperature) {
            let value = float_repr(temperature);
            return named("temperature", value.clone(), format!("temperature must be in [0, 2], got {value}."));
        }
        if let Some(top_p) = self.top_p.filter(|top_p| !(0.0 < *top_p && *top_p <= 1.0)) {
            let value = float_repr(top_p);
            return named("top_p", value.clone(), format!("top_p must be in (0, 1], got {value}."));
        }
        if let Some(top_k) = self.top_k.filter(|top_k| *top_k < -1) {
            return refuse(format!("top_k must be 0 (disable), or at least 1, got {top_k}."));
        }
        if let Some(min_p) = self.min_p.filter(|min_p| !(0.0..=1.0).contains(min_p)) {
            return refuse(format!("min_p must be in [0, 1], got {}.", float_repr(min_p)));
        }
        if max_tokens < 1 {
            let message = format!("max_tokens must be at least 1, got {max_tokens}.");
            return named("max_tokens", max_tokens.to_string(), message);
        }
        let min_tokens = self.min_tokens.unwrap_or(0);
        if min_tokens < 0 {
            return refuse(format!("min_tokens must be greater than or equal to 0, got {min_tokens}."));
        }
        if max_tokens < min_tokens {
            return refuse(format!(
                "min_tokens must be less than or equal to max_tokens={max_tokens}, got {min_tokens}."
            ));
        }
        if self.stop.iter().any(String::is_empty) {
            return refuse("stop cannot contain an empty string.".to_owned());
        }
        if let Some(limit) = features.max_stop_strings.value()
            && usize::try_from(limit).is_ok_and(|limit| limit < self.stop.len())
        {
            return refuse(format!("stop must have at most {limit} elements, got {}.", self.stop.len()));
        }
        if 1 < n && temperature < GREEDY_BELOW {
            return refuse(format!("n must be 1 when using greedy sampling, got {n}."));
        }
        self.check_tokens(features, vocab_size)
    }

    fn check_tokens(&self, features: &Features, vocab_size: u32) -> Result<(), ApiError> {
        let known = |token: i64| (0..i64::from(vocab_size)).contains(&token);
        let unknown: Vec<i64> =
            self.logit_bias.iter().map(|(token, _)| *token).filter(|token| !known(*token)).collect();
        if !unknown.is_empty() {
            let tokens = repr(&unknown.into());
            let message = format!(
                "token_id(s) {tokens} in logit_bias contain out-of-vocab token ids. Vocabulary size: {vocab_size}"
            );
            return Err(ApiError::bad_value(features, "logit_bias", &tokens, &message));
        }
        let Some(allowed) = &self.allowed_token_ids else { return Ok(()) };
        let message = match allowed.as_slice() {
            [] => "allowed_token_ids is not None and empty!",
            tokens if !tokens.iter().all(|token| known(*token)) => "allowed_token_ids contains out-of-vocab token id!",
            _ => return Ok(()),
        };
        let unknown: Vec<i64> = allowed.iter().copied().filter(|token| !known(*token)).collect();
        Err(ApiError::bad_value(features, "allowed_token_ids", &repr(&unknown.into()), message))
    }

    fn temperature(&self) -> f64 {
        self.temperature.unwrap_or(1.0)
    }

    /// Refuses more sequences than a test may want to hold; an `n` that is too great by itself in the words of vLLM since 0.19.1.
    pub(super) fn check_sequences(&self, prompts: usize) -> Result<(), ApiError> {
        let n = u64::try_from(self.n.unwrap_or(1)).unwrap_or(0);
        if MAX_SEQUENCES < n {
            return Err(ApiError::bad_request(format!(
                "n must be at most {MAX_SEQUENCES}, got {n}. To increase this limit, set the VLLM_MAX_N_SEQUENCES environment variable."
            )));
        }
        let sequences = n.saturating_mul(prompts as u64);
        if MAX_SEQUENCES < sequences {
            let message = format!("n times the number of prompts must be at most {MAX_SEQUENCES}, got {sequences}.");
            return Err(ApiError::bad_request(message));
        }
        Ok(())
    }

    /// Choices of one prompt.
    pub(super) fn choices(&self) -> u32 {
        self.n.and_then(|n| u32::try_from(n).ok()).unwrap_or(1)
    }

    /// The request's own seed, its bits kept.
    pub(super) fn seed(&self) -> Option<u64> {
        self.seed.map(i64::cast_unsigned)
    }

    /// The part that the engine acts on; call it after [`Sampling::check`].
    pub(super) fn engine(&self, max_tokens: NonZeroU32, tokenizer: &Tokenizer) -> SamplingParams {
        let ids = |ids: &[i64]| ids.iter().filter_map(|id| u32::try_from(*id).ok()).collect::<Vec<_>>();
        SamplingParams {
            min_tokens: self.min_tokens.and_then(|tokens| u32::try_from(tokens).ok()).unwrap_or(0),
            ignore_eos: self.ignore_eos,
            stop_token_ids: ids(&self.stop_token_ids),
            stop: self.stop.clone(),
            include_stop_str_in_output: self.include_stop_str_in_output,
            skip_special_tokens: self.skip_special_tokens.unwrap_or(true),
            seed: self.seed(),
            temperature: self.temperature(),
            top_p: self.top_p.unwrap_or(1.0),
            top_k: self.top_k.and_then(|top_k| u32::try_from(top_k).ok()).and_then(NonZeroU32::new),
            min_p: self.min_p.unwrap_or(0.0),
            presence_penalty: self.presence_penalty.unwrap_or(0.0),
            frequency_penalty: self.frequency_penalty.unwrap_or(0.0),
            repetition_penalty: self.repetition_penalty.unwrap_or(1.0),
            logit_bias: self
                .logit_bias
                .iter()
                .filter_map(|(id, bias)| Some((u32::try_from(*id).ok()?, clamped(*bias))))
                .collect(),
            allowed_token_ids: self.allowed_token_ids.as_deref().map(ids),
            bad_words: self.bad_words.iter().flat_map(|word| bad_word(word, tokenizer)).collect(),
            ..SamplingParams::new(max_tokens)
        }
    }
}

/// vLLM clamps the bias to ±100 (`vllm/sampling_params.py`, `from_optional`).
#[expect(
    clippy::cast_possible_truncation,
    reason = "clamped to ±100, where f32 is precise enough for a comparison with 100"
)]
fn clamped(bias: f64) -> f32 {
    bias.clamp(-100.0, 100.0) as f32
}

/// A word is forbidden where no space precedes it, and after a space only if it then has as many tokens and another first one
/// (`vllm/sampling_params.py`, `update_from_tokenizer`).
fn bad_word(word: &str, tokenizer: &Tokenizer) -> Vec<Vec<u32>> {
    let word = word.trim_start();
    let plain = tokenizer.encode(word);
    let spaced = tokenizer.encode(&format!(" {word}"));
    let mut ids = vec![plain];
    if ids.iter().all(|plain| plain.first() != spaced.first() && plain.len() == spaced.len()) {
        ids.push(spaced);
    }
    ids.retain(|ids| !ids.is_empty());
    ids
}

/// A string or a list of strings: what pydantic says of either when the list is longer than the field takes
/// (`entrypoints/openai/chat_completion/protocol.py`, `stop`).
fn read_stop(fields: &mut Fields<'_>, max: Option<u32>) -> Vec<String> {
    let value = match fields.value("stop") {
        Some(Value::String(stop)) => return vec![stop.clone()],
        other => other,
    };
    if let (Some(list @ Value::Array(items)), Some(max), Coercion::Lax) = (value, max, fields.coercion())
        && usize::try_from(max).is_ok_and(|max| max < items.len())
        && items.iter().all(Value::is_string)
    {
        let count = items.len();
        let one = Problem::new("string_type", vec!["stop".into()], "Input should be a valid string", list);
        let message = format!("List should have at most {max} items after validation, not {count}");
        let all = Problem::new("too_long", vec!["stop".into()], message, list);
        let context = format!("'field_type': 'List', 'max_length': {max}, 'actual_length': {count}");
        fields.problem(one);
        fields.problem(Problem { context: Some(context), ..all });
        return Vec::new();
    }
    fields.strings("stop").unwrap_or_default()
}

fn read_logit_bias(fields: &mut Fields<'_>, coercion: Coercion) -> Vec<(i64, f64)> {
    let Some(bias) = fields.object("logit_bias") else { return Vec::new() };
    let mut all = Vec::with_capacity(bias.len());
    for (key, value) in bias {
        match (int(&Value::from(key.as_str()), Coercion::Lax), float(value, coercion).ok()) {
            (Ok(token), Some(bias)) => all.push((token, bias)),
            (Ok(_), None) => fields.problem(Problem::new(
                "float_type",
                vec!["logit_bias".into(), key.as_str().into()],
                "Input should be a valid number",
                value,
            )),
            (Err(_), _) => {
                let loc = vec!["logit_bias".into(), key.as_str().into(), "[key]".into()];
                let message = "Input should be a valid integer, unable to parse string as an integer";
                fields.problem(Problem::new("int_parsing", loc, message, &key.as_str().into()));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::version::Wire;

    #[track_caller]
    fn check(version: &str, body: &Value, expect: &str) {
        let features = Wire::of(version.parse().unwrap()).unwrap().features;
        let mut fields = Fields::new(body.as_object().unwrap(), features.coercion);
        let sampling = Sampling::read(&mut fields, &features);
        assert_eq!(fields.into_problems(), []);
        let max_tokens = body["max_tokens"].as_i64().unwrap_or(16);
        let said = match sampling.check(&features, max_tokens, 640) {
            Ok(()) => "accepted".to_owned(),
            Err(error) => error.json(&features).unwrap()["error"]["message"].as_str().unwrap().to_owned(),
        };
        assert_eq!(said, expect, "{version} {body}");
    }

    /// Messages as recorded from 0.13.0 with a vocabulary of 640 tokens.
    #[test]
    fn values_out_of_range_are_refused_in_the_words_of_0_13() {
        for (body, expect) in [
            (json!({"n": 0}), "n must be at least 1, got 0."),
            (json!({"n": 2, "temperature": 0}), "n must be 1 when using greedy sampling, got 2."),
            (json!({"presence_penalty": 3}), "presence_penalty must be in [-2, 2], got 3.0."),
            (json!({"frequency_penalty": -3}), "frequency_penalty must be in [-2, 2], got -3.0."),
            (json!({"repetition_penalty": 0}), "repetition_penalty must be greater than zero, got 0.0."),
            (json!({"temperature": -0.1}), "temperature must be non-negative, got -0.1."),
            (json!({"temperature": 100}), "accepted"),
            (json!({"top_p": 1.5}), "top_p must be in (0, 1], got 1.5."),
            (json!({"top_k": -2}), "top_k must be 0 (disable), or at least 1, got -2."),
            (json!({"min_p": 2}), "min_p must be in [0, 1], got 2.0."),
            (json!({"max_tokens": -1}), "max_tokens must be at least 1, got -1."),
            (
                json!({"min_tokens": 5, "max_tokens": 3}),
                "min_tokens must be less than or equal to max_tokens=3, got 5.",
            ),
            (json!({"stop": [""]}), "stop cannot contain an empty string."),
            (json!({"allowed_token_ids": []}), "allowed_token_ids is not None and empty!"),
            (
                json!({"logit_bias": {"99999": 1}}),
                "token_id(s) [99999] in logit_bias contain out-of-vocab token ids. Vocabulary size: 640",
            ),
        ] {
            check("0.13.0", &body, expect);
        }
    }

    #[test]
    fn newer_versions_name_the_field_behind_the_message() {
        check(
            "0.32.0",
            &json!({"temperature": 2.1}),
            "temperature must be in [0, 2], got 2.1. (parameter=temperature, value=2.1)",
        );
        check("0.32.0", &json!({"min_p": 2}), "min_p must be in [0, 1], got 2.0.");
    }
}
