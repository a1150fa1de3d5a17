//! The `usage` object, as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The three counts of a `usage` object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UsageCounts {
    /// `prompt_tokens`.
    pub prompt_tokens: u64,
    /// `total_tokens`.
    pub total_tokens: u64,
    /// `completion_tokens`.
    pub completion_tokens: u64,
}

impl UsageCounts {
    /// The counts of a `usage` object; `None` unless all three are there, integers, and not negative.
    #[must_use]
    pub fn of(usage: &Value) -> Option<Self> {
        let count = |name: &str| usage.get(name)?.as_u64();
        Some(Self {
            prompt_tokens: count("prompt_tokens")?,
            total_tokens: count("total_tokens")?,
            completion_tokens: count("completion_tokens")?,
        })
    }
}

/// The `usage` object of a body or chunk; `None` where the key is absent or null.
#[must_use]
pub fn usage_of(body: &Value) -> Option<&Value> {
    body.get("usage").filter(|usage| !usage.is_null())
}

/// Whether a chunk is the one that closes a stream with the usage of all choices: `choices: []` and a `usage` object.
#[must_use]
pub fn is_usage_chunk(chunk: &Value) -> bool {
    chunk.get("choices").and_then(Value::as_array).is_some_and(Vec::is_empty) && usage_of(chunk).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_must_be_whole_present_and_not_negative() {
        let usage = json!({"prompt_tokens": 3, "total_tokens": 7, "completion_tokens": 4});
        let counts = UsageCounts { prompt_tokens: 3, total_tokens: 7, completion_tokens: 4 };
        assert_eq!(UsageCounts::of(&usage), Some(counts));
        for (name, wrong) in [
            ("total_tokens", json!(7.0)),
            ("prompt_tokens", json!(-3)),
            ("completion_tokens", json!("4")),
            ("completion_tokens", json!(null)),
        ] {
            let mut usage = usage.clone();
            usage[name] = wrong;
            assert_eq!(UsageCounts::of(&usage), None, "{usage}");
        }
    }

    #[test]
    fn a_null_usage_is_none() {
        assert_eq!(usage_of(&json!({"usage": null})), None);
        assert_eq!(usage_of(&json!({})), None);
        assert_eq!(usage_of(&json!({"usage": {}})), Some(&json!({})));
    }
}
