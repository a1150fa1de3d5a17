use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::{Call, Endpoint},
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-10",
    level: Level::Must,
    title: "without the right key the API is closed and the probes are open",
    sends: "chat without key, with a wrong one, and with Basic; /health and /metrics without key; to a server with --api-key",
    expects: ByProfile::same("401; 200 for the probes"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::Chat), Need::Started(ServerFlag::ApiKey)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let body = s.body(Endpoint::Chat, &json!({"max_tokens": 1}));
        let call = || Call::post(Endpoint::Chat.path(), body.clone()).without_key();
        for (name, call) in [
            ("no key", call()),
            ("a wrong key", call().header("authorization", "Bearer rehearsal-no-such-key")),
            ("Basic", call().header("authorization", "Basic cmVoZWFyc2FsOng=")),
        ] {
            let answer = s.ask(call).await?;
            s.equal(format!("{name}: status"), 401, answer.status);
        }
        for path in ["/health", "/metrics"] {
            let answer = s.ask(Call::get(path).without_key()).await?;
            s.equal(format!("{path} without key: status"), 200, answer.status);
        }
        Ok(())
    }
    .boxed()
}
