use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::{Call, Endpoint},
    cases::metrics::{growth, idle},
    check::{Check, Feature, Need, Running},
    profile::{ByProfile, ServerProfile},
    session::{Session, Stop},
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-30",
    level: Level::Should,
    title: "a full queue refuses with 503, and each refusal is counted",
    sends: "64 completions at a time, 64 tokens each, to a server with --max-num-queued-reqs",
    expects: ByProfile::each(
        "no such flag",
        "503 of type Service Unavailable, or 200; admission_rejections_total grows by the refusals",
        "no such flag",
    ),
    reference: "recording overload-503 of 0.32.0 new; vLLM v1/engine/async_llm.py, check_admission",
    needs: &[
        Need::Profile(&[ServerProfile::Py032]),
        Need::Feature(Feature::TokenIdPrompts),
        Need::Feature(Feature::Metrics),
        Need::Started(ServerFlag::MaxNumQueuedReqs),
        Need::Destructive,
    ],
    run,
};

const AT_A_TIME: usize = 64;

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let before = idle(s).await?;
        let calls = (0..AT_A_TIME).map(|at| {
            let over = json!({"prompt": s.prompt_ids(&format!("{at}"), 9), "max_tokens": 64, "ignore_eos": true});
            Call::post(Endpoint::Completions.path(), s.body(Endpoint::Completions, &over))
        });
        let calls = calls.collect();
        let answers = s.ask_together(calls).await?;
        let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
        if refused.is_empty() {
            return Err(Stop::Inconclusive(format!(
                "{AT_A_TIME} requests at a time did not fill the queue; bound it lower"
            )));
        }
        let others: Vec<u16> =
            answers.iter().map(|answer| answer.status).filter(|status| !matches!(status, 200 | 503)).collect();
        s.equal("other statuses than 200 and 503", vec![], others);
        let kinds = refused.iter().map(|answer| {
            let body = answer.json().unwrap_or_default();
            body.pointer("/error/type").and_then(Value::as_str).unwrap_or("no error object").to_owned()
        });
        let strange: Vec<String> = kinds.filter(|kind| kind != "Service Unavailable").collect();
        s.equal("other types of refusal than Service Unavailable", vec![], strange);
        let refusals = refused.len() as u64;
        let counter = "vllm:admission_rejections_total";
        let after = s.metrics_when(|now| growth(&before, now, counter) == Some(refusals)).await?;
        s.equal("growth of admission_rejections_total", Some(refusals), growth(&before, &after, counter));
        Ok(())
    }
    .boxed()
}
