use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::{Call, Endpoint},
    check::{Check, Feature, Need, Running},
    profile::{ByProfile, ServerProfile},
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "H-02",
    level: Level::Should,
    title: "a whole answer carries the load that an ORCA header asks for",
    sends: "chat with endpoint-load-metrics-format json",
    expects: ByProfile::each(
        "a header endpoint-load-metrics that begins with JSON",
        "a header endpoint-load-metrics that begins with JSON",
        "no such header",
    ),
    reference: "vLLM serve/instrumentator/test_orca_metrics.py",
    needs: &[Need::Feature(Feature::Chat)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let body = s.body(Endpoint::Chat, &json!({"max_tokens": 1}));
        let call = Call::post(Endpoint::Chat.path(), body).header("endpoint-load-metrics-format", "json");
        let answer = s.ask(call).await?;
        s.equal("status", 200, answer.status);
        let seen = answer.header("endpoint-load-metrics");
        match s.profile() {
            ServerProfile::Py013 | ServerProfile::Py032 | ServerProfile::OpenAiSpec => {
                s.satisfies("endpoint-load-metrics", "JSON and an object with named_metrics", seen, |seen| {
                    let object = seen.and_then(|text| text.strip_prefix("JSON "));
                    let object = object.and_then(|text| serde_json::from_str::<Value>(text).ok());
                    object.is_some_and(|object| object.get("named_metrics").is_some_and(Value::is_object))
                });
            }
            ServerProfile::Rs032 => s.equal("endpoint-load-metrics", None, seen),
        }
        Ok(())
    }
    .boxed()
}
