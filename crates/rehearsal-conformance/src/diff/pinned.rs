//! Whether a request leaves the model a choice of how long its answer is.

use serde_json::Value;

use crate::exchange::SentRequest;

/// Whether the length and the end of the answer follow from the request alone, so that they say something about the server.
pub(super) fn is_pinned(request: &SentRequest) -> bool {
    let Some(Value::Object(body)) = &request.body else { return true };
    let generates = body.contains_key("messages") || body.contains_key("prompt") || body.contains_key("input");
    let one_token = ["max_tokens", "max_completion_tokens", "max_output_tokens"]
        .iter()
        .any(|limit| body.get(*limit).and_then(Value::as_i64).is_some_and(|limit| limit <= 1));
    !generates || one_token || body.get("ignore_eos") == Some(&Value::Bool(true)) || body.contains_key("logit_bias")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_that_the_model_may_end_has_no_length_to_compare() {
        let pinned = |body: Value| {
            is_pinned(&SentRequest {
                method: "POST".into(),
                path: "/v1/completions".into(),
                headers: vec![],
                body: Some(body),
            })
        };
        assert!(!pinned(json!({"prompt": [1], "max_tokens": 8})));
        assert!(pinned(json!({"prompt": [1], "max_tokens": 1})));
        assert!(pinned(json!({"prompt": [1], "max_tokens": 8, "ignore_eos": true})));
        assert!(pinned(json!({"prompt": [1], "logit_bias": {"3": 100}})));
        assert!(pinned(json!({"tokens": [1]})));
    }
}
