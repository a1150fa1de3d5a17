//! How many tokens a request may generate, and how long its prompt may be.

use super::{error::ApiError, fields::Fields, validation::Problem};
use crate::version::{ErrorCode, ErrorParam, Features, Overflow, TruncationSide, WholeTruncation};

/// The `max_tokens` of a request, under whichever name it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) tokens: i64,
    pub(super) field: &'static str,
}

/// The tokens that a chat may generate: what is asked for, or all that fits behind the prompt.
pub(super) fn for_chat(
    features: &Features,
    max_model_len: u32,
    prompt_len: usize,
    wanted: Option<Wanted>,
) -> Result<i64, ApiError> {
    let (limit, prompt) = (i64::from(max_model_len), signed(prompt_len));
    let left = limit - prompt;
    if features.max_tokens_overflow == Overflow::Clamped {
        return clamped(features, limit, prompt, wanted);
    }
    if left <= 0 {
        // the trailing `None` is the absent cause of the exception (`serving_chat.py`, `f"{e} {e.__cause__}"`)
        return Err(ApiError::bad_request(format!("{} None", too_long(limit, prompt))));
    }
    match wanted {
        Some(Wanted { tokens, .. }) if left < tokens => Err(ApiError::bad_request(format!(
            "'max_tokens' or 'max_completion_tokens' is too large: {tokens}. This model's maximum context length is {limit} tokens and \
             your request has {prompt} input tokens ({tokens} > {limit} - {prompt}). None"
        ))),
        Some(Wanted { tokens, .. }) => Ok(tokens),
        None => Ok(left),
    }
}

/// The tokens that a completion may generate: what is asked for.
pub(super) fn for_completion(
    features: &Features,
    max_model_len: u32,
    prompt_len: usize,
    wanted: Wanted,
) -> Result<i64, ApiError> {
    let (limit, prompt) = (i64::from(max_model_len), signed(prompt_len));
    if features.max_tokens_overflow == Overflow::Clamped {
        return clamped(features, limit, prompt, Some(wanted));
    }
    // the message names what the answer leaves of the context, issue #33418
    let limit = limit.saturating_sub(wanted.tokens.max(0));
    if limit < prompt { Err(ApiError::bad_request(too_long(limit, prompt))) } else { Ok(wanted.tokens) }
}

fn clamped(features: &Features, limit: i64, prompt: i64, wanted: Option<Wanted>) -> Result<i64, ApiError> {
    let rust = features.error_code == ErrorCode::Name;
    if let Some(Wanted { tokens, field }) = wanted.filter(|wanted| limit < wanted.tokens && !rust) {
        let message = format!(
            "{field}={tokens} cannot be greater than max_model_len={limit}. Please request fewer output tokens."
        );
        return Err(ApiError::bad_value(features, field, &tokens.to_string(), &message));
    }
    if limit < prompt {
        return Err(if rust {
            ApiError::bad_request(format!(
                "this model's maximum context length is {limit} tokens, but the prompt contains {prompt} input tokens"
            ))
        } else {
            let least = limit + 1;
            let message = format!(
                "This model's maximum context length is {limit} tokens. However, your prompt contains at least {least} input tokens, which \
                 exceeds this limit even without any output tokens. Please reduce the length of the input prompt."
            );
            ApiError::bad_value(features, "input_tokens", &least.to_string(), &message)
        });
    }
    let left = limit - prompt;
    Ok(wanted.map_or(left, |wanted| wanted.tokens.min(left)))
}

/// The tokens that `truncate_prompt_tokens: -1` keeps of a prompt whose request `generates` something.
pub(super) fn whole_prompt(features: &Features, max_model_len: i64, generates: bool) -> i64 {
    match features.whole_truncation {
        WholeTruncation::OneLeft if generates => max_model_len - 1,
        WholeTruncation::OneLeft | WholeTruncation::Context => max_model_len,
    }
}

/// What a request cuts off its prompts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Truncation {
    /// `truncate_prompt_tokens`: how many tokens are kept.
    pub(super) tokens: Option<i64>,
    pub(super) side: Side,
}

/// Where tokens are cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Side {
    /// At the beginning.
    #[default]
    Left,
    /// At the end.
    Right,
}

/// Reads what a request cuts off.
pub(super) fn read_truncation(features: &Features, fields: &mut Fields<'_>) -> Truncation {
    let tokens = fields.int("truncate_prompt_tokens");
    if let Some(tokens) = tokens.filter(|tokens| *tokens < -1) {
        let loc = vec!["truncate_prompt_tokens".into()];
        let problem =
            Problem::new("greater_than_equal", loc, "Input should be greater than or equal to -1", &tokens.into());
        fields.problem(Problem { context: Some("'ge': -1".to_owned()), ..problem });
    }
    let asked = fields.value("truncation_side").filter(|_| features.truncation_side == TruncationSide::Asked);
    let side = match asked.map(|side| (side, side.as_str())) {
        None | Some((_, Some("left"))) => Side::Left,
        Some((_, Some("right"))) => Side::Right,
        Some((other, _)) => {
            let (loc, message) = (vec!["truncation_side".into()], "Input should be 'left' or 'right'");
            let problem = Problem::new("literal_error", loc, message, other);
            fields.problem(Problem { context: Some("'expected': \"'left' or 'right'\"".to_owned()), ..problem });
            Side::Left
        }
    };
    Truncation { tokens, side }
}

