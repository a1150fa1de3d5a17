use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::{Call, Endpoint},
    check::{Check, Running},
    profile::ByProfile,
    raw::Answer,
    session::Session,
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "H-01",
    level: Level::Should,
    title: "a request's own id becomes the answer's, and its header comes back only with the flag",
    sends: "both endpoints with the header X-Request-Id, and with request_id in the body",
    expects: ByProfile::vllm("the id ends in it; response header x-request-id only with --enable-request-id-headers"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let echoes = s.started_with(ServerFlag::EnableRequestIdHeaders);
        for endpoint in s.endpoints()? {
            let prefix = match endpoint {
                Endpoint::Chat => "chatcmpl",
                Endpoint::Completions => "cmpl",
            };
            // an id that is used twice at once would be refused, and a run must not meet another's
            let own = format!("rehearsal-{}-{prefix}", s.prompt_text().chars().take(8).collect::<String>());
            let body = s.body(endpoint, &json!({"max_tokens": 1}));
            let call = Call::post(endpoint.path(), body).header("x-request-id", own.clone());
            let answer = s.ask(call).await?;
            let about = format!("{} header", endpoint.label());
            s.equal(format!("{about}: id"), Some(json!(format!("{prefix}-{own}"))), id(&answer));
            let expected = echoes.then_some(own.as_str());
            s.equal(format!("{about}: x-request-id of the answer"), expected, answer.header("x-request-id"));

            let answer = s.send(endpoint, json!({"max_tokens": 1, "request_id": format!("{own}-body")})).await?;
            let expected = Some(json!(format!("{prefix}-{own}-body")));
            s.equal(format!("{} request_id: id", endpoint.label()), expected, id(&answer));
        }
        Ok(())
    }
    .boxed()
}

fn id(answer: &Answer) -> Option<Value> {
    answer.json().ok()?.get("id").cloned()
}
