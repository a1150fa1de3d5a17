use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::Endpoint,
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-08",
    level: Level::Should,
    title: "what versions draw the line at differently is as this version does",
    sends: "temperature 2.5 and five stops on both endpoints; empty tools on chat",
    expects: ByProfile::each("200; 200; 200", "400; 400; 400", "400; 400; 200").openai("400; 400; not said"),
    reference: "vLLM #45458; recordings of 0.13.0 and 0.32.0; OpenAI API, `temperature` and `stop`",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let expected = ByProfile::each(200, 400, 400).openai(400).of(s.profile());
        let of_tools = ByProfile::each(200, 400, 200).of(s.profile());
        for endpoint in s.endpoints()? {
            let about = endpoint.label();
            let answer = s.send(endpoint, json!({"max_tokens": 1, "temperature": 2.5})).await?;
            s.equal(format!("{about} temperature 2.5: status"), expected, answer.status);
            let stops = json!(["§1", "§2", "§3", "§4", "§5"]);
            let answer = s.send(endpoint, json!({"max_tokens": 1, "stop": stops})).await?;
            s.equal(format!("{about} five stops: status"), expected, answer.status);
            if endpoint == Endpoint::Chat && s.profile().is_vllm() {
                let answer = s.send(endpoint, json!({"max_tokens": 1, "tools": []})).await?;
                s.equal(format!("{about} tools []: status"), of_tools, answer.status);
            }
        }
        Ok(())
    }
    .boxed()
}
