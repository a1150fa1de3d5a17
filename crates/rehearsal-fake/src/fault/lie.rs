//! Usage that does not tell the truth.

use std::collections::VecDeque;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{UsageLie, body::event};

/// Rewrites the usage of one answer.
#[derive(Debug)]
pub(super) struct Liar {
    lie: UsageLie,
    /// The chunk with a finish reason, kept until the usage that is to stand on it comes.
    held: Option<Value>,
}

impl Liar {
    pub(super) fn new(lie: UsageLie) -> Self {
        Self { lie, held: None }
    }

    /// Puts what becomes of one event, or of a plain answer, into `out`.
    pub(super) fn pass(&mut self, bytes: &Bytes, is_event: bool, out: &mut VecDeque<Bytes>) {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let data = if is_event { text.trim_start_matches("data: ").trim_end() } else { text };
        let Ok(mut value) = serde_json::from_str::<Value>(data) else {
            // `[DONE]`: whatever was held goes first
            out.extend(self.held.take().map(|held| event(&held.to_string())));
            return out.push_back(bytes.clone());
        };
        let write = |value: &Value| if is_event { event(&value.to_string()) } else { Bytes::from(value.to_string()) };
        let is_usage_chunk = value["choices"].as_array().is_some_and(Vec::is_empty);
        match self.lie {
            UsageLie::CompletionOff(by) => shift(&mut value, &["completion_tokens", "total_tokens"], by),
            UsageLie::PromptOff(by) => shift(&mut value, &["prompt_tokens", "total_tokens"], by),
            UsageLie::TotalOff(by) => shift(&mut value, &["total_tokens"], by),
            UsageLie::Missing if is_usage_chunk => return,
            UsageLie::Missing => {
                if let Some(object) = value.as_object_mut() {
                    object.shift_remove("usage");
                }
            }
            UsageLie::Twice if is_usage_chunk => out.push_back(write(&value)),
            UsageLie::OnLastChoice => return self.move_usage(value, is_usage_chunk, out),
            UsageLie::Unasked if value["usage"].is_null() => {
                value["usage"] = json!({"prompt_tokens": 0, "total_tokens": 0, "completion_tokens": 0});
            }
            UsageLie::Twice | UsageLie::Unasked => {}
        }
        out.push_back(write(&value));
    }

    fn move_usage(&mut self, value: Value, is_usage_chunk: bool, out: &mut VecDeque<Bytes>) {
        if is_usage_chunk {
            if let Some(mut held) = self.held.take() {
                held["usage"] = value["usage"].clone();
                out.push_back(event(&held.to_string()));
            }
            return;
        }
        out.extend(self.held.take().map(|held| event(&held.to_string())));
        if value["choices"][0]["finish_reason"].is_string() {
            self.held = Some(value);
        } else {
            out.push_back(event(&value.to_string()));
        }
    }
}

fn shift(value: &mut Value, keys: &[&str], by: i64) {
    for key in keys {
        if let Some(count) = value["usage"][key].as_i64() {
            value["usage"][key] = count.saturating_add(by).max(0).into();
        }
    }
}
