//! `usage` as JSON.

use serde_json::{Value, json};

use super::{object::shaped, options::PromptTokensDetails};
use crate::{
    usage::Usage,
    version::{Frontend, ShapeName, Wire, ZeroCachedTokens},
};

/// Which `usage` of an answer is written; each has its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a whole answer.
    Whole,
    /// In the last chunk of a stream.
    Last,
    /// In a chunk with a choice of a chat.
    ChatChunk,
    /// In a chunk with a choice of a completion.
    CompletionChunk,
}

/// The object for that place.
pub(super) fn usage_json(wire: &Wire, details: PromptTokensDetails, place: Place, usage: &Usage) -> Value {
    let name = match place {
        Place::Whole => ShapeName::Usage,
        Place::Last => ShapeName::StreamUsage,
        Place::ChatChunk => ShapeName::ChatContinuousUsage,
        Place::CompletionChunk => ShapeName::CompletionContinuousUsage,
    };
    let shows_cached = details == PromptTokensDetails::Shown && matches!(place, Place::Whole | Place::Last);
    let cached = usage.cached_tokens.filter(|_| shows_cached);
    let cached = cached.filter(|cached| 0 < *cached || wire.features.zero_cached_tokens == ZeroCachedTokens::Zero);
    // the Rust frontend always counts reasoning tokens, of which a reply without a reasoning parser has none
    let reasoning = match wire.version.frontend() {
        Frontend::Rust => Some(usage.reasoning_tokens.unwrap_or(0)),
        Frontend::Python => usage.reasoning_tokens,
    };
    let completion_details = reasoning.map_or(Value::Null, |tokens| json!({ "reasoning_tokens": tokens }));
    shaped(
        wire,
        name,
        [
            ("prompt_tokens", usage.prompt_tokens.into()),
            ("total_tokens", usage.total_tokens().into()),
            ("completion_tokens", usage.completion_tokens.into()),
            ("prompt_tokens_details", cached.map_or(Value::Null, |cached| prompt_details(wire, place, cached, usage))),
            ("completion_tokens_details", completion_details),
        ],
    )
}

/// Where the prompt's tokens came from; a stream leaves nulls out.
fn prompt_details(wire: &Wire, place: Place, cached: u64, usage: &Usage) -> Value {
    let name = match place {
        Place::Whole => ShapeName::PromptTokensDetails,
        _ => ShapeName::StreamPromptTokensDetails,
    };
    let created = usage.created_cache_tokens.into();
    shaped(wire, name, [("cached_tokens", cached.into()), ("created_cache_tokens", created)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(version: &str, place: Place, cached: Option<u64>, expect: &str) {
        let wire = Wire::of(version.parse().unwrap()).unwrap();
        let usage = Usage { prompt_tokens: 14, completion_tokens: 8, cached_tokens: cached, ..Usage::default() };
        assert_eq!(usage_json(&wire, PromptTokensDetails::Shown, place, &usage).to_string(), expect, "{version}");
    }

    /// The strings are recorded.
    #[test]
    fn usage_has_the_keys_and_nulls_of_its_place_and_version() {
        const THREE: &str = r#"{"prompt_tokens":14,"total_tokens":22,"completion_tokens":8"#;
        check("0.13.0", Place::Whole, Some(0), &format!(r#"{THREE},"prompt_tokens_details":null}}"#));
        check("0.13.0", Place::Whole, Some(8), &format!(r#"{THREE},"prompt_tokens_details":{{"cached_tokens":8}}}}"#));
        check("0.13.0", Place::Last, Some(0), &format!("{THREE}}}"));
        check("0.13.0", Place::ChatChunk, Some(8), &format!("{THREE}}}"));
        check("0.13.0", Place::CompletionChunk, Some(8), &format!(r#"{THREE},"prompt_tokens_details":null}}"#));
        check(
            "0.32.0",
            Place::Whole,
            Some(0),
            &format!(
                r#"{THREE},"prompt_tokens_details":{{"cached_tokens":0,"created_cache_tokens":null,"multimodal_tokens":null}},"completion_tokens_details":null}}"#
            ),
        );
        check("0.32.0", Place::Last, Some(0), &format!(r#"{THREE},"prompt_tokens_details":{{"cached_tokens":0}}}}"#));
        check(
            "0.32.0-rust",
            Place::Last,
            None,
            &format!(r#"{THREE},"prompt_tokens_details":null,"completion_tokens_details":{{"reasoning_tokens":0}}}}"#),
        );
    }
}
