use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    check::{Check, Need, Running},
    profile::{ByProfile, ServerProfile},
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-35",
    level: Level::Info,
    title: "which parameters of later releases the server reads",
    sends: "both endpoints, each with a value that a server which knows the parameter refuses: stream_interval 0 (0.27.1), \
            thinking_token_budget -5 (0.19.1), repetition_detection of patterns of -1 (0.17.1), and a greedy n of 100000, which is too \
            many since 0.19.1 and one too many before",
    expects: ByProfile::vllm("recorded"),
    reference: "vLLM 0.32 sampling_params.py:53, :62, :186, :703",
    // a server of another make might try to make so many choices
    needs: &[Need::Profile(&[ServerProfile::Py013, ServerProfile::Py032, ServerProfile::Rs032])],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let parameters = [
            ("stream_interval", json!(0)),
            ("thinking_token_budget", json!(-5)),
            ("repetition_detection", json!({"max_pattern_size": -1})),
            ("n", json!(100_000)),
        ];
        for endpoint in s.endpoints()? {
            for (name, value) in &parameters {
                let answer = s.send(endpoint, json!({"max_tokens": 1, *name: value})).await?;
                let message = answer.json().ok().and_then(|body| body.pointer("/error/message").cloned());
                let seen = (answer.status, message.unwrap_or(Value::Null));
                s.record(format!("{} {name}: status, message", endpoint.label()), seen);
            }
        }
        Ok(())
    }
    .boxed()
}
