//! From sampling parameters as sent to those that the engine acts on, refused in the order and the words of `rust/src/text/src/lower.rs`.

use std::{collections::BTreeMap, num::NonZeroU32};

use super::refusal::Refusal;
use crate::{api::GenerationDefaults, engine::SamplingParams, server::App, tokenizer::Tokenizer};

/// Sampling parameters as sent; `None` is absent or null.
#[derive(Clone, Debug)]
pub(super) struct Wishes {
    pub(super) max_tokens: Option<u32>,
    pub(super) min_tokens: Option<u32>,
    pub(super) logprobs: Option<i32>,
    pub(super) prompt_logprobs: Option<i32>,
    pub(super) temperature: Option<f32>,
    pub(super) top_p: Option<f32>,
    /// 0 is all tokens.
    pub(super) top_k: Option<u32>,
    pub(super) min_p: Option<f32>,
    pub(super) frequency_penalty: Option<f32>,
    pub(super) presence_penalty: Option<f32>,
    pub(super) repetition_penalty: Option<f32>,
    pub(super) thinking_token_budget: Option<i64>,
    pub(super) seed: Option<i64>,
    pub(super) stop: Vec<String>,
    pub(super) stop_token_ids: Vec<u32>,
    pub(super) include_stop_str_in_output: bool,
    pub(super) ignore_eos: bool,
    pub(super) skip_special_tokens: bool,
    pub(super) logit_bias: BTreeMap<String, f32>,
    pub(super) allowed_token_ids: Option<Vec<u32>>,
    pub(super) bad_words: Vec<String>,
    pub(super) truncate_prompt_tokens: Option<i64>,
}

/// How many tokens there are, and how many may be asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds<'a> {
    max_model_len: u32,
    max_logprobs: u32,
    /// Rows of the model's embedding.
    model_vocab: u32,
    tokenizer: &'a Tokenizer,
    defaults: &'a GenerationDefaults,
}

impl<'a> Bounds<'a> {
    /// The server's.
    pub(super) fn of(app: &'a App) -> Self {
        Self {
            max_model_len: app.max_model_len,
            max_logprobs: app.frontend.max_logprobs,
            model_vocab: app.vocab_size,
            tokenizer: &app.tokenizer,
            defaults: &app.frontend.generation_defaults,
        }
    }
}

impl Wishes {
    /// `logit_bias` by token; a key that is no token id is refused before anything is rendered.
    pub(super) fn biases(&self) -> Result<Vec<(u32, f32)>, Refusal> {
        let bias = |(key, bias): (&String, &f32)| match key.parse() {
            Ok(token) => Ok((token, *bias)),
            Err(_) => Err(Refusal::field(
                "logit_bias",
                format!(
                    "Invalid key in 'logit_bias': '{key}' is not a valid token ID. Token IDs must be non-negative integers."
                ),
            )),
        };
        self.logit_bias.iter().map(bias).collect()
    }

    /// Cuts the beginning of the prompt where that is asked for, checks what is left, and gives the engine its parameters.
    pub(super) fn lower(&self, bounds: Bounds<'_>, prompt: &mut Vec<u32>) -> Result<SamplingParams, Refusal> {
        self.or(bounds.defaults).lowered(bounds, prompt)
    }