/// `truncate_prompt_tokens`: keeps the end of the prompt, or its beginning. `all` is what −1 stands for, `limit` the most that may be asked for.
pub(super) fn truncate(
    features: &Features,
    prompt: &mut Vec<u32>,
    Truncation { tokens: asked, side }: Truncation,
    (all, limit): (i64, i64),
    refused: impl FnOnce(i64, i64) -> String,
) -> Result<(), ApiError> {
    let Some(asked) = asked else { return Ok(()) };
    let kept = if asked == -1 { all } else { asked };
    if limit < kept {
        let message = if features.error_param == ErrorParam::Named {
            format!(
                "truncate_prompt_tokens={kept} cannot be greater than max_model_len = {limit}. Please request a smaller truncation size."
            )
        } else {
            refused(kept, limit)
        };
        return Err(ApiError::bad_value(features, "truncate_prompt_tokens", &kept.to_string(), &message));
    }
    let kept = usize::try_from(kept).unwrap_or(0);
    match side {
        Side::Left => drop(prompt.drain(..prompt.len().saturating_sub(kept))),
        Side::Right => prompt.truncate(kept),
    }
    Ok(())
}

fn too_long(limit: i64, prompt: i64) -> String {
    format!(
        "This model's maximum context length is {limit} tokens. However, your request has {prompt} input tokens. Please reduce the length \
         of the input messages."
    )
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Wire;

    const MAX_TOKENS: &str = "max_tokens";

    fn said(features: &Features, outcome: Result<i64, ApiError>) -> Result<i64, String> {
        outcome.map_err(|error| error.json(features).unwrap()["error"]["message"].as_str().unwrap().to_owned())
    }

    #[track_caller]
    fn chat(version: &str, prompt: usize, tokens: Option<i64>, expect: Result<i64, &str>) {
        let features = Wire::of(version.parse().unwrap()).unwrap().features;
        let wanted = tokens.map(|tokens| Wanted { tokens, field: MAX_TOKENS });
        assert_eq!(
            said(&features, for_chat(&features, 512, prompt, wanted)),
            expect.map_err(str::to_owned),
            "{version}"
        );
    }

    /// Figures of recorded servers with a context of 512 tokens.
    #[test]
    fn chat_is_refused_by_old_versions_and_clamped_by_new_ones() {
        chat("0.13.0", 16, None, Ok(496));
        chat(
            "0.13.0",
            16,
            Some(510),
            Err(
                "'max_tokens' or 'max_completion_tokens' is too large: 510. This model's maximum context length is 512 tokens and \
                 your request has 16 input tokens (510 > 512 - 16). None",
            ),
        );
        chat("0.32.0", 510, Some(3), Ok(2));
        chat("0.32.0", 512, None, Ok(0));
        chat("0.32.0-rust", 16, Some(100_000), Ok(496));
        chat(
            "0.32.0-rust",
            2413,
            None,
            Err("this model's maximum context length is 512 tokens, but the prompt contains 2413 input tokens"),
        );
    }

    #[test]
    fn old_completions_name_the_wrong_limit() {
        let features = Wire::of("0.13.0".parse().unwrap()).unwrap().features;
        let wanted = Wanted { tokens: 100_000, field: MAX_TOKENS };
        assert_eq!(
            said(&features, for_completion(&features, 512, 3, wanted)).unwrap_err(),
            "This model's maximum context length is -99488 tokens. However, your request has 3 input tokens. Please reduce the \
             length of the input messages."
        );
    }

    #[test]
    fn truncation_keeps_the_end() {
        let features = Wire::of("0.13.0".parse().unwrap()).unwrap().features;
        let mut prompt = vec![1, 2, 3];
        let to = |tokens: i64, side: Side| Truncation { tokens: Some(tokens), side };
        truncate(&features, &mut prompt, to(2, Side::Left), (9, 9), |_, _| String::new()).unwrap();
        assert_eq!(prompt, [2, 3]);
        truncate(&features, &mut prompt, to(1, Side::Right), (9, 9), |_, _| String::new()).unwrap();
        assert_eq!(prompt, [2]);
        let refused =
            truncate(&features, &mut prompt, to(10, Side::Left), (9, 9), |kept, limit| format!("{kept} {limit}"));
        assert!(refused.is_err());
    }
}
