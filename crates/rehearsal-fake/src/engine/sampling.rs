//! What a request asks of its tokens: when they stop, which are forced, which forbidden.

use std::num::NonZeroU32;

/// The part of vLLM's `SamplingParams` that decides how many tokens come and which may come.
///
/// The engine itself acts on what decides the end, on what forces and what forbids. Temperature, `top_k` and their kin need logits to act
/// on: they are here for a [`TokenSource`](super::TokenSource) that has some.
///
/// ```
/// use std::num::NonZeroU32;
/// use rehearsal_fake::engine::SamplingParams;
///
/// let params = SamplingParams { ignore_eos: true, ..SamplingParams::new(NonZeroU32::MIN) };
/// assert_eq!(params.max_tokens.get(), 1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SamplingParams {
    /// Tokens after which the request ends with `length`.
    pub max_tokens: NonZeroU32,
    /// Tokens before which nothing may stop the request: end-of-sequence and stop tokens are masked, stop strings not looked for.
    pub min_tokens: u32,
    /// Whether generation goes on past the model's end-of-sequence tokens.
    pub ignore_eos: bool,
    /// Tokens that end the request; they count.
    pub stop_token_ids: Vec<u32>,
    /// Strings that end the request; their tokens count. They need [`Vocabulary::detokenize`](super::Vocabulary::detokenize).
    pub stop: Vec<String>,
    /// Whether the stop string or stop token stays in the text.
    pub include_stop_str_in_output: bool,
    /// Whether special tokens have no text.
    pub skip_special_tokens: bool,
    /// The request's own seed, part of the key of its draws.
    pub seed: Option<u64>,
    /// Sampling temperature; the most probable token below 1e-5.
    pub temperature: f64,
    /// Probability mass of the most probable tokens that may be drawn.
    pub top_p: f64,
    /// Number of the most probable tokens that may be drawn.
    pub top_k: Option<NonZeroU32>,
    /// The least probability of a token that may be drawn, as a share of the greatest.
    pub min_p: f64,
    /// Taken off the logits of tokens that were generated.
    pub presence_penalty: f64,
    /// Taken off the logits of tokens, once for each time that they were generated.
    pub frequency_penalty: f64,
    /// Divides the positive logits, and multiplies the negative ones, of tokens of the prompt and of the reply.
    pub repetition_penalty: f64,
    /// Bias by token id. +100 forces (the highest wins, the lower id among equals), −100 forbids, anything between does nothing here.
    pub logit_bias: Vec<(u32, f32)>,
    /// When present, only these tokens may come.
    pub allowed_token_ids: Option<Vec<u32>>,
    /// Token sequences that may not be completed.
    pub bad_words: Vec<Vec<u32>>,
}

impl SamplingParams {
    /// vLLM's defaults with this `max_tokens`.
    #[must_use]
    pub fn new(max_tokens: NonZeroU32) -> Self {
        Self {
            max_tokens,
            min_tokens: 0,
            ignore_eos: false,
            stop_token_ids: Vec::new(),
            stop: Vec::new(),
            include_stop_str_in_output: false,
            skip_special_tokens: true,
            seed: None,
            temperature: 1.0,
            top_p: 1.0,
            top_k: None,
            min_p: 0.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            repetition_penalty: 1.0,
            logit_bias: Vec::new(),
            allowed_token_ids: None,
            bad_words: Vec::new(),
        }
    }

    /// Whether nothing but the token source decides: the hot path.
    pub(super) fn is_unconstrained(&self) -> bool {
        self.min_tokens == 0
            && self.logit_bias.is_empty()
            && self.allowed_token_ids.is_none()
            && self.bad_words.is_empty()
    }
}
