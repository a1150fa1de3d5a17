use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{implemented, two};
use crate::{
    call::Endpoint,
    check::{Check, Running},
    profile::ByProfile,
    raw::{RawStream, is_usage_chunk},
    session::{Session, stream},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-41",
    level: Level::Must,
    title: "a stream of several choices finishes each once before its usage",
    sends: "both endpoints, n = 2, stream with include_usage, max_tokens 5",
    expects: ByProfile::same(
        "roles of all choices before any text; one finish_reason per choice; usage after the last",
    ),
    reference: "vLLM test_chat_completion_n_parameter_streaming; recordings",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let over = json!({"stream": true, "max_tokens": 5, "stream_options": {"include_usage": true}});
            let answer = s.send(endpoint, two(&over)).await?;
            implemented(s, &answer)?;
            let stream = stream(endpoint, &answer)?;
            let about = endpoint.label();
            s.equal(format!("{about}: indices"), vec![0, 1], stream.indices());
            let finishes: Vec<usize> = [0, 1].map(|index| stream.finish_reasons(index).len()).into();
            s.equal(format!("{about}: finish reasons by choice"), vec![1, 1], finishes);
            let usage_at = stream.chunks().position(is_usage_chunk);
            let last_choice_at = stream.chunks().collect::<Vec<_>>().iter().rposition(|chunk| !is_usage_chunk(chunk));
            s.satisfies(
                format!("{about}: place of usage"),
                "after the last choice",
                (last_choice_at, usage_at),
                |at| matches!(at, (Some(choice), Some(usage)) if choice < usage),
            );
            if endpoint == Endpoint::Chat {
                let text_before_role = text_before_role(&stream);
                s.equal(format!("{about}: chunks with text before the last role"), 0, text_before_role);
            }
        }
        Ok(())
    }
    .boxed()
}

fn text_before_role(stream: &RawStream) -> usize {
    let deltas: Vec<&Value> = stream.choices().filter_map(|(_, choice)| choice.get("delta")).collect();
    let last_role = deltas.iter().rposition(|delta| delta.get("role").is_some_and(Value::is_string)).unwrap_or(0);
    let has_text = |delta: &&&Value| delta.get("content").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    deltas[..last_role].iter().filter(has_text).count()
}
