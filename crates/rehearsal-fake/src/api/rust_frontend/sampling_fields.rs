//! The fields that chats and completions share, each with the type that serde's errors name.

use serde::{Deserialize, Deserializer, de::Error as _};

use super::refusal::Refusal;
use crate::usage;

/// A request type with its own fields first and the shared ones behind them.
macro_rules! request_type {
    ($(#[$attribute:meta])* struct $name:ident { $($own:tt)* }) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "fields that have no effect on an answer are read for their type")]
        pub(super) struct $name {
            $($own)*
            pub(super) model: Option<String>,
            #[serde(default)]
            pub(super) echo: bool,
            pub(super) frequency_penalty: Option<f32>,
            pub(super) logit_bias: Option<std::collections::BTreeMap<String, f32>>,
            pub(super) n: Option<u32>,
            pub(super) presence_penalty: Option<f32>,
            pub(super) seed: Option<i64>,
            pub(super) stop: Option<super::stop::StringOrArray>,
            #[serde(default)]
            pub(super) stream: bool,
            pub(super) stream_options: Option<super::sampling_fields::StreamOptions>,
            pub(super) temperature: Option<f32>,
            pub(super) top_p: Option<f32>,
            user: Option<String>,
            #[serde(default)]
            pub(super) use_beam_search: bool,
            #[serde(default, deserialize_with = "super::sampling_fields::top_k")]
            pub(super) top_k: Option<u32>,
            pub(super) min_p: Option<f32>,
            pub(super) repetition_penalty: Option<f32>,
            pub(super) length_penalty: Option<f32>,
            pub(super) stop_token_ids: Option<Vec<u32>>,
            #[serde(default)]
            pub(super) include_stop_str_in_output: bool,
            #[serde(default)]
            pub(super) ignore_eos: bool,
            pub(super) min_tokens: Option<u32>,
            #[serde(default = "super::sampling_fields::yes")]
            pub(super) skip_special_tokens: bool,
            #[serde(default = "super::sampling_fields::yes")]
            pub(super) spaces_between_special_tokens: bool,
            pub(super) truncate_prompt_tokens: Option<i64>,
            pub(super) prompt_logprobs: Option<i32>,
            pub(super) allowed_token_ids: Option<Vec<u32>>,
            pub(super) bad_words: Option<Vec<String>>,
            pub(super) thinking_token_budget: Option<i64>,
            pub(super) structured_outputs: Option<serde_json::Value>,
            pub(super) priority: Option<i32>,
            pub(super) request_id: Option<String>,
            pub(super) return_tokens_as_token_ids: Option<bool>,
            pub(super) return_token_ids: Option<bool>,
            pub(super) cache_salt: Option<String>,
            kv_transfer_params: Option<serde_json::Map<String, serde_json::Value>>,
            ec_transfer_params: Option<serde_json::Map<String, serde_json::Value>>,
            vllm_xargs: Option<serde_json::Map<String, serde_json::Value>>,
            repetition_detection: Option<super::sampling_fields::RepetitionDetection>,
        }

        impl $name {
            /// What it asks of the engine, with the two parameters that each endpoint names in its own way.
            pub(super) fn wishes(&self, max_tokens: Option<u32>, logprobs: Option<i32>) -> super::sampling::Wishes {
                super::sampling::Wishes {
                    max_tokens,
                    min_tokens: self.min_tokens,
                    logprobs,
                    prompt_logprobs: self.prompt_logprobs,
                    temperature: self.temperature,
                    top_p: self.top_p,
                    top_k: self.top_k,
                    min_p: self.min_p,
                    frequency_penalty: self.frequency_penalty,
                    presence_penalty: self.presence_penalty,
                    repetition_penalty: self.repetition_penalty,
                    thinking_token_budget: self.thinking_token_budget,
                    seed: self.seed,
                    stop: self.stop.as_ref().map(super::stop::StringOrArray::to_vec).unwrap_or_default(),
                    stop_token_ids: self.stop_token_ids.clone().unwrap_or_default(),
                    include_stop_str_in_output: self.include_stop_str_in_output,
                    ignore_eos: self.ignore_eos,
                    skip_special_tokens: self.skip_special_tokens,
                    logit_bias: self.logit_bias.clone().unwrap_or_default(),
                    allowed_token_ids: self.allowed_token_ids.clone(),
                    bad_words: self.bad_words.clone().unwrap_or_default(),
                    truncate_prompt_tokens: self.truncate_prompt_tokens,
                }
            }

            /// How log probabilities name tokens.
            pub(super) fn token_names(&self) -> crate::api::logprobs::TokenNames {
                use crate::api::logprobs::TokenNames;
                match (self.return_tokens_as_token_ids, self.skip_special_tokens) {
                    (Some(true), _) => TokenNames::Ids,
                    (_, true) => TokenNames::Spoken,
                    (_, false) => TokenNames::Text,
                }
            }

            /// What the frontend takes from neither endpoint.
            pub(super) fn check_supported(&self) -> Result<(), super::refusal::Refusal> {
                super::sampling_fields::refuse_unsupported([
                    (self.use_beam_search, "use_beam_search", "use_beam_search is not supported."),
                    (self.length_penalty.is_some(), "length_penalty", "length_penalty is not supported."),
                    (
                        !self.spaces_between_special_tokens,
                        "spaces_between_special_tokens",
                        "spaces_between_special_tokens is not supported.",
                    ),
                    (
                        self.truncate_prompt_tokens.is_some_and(|kept| kept < -1),
                        "truncate_prompt_tokens",
                        "truncate_prompt_tokens must be >= -1.",
                    ),
                    (
                        self.echo && self.truncate_prompt_tokens.is_some(),
                        "echo",
                        "`echo=true` is not supported with `truncate_prompt_tokens`.",
                    ),
                ])
            }
        }
    };
}

pub(super) use request_type;

/// `stream_options`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct StreamOptions {
    include_usage: Option<bool>,
    continuous_usage_stats: Option<bool>,
}

impl StreamOptions {
    /// The same, for the plan of a stream's usage. A null counts as absent, which is no.
    pub(super) fn plan(options: Option<Self>) -> usage::StreamOptions {
        options.map_or(usage::StreamOptions::Absent, |options| usage::StreamOptions::Given {
            include_usage: options.include_usage,
            continuous_usage_stats: options.continuous_usage_stats.unwrap_or(false),
        })
    }
}

/// `repetition_detection`, of which a fake has no use.
#[derive(Clone, Copy, Debug, Deserialize)]
#[expect(dead_code, reason = "read for its type")]
pub(super) struct RepetitionDetection {
    #[serde(default)]
    max_pattern_size: u32,
    #[serde(default)]
    min_pattern_size: u32,
    #[serde(default)]
    min_count: u32,
}

/// The first of these that is the case, refused.
pub(super) fn refuse_unsupported<const N: usize>(
    faults: [(bool, &'static str, &'static str); N],
) -> Result<(), Refusal> {
    match faults.into_iter().find(|(is, ..)| *is) {
        Some((_, field, message)) => Err(Refusal::field(field, message)),
        None => Ok(()),
    }
}

/// For fields that are on unless switched off.
pub(super) fn yes() -> bool {
    true
}

/// −1 and 0 both mean all tokens.
pub(super) fn top_k<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let Some(top_k) = Option::<i64>::deserialize(deserializer)? else { return Ok(None) };
    if top_k == -1 {
        return Ok(Some(0));
    }
    let refused = |_| D::Error::custom(format!("top_k must be -1, 0, or a positive integer, got {top_k}"));
    u32::try_from(top_k).map(Some).map_err(refused)
}
