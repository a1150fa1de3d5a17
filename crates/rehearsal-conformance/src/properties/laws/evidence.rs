use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    properties::law::{Judgement, Law, equal, not_judged},
    raw::choices,
};

pub(super) const LAW: Law = Law {
    id: "P-06",
    title: "as many tokens are counted as the answer lists",
    says: "completion_tokens = token ids, and = entries of logprobs, over all choices, whole and streamed",
    reference: "OpenAI API, logprobs; recordings of 0.13.0 and 0.32.0",
    known: &[],
    judge: |t| {
        async move {
            let whole = t.whole().await?;
            let of_whole: Vec<&Value> = choices(&whole.body).iter().collect();
            let Some((kind, listed)) = listed(&whole.sent, &of_whole) else { return not_judged("lists no tokens") };
            let counted = whole.counts()?.completion_tokens;
            let judged = equal(format!("completion_tokens against {kind}"), listed, counted, whole.exchange);
            if judged != Judgement::Holds {
                return Ok(judged);
            }
            let Ok(streamed) = t.streamed().await else { return Ok(judged) };
            let Ok(counts) = streamed.counts() else { return Ok(judged) };
            let of_stream: Vec<&Value> = streamed.stream.choices().map(|(_, choice)| choice).collect();
            let Some((kind, listed)) = self::listed(&streamed.sent, &of_stream) else { return Ok(judged) };
            let about = format!("completion_tokens of the stream against {kind}");
            Ok(equal(about, listed, counts.completion_tokens, streamed.exchange))
        }
        .boxed()
    },
};

/// What lists the tokens of these choices, and how many.
fn listed(sent: &Value, choices: &[&Value]) -> Option<(&'static str, u64)> {
    // an echo lists the prompt's tokens, too
    if sent.get("echo") == Some(&json!(true)) {
        return None;
    }
    let lengths = |pointer: &str| -> u64 {
        let lists = choices.iter().filter_map(|choice| choice.pointer(pointer)?.as_array());
        lists.map(|list| list.len() as u64).sum()
    };
    let has = |pointer: &str| choices.iter().any(|choice| choice.pointer(pointer).is_some_and(Value::is_array));
    let asked = |name: &str| sent.get(name).is_some_and(|value| *value != json!(false) && !value.is_null());
    if asked("return_token_ids") && has("/token_ids") {
        return Some(("token_ids", lengths("/token_ids")));
    }
    // servers differ in whether the tokens of a stop string are listed, and a tool call's need not be
    if !asked("logprobs") || asked("stop") || asked("tools") {
        return None;
    }
    let pointer = ["/logprobs/content", "/logprobs/tokens"].into_iter().find(|pointer| has(pointer))?;
    Some(("logprobs", lengths(pointer)))
}
