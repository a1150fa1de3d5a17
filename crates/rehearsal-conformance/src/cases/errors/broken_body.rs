use futures_util::FutureExt;

use super::refused;
use crate::{
    call::Call,
    check::{Check, Running},
    profile::{ByProfile, ServerProfile},
    session::{KnownBug, Session},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-02",
    level: Level::Must,
    title: "a body that is no JSON object is the client's fault",
    sends: "both endpoints with half a JSON object, no body, and a JSON array",
    expects: ByProfile::each(
        "400 with an error object; for the array 0.13 is known to answer 500",
        "400 with an error object",
        "400 with an error object",
    )
    .openai("400 with an error object"),
    reference: "recordings of 0.13.0 and 0.32.0 (malformed-json, empty-body, json-array)",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let known = KnownBug { shows: 500, issue: "a JSON array is a 500 in 0.13.0 (recording json-array)" };
        for endpoint in s.endpoints()? {
            for (name, body) in [("half an object", "{\"model\": \"tiny\", \"messages\": ["), ("no body", "")] {
                let answer = s.ask(Call::post_raw(endpoint.path(), "application/json", body)).await?;
                refused(s, &format!("{}: {name}", endpoint.label()), 400, &answer);
            }
            let answer = s.ask(Call::post_raw(endpoint.path(), "application/json", "[]")).await?;
            let known = (s.profile() == ServerProfile::Py013).then_some(known);
            s.equal_or_known(format!("{}: an array: status", endpoint.label()), 400, known, answer.status);
        }
        Ok(())
    }
    .boxed()
}
