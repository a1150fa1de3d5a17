//! What makes the recorded servers answer 5xx. Whatever is not here must not.

use serde_json::Value;

use super::requests::Sent;

/// Why a server fails at a request.
#[derive(Clone, Copy)]
pub(crate) struct Crash {
    /// Whether the engine is gone afterwards.
    pub(crate) kills: bool,
}

struct Rule {
    servers: &'static [&'static str],
    kills: bool,
    /// Where it is recorded: the case of a recording.
    #[expect(dead_code, reason = "the source of the rule")]
    recorded: &'static str,
    applies: fn(&Sent, &Value) -> bool,
}

const RULES: [Rule; 11] = [
    Rule {
        servers: &["0.13.0"],
        kills: false,
        recorded: "chat/json-array, chat/json-null: the validator indexes what is no object",
        applies: |_, body| !body.is_object(),
    },
    Rule {
        servers: &["0.13.0", "0.32.0"],
        kills: false,
        recorded: "the suite's E-34 on 2026-11-24: structured_outputs [\"x\", 3] and others that have no members",
        applies: |_, body| body.get("structured_outputs").is_some_and(|value| !value.is_null() && !value.is_object()),
    },
    Rule {
        servers: &["0.13.0"],
        kills: false,
        recorded: "protocol.py, check_logprobs: what is no number is compared with 0",
        applies: |_, body| {
            let mut compared =
                ["prompt_logprobs", "top_logprobs", "logprobs"].into_iter().filter_map(|key| body.get(key));
            compared.any(|value| value.is_string() || value.is_array() || value.is_object())
        },
    },
    Rule {
        servers: &["0.13.0"],
        kills: false,
        recorded: "completions/max_tokens-null: null is compared with a number",
        applies: |_, body| body.get("max_tokens").is_some_and(Value::is_null),
    },
    Rule {
        servers: &["0.13.0"],
        kills: false,
        recorded: "chat/response_format-json_schema-missing: an assertion without a text",
        applies: |_, body| body["response_format"]["type"] == "json_schema",
    },
    Rule {
        servers: &["0.13.0"],
        kills: true,
        recorded: "completions/danger-prompt-token-ids-negative: kills the engine",
        applies: |sent, body| {
            let negative = |value: &Value| value.as_i64().is_some_and(|id| id < 0);
            let any = |value: &Value| {
                let items = value.as_array().into_iter().flatten();
                items.flat_map(|item| item.as_array().map_or(vec![item], |inner| inner.iter().collect())).any(negative)
            };
            matches!(sent.path, "/v1/completions" | "/invocations" | "/inference/v1/generate" | "/detokenize")
                && (any(&body["prompt"]) || any(&body["token_ids"]) || any(&body["tokens"]))
        },
    },
    Rule {
        servers: &["0.13.0"],
        kills: false,
        recorded: "vl/truncated-png, vl/http-refused: an image that cannot be had",
        applies: |_, body| body.to_string().contains("image_url"),
    },
    Rule {
        servers: &["0.32.0", "0.32.0-rust"],
        kills: false,
        recorded: "vl/http-refused, vl/file-url",
        applies: |_, body| body.to_string().contains("image_url"),
    },
    Rule {
        servers: &["0.32.0-rust"],
        kills: false,
        recorded: "chat/tools-auto and others: tools without a parser",
        applies: |_, body| body.get("tools").is_some(),
    },
    Rule {
        servers: &["0.32.0-rust"],
        kills: false,
        recorded: "chat/tool-role-bad-arguments: arguments of an earlier call that are no JSON",
        applies: |_, body| body["messages"].to_string().contains("tool_calls"),
    },
    Rule {
        servers: &["0.32.0-rust"],
        kills: false,
        recorded: "chat/tool-role-bad-arguments: whatever the chat template fails at is a 500",
        applies: |_, body| body.get("chat_template").is_some() || body.get("chat_template_kwargs").is_some(),
    },
];

/// The rule that lets this server fail at this request.
pub(crate) fn reason(version: &str, sent: &Sent) -> Option<Crash> {
    let body = serde_json::from_str(&sent.body).unwrap_or_default();
    let rules = RULES.iter().filter(|rule| rule.servers.contains(&version) && (rule.applies)(sent, &body));
    rules.map(|rule| Crash { kills: rule.kills }).reduce(|one, other| Crash { kills: one.kills || other.kills })
}
