//! `/v1/embeddings`: whole answers without output tokens.

use serde::{Deserialize, de::IgnoredAny};

use super::{FinishReason, TokenUsage, said::Said, usage::UsageWire, wire::ErrorText};

#[derive(Deserialize)]
struct Embeddings {
    #[serde(default)]
    data: Option<Vec<IgnoredAny>>,
    #[serde(default)]
    usage: Option<UsageWire>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    error: Option<ErrorText>,
}

/// Reads a whole answer; `None` where it has no `data` with anything in it.
pub(super) fn whole(json: &[u8]) -> Result<Option<Said>, serde_json::Error> {
    let answer: Embeddings = serde_json::from_slice(json)?;
    let error = answer.error.and_then(|ErrorText(message)| message);
    if error.is_none() && answer.data.is_none_or(|data| data.is_empty()) {
        return Ok(None);
    }
    // an embedding has no output tokens: vLLM states 0, and others leave the count out
    let usage = answer.usage.map(|usage| TokenUsage { completion_tokens: None, ..usage.into() });
    Ok(Some(Said { finish: Some(FinishReason::Stop), usage, error, model: answer.model, ..Said::default() }))
}
