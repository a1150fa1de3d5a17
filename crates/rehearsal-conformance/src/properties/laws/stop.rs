use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::{ABSENT, overlaid},
    properties::{
        law::{Judgement, Law, Pass, broken, not_judged},
        trial::{Trial, asked_choices, repeats, text_of},
    },
    raw::choices,
    target::ServerFlag,
};

pub(super) const LAW: Law = Law {
    id: "P-09",
    title: "the tokens of the stop string are counted, and none after it",
    says: "with completion_tokens as its limit and no stop, the same request says the stop string; with one less it does not",
    reference: "recordings of 0.13.0 and 0.32.0; vLLM #47616",
    known: &[],
    judge: |t| {
        async move {
            let stopped = t.whole().await?;
            let stops = stops(&stopped.sent);
            if stops.is_empty() || !repeats(&stopped.sent) || asked_choices(&stopped.sent) != 1 {
                return not_judged("no stop string, several answers, or neither greedy nor seeded");
            }
            let choice = choices(&stopped.body).first().cloned().unwrap_or_default();
            let text = text_of(&choice).unwrap_or_default();
            if choice.get("finish_reason") != Some(&json!("stop")) {
                return not_judged("no stop string ended the answer");
            }
            let counted = stopped.counts()?.completion_tokens;
            let says_stop = |said: &str| stops.iter().any(|stop| said.contains(stop.as_str()));

            let unstopped = said(t, &stopped.sent, counted).await?;
            if !(unstopped.starts_with(&text) || text.starts_with(&unstopped)) {
                return not_judged("the same request does not say the same twice");
            }
            if !says_stop(&unstopped) {
                let expected = format!("as many as it takes to say {}", json!(stops));
                let seen = format!("{counted}, which say {}", json!(unstopped));
                return Ok(broken("completion_tokens", expected, seen, stopped.exchange));
            }
            // speculative decoding proposes tokens after the stop, which releases before 0.32.0 count (vLLM #47616)
            if counted < 2 || t.started_with(ServerFlag::SpeculativeConfig) {
                return Ok(Judgement::Holds);
            }
            let shorter = said(t, &stopped.sent, counted - 1).await?;
            if says_stop(&shorter) {
                let expected = format!("as few as it takes to say {}", json!(stops));
                let seen = format!("{counted}, though {} say {}", counted - 1, json!(shorter));
                return Ok(broken("completion_tokens", expected, seen, stopped.exchange));
            }
            Ok(Judgement::Holds)
        }
        .boxed()
    },
};

/// What the same request says without stops in so many tokens; not judged where it ends before.
async fn said(t: &mut Trial<'_, '_>, stopped: &Value, limit: u64) -> Result<String, Pass> {
    let over = json!({
        "stop": ABSENT, "include_stop_str_in_output": ABSENT, "min_tokens": ABSENT, "max_completion_tokens": ABSENT,
        "max_tokens": limit,
    });
    let unstopped = t.whole_of(overlaid(stopped.clone(), &over)).await?;
    let choice = choices(&unstopped.body).first().cloned().unwrap_or_default();
    if choice.get("finish_reason") != Some(&json!("length")) {
        return not_judged("the answer also ends without the stop string");
    }
    Ok(text_of(&choice).unwrap_or_default())
}

fn stops(sent: &Value) -> Vec<String> {
    match sent.get("stop") {
        Some(Value::String(stop)) => vec![stop.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
