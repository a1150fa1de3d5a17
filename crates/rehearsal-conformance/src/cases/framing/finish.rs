use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "F-05",
    level: Level::Must,
    title: "every choice of a stream finishes once, for a reason that exists",
    sends: "both endpoints, stream, max_tokens 4",
    expects: ByProfile::same("one finish_reason, on the choice's last chunk"),
    reference: "OpenAI API; vLLM's finish reasons up to 0.32.0",
    needs: &[],
    run,
};

/// OpenAI's, and those that vLLM adds (`abort`, `error` since 0.13.0, `repetition` since 0.17.1).
const REASONS: [&str; 8] =
    ["stop", "length", "tool_calls", "content_filter", "function_call", "abort", "error", "repetition"];

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let stream = s.stream(endpoint, json!({"max_tokens": 4})).await?;
            let about = endpoint.label();
            s.equal(format!("{about} indices"), vec![0], stream.indices());
            s.satisfies(
                format!("{about} finish reasons"),
                "one that exists",
                stream.finish_reasons(0),
                |seen| matches!(seen.as_slice(), [reason] if REASONS.contains(&reason.as_str())),
            );
            let last = stream.choices().last().and_then(|(_, choice)| choice.get("finish_reason").cloned());
            s.satisfies(format!("{about} finish_reason of the last chunk"), "a text", last, |last| {
                last.as_ref().is_some_and(Value::is_string)
            });
        }
        Ok(())
    }
    .boxed()
}