    /// The same, with what the request leaves out as the server has it.
    fn or(&self, defaults: &GenerationDefaults) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "this frontend's floats are of 32 bits")]
        let float = |own: Option<f32>, default: Option<f64>| own.or(default.map(|default| default as f32));
        Self {
            max_tokens: self.max_tokens.or(defaults.max_tokens),
            temperature: float(self.temperature, defaults.temperature),
            top_p: float(self.top_p, defaults.top_p),
            top_k: self.top_k.or(defaults.top_k.map(|top_k| u32::try_from(top_k).unwrap_or(0))),
            min_p: float(self.min_p, defaults.min_p),
            repetition_penalty: float(self.repetition_penalty, defaults.repetition_penalty),
            ..self.clone()
        }
    }

    fn lowered(&self, bounds: Bounds<'_>, prompt: &mut Vec<u32>) -> Result<SamplingParams, Refusal> {
        self.truncate(bounds, prompt)?;
        known("prompt", prompt, bounds.model_vocab)?;
        self.check_logprobs(bounds)?;
        let max_tokens = self.max_tokens(bounds, prompt.len())?;
        let min_tokens = self.min_tokens.unwrap_or(0);
        if max_tokens < min_tokens {
            return Err(Refusal::invalid(format!(
                "`min_tokens` must be less than or equal to `max_tokens`, got min_tokens={min_tokens}, max_tokens={max_tokens}"
            )));
        }
        if self.thinking_token_budget.is_some_and(|budget| budget < -1) {
            return Err(Refusal::invalid(
                "`thinking_token_budget` must be a non-negative integer or -1 for unlimited.",
            ));
        }
        self.check_ranges()?;
        let biases = self.biases()?;
        self.check_vocabulary(bounds, &biases)?;
        let max_tokens = NonZeroU32::new(max_tokens).unwrap_or(NonZeroU32::MIN);
        Ok(SamplingParams {
            min_tokens,
            ignore_eos: self.ignore_eos,
            stop_token_ids: self.stop_token_ids.clone(),
            stop: self.stop.clone(),
            include_stop_str_in_output: self.include_stop_str_in_output,
            skip_special_tokens: self.skip_special_tokens,
            seed: self.seed.map(i64::cast_unsigned),
            temperature: f64::from(self.temperature.unwrap_or(1.0)),
            top_p: f64::from(self.top_p.unwrap_or(1.0)),
            top_k: self.top_k.and_then(NonZeroU32::new),
            min_p: f64::from(self.min_p.unwrap_or(0.0)),
            presence_penalty: f64::from(self.presence_penalty.unwrap_or(0.0)),
            frequency_penalty: f64::from(self.frequency_penalty.unwrap_or(0.0)),
            repetition_penalty: f64::from(self.repetition_penalty.unwrap_or(1.0)),
            // clamped like the Python frontend's: a recorded bias of 200 is one of 100
            logit_bias: biases.into_iter().map(|(token, bias)| (token, bias.clamp(-100.0, 100.0))).collect(),
            allowed_token_ids: self.allowed_token_ids.clone(),
            bad_words: self.bad_words.iter().flat_map(|word| forbidden(word, bounds.tokenizer)).collect(),
            ..SamplingParams::new(max_tokens)
        })
    }

    /// What is left of the context for a prompt when the answer has its tokens.
    fn truncate(&self, bounds: Bounds<'_>, prompt: &mut Vec<u32>) -> Result<(), Refusal> {
        let Some(kept) = self.truncate_prompt_tokens else { return Ok(()) };
        let budget = bounds.max_model_len.saturating_sub(self.max_tokens.unwrap_or(0));
        let kept = if kept == -1 { i64::from(budget) } else { kept };
        if i64::from(budget) < kept {
            return Err(Refusal::invalid(format!(
                "truncate_prompt_tokens={kept} cannot be greater than max_model_len - max_tokens = {budget}. Please request a smaller truncation size."
            )));
        }
        let surplus = prompt.len().saturating_sub(usize::try_from(kept).unwrap_or(0));
        prompt.drain(..surplus);
        Ok(())
    }

    fn check_logprobs(&self, bounds: Bounds<'_>) -> Result<(), Refusal> {
        for (name, asked) in [("logprobs", self.logprobs), ("prompt_logprobs", self.prompt_logprobs)] {
            // −1 is the whole vocabulary
            let asked = asked.map_or(0, |asked| u32::try_from(asked).unwrap_or(bounds.model_vocab));
            if bounds.max_logprobs < asked {
                return Err(Refusal::invalid(format!(
                    "requested {name} of {asked}, which is greater than max allowed: {}",
                    bounds.max_logprobs
                )));
            }
        }
        Ok(())
    }

    fn max_tokens(&self, bounds: Bounds<'_>, prompt: usize) -> Result<u32, Refusal> {
        let limit = bounds.max_model_len;
        let left = u32::try_from(prompt).ok().and_then(|prompt| limit.checked_sub(prompt)).unwrap_or(0);
        if left == 0 {
            return Err(Refusal::invalid(format!(
                "this model's maximum context length is {limit} tokens, but the prompt contains {prompt} input tokens"
            )));
        }
        Ok(self.max_tokens.map_or(left, |asked| asked.min(left)))
    }

    fn check_ranges(&self) -> Result<(), Refusal> {
        let within = |value: Option<f32>, low: f32, high: f32| value.is_none_or(|value| low <= value && value <= high);
        let above_zero = |value: Option<f32>, high: f32| value.is_none_or(|value| 0.0 < value && value <= high);
        let rules = [
            ("temperature", self.temperature, within(self.temperature, 0.0, 2.0), "[0, 2]"),
            ("top_p", self.top_p, above_zero(self.top_p, 1.0), "(0, 1]"),
            ("min_p", self.min_p, within(self.min_p, 0.0, 1.0), "[0, 1]"),
            ("frequency_penalty", self.frequency_penalty, within(self.frequency_penalty, -2.0, 2.0), "[-2, 2]"),
            ("presence_penalty", self.presence_penalty, within(self.presence_penalty, -2.0, 2.0), "[-2, 2]"),
            ("repetition_penalty", self.repetition_penalty, above_zero(self.repetition_penalty, f32::MAX), "(0, inf)"),
        ];
        match rules.into_iter().find(|(_, _, holds, _)| !holds) {
            Some((name, value, _, expected)) => {
                let value = value.unwrap_or_default();
                Err(Refusal::invalid(format!("{name} must be in {expected}, got {value}")))
            }
            None => Ok(()),
        }
    }

    fn check_vocabulary(&self, bounds: Bounds<'_>, biases: &[(u32, f32)]) -> Result<(), Refusal> {
        known("stop_token_ids", &self.stop_token_ids, bounds.model_vocab)?;
        if let Some(allowed) = &self.allowed_token_ids {
            if allowed.is_empty() {
                return Err(Refusal::invalid("allowed_token_ids should not be empty"));
            }
            known("allowed_token_ids", allowed, bounds.tokenizer.vocab_size())?;
        }
        let tokens: Vec<u32> = biases.iter().map(|(token, _)| *token).collect();
        known("logit_bias", &tokens, bounds.model_vocab)
    }
}

/// Refuses ids beyond a vocabulary, all of them in one message.
fn known(parameter: &str, tokens: &[u32], vocab_size: u32) -> Result<(), Refusal> {
    let unknown: Vec<u32> = tokens.iter().copied().filter(|token| vocab_size <= *token).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "token_id(s) {unknown:?} in {parameter} are out of vocabulary. Vocabulary size: {vocab_size}"
    )))
}

/// A word as it stands, and after a space if it then has another first token and as many in all.
fn forbidden(word: &str, tokenizer: &Tokenizer) -> Vec<Vec<u32>> {
    let plain = tokenizer.encode(word);
    let spaced = tokenizer.encode(&format!(" {}", word.trim_start()));
    let both = plain.first() != spaced.first() && plain.len() == spaced.len();
    let mut words = vec![plain];
    if both {
        words.push(spaced);
    }
    words.retain(|tokens| !tokens.is_empty());
    words
}
