//! E-34: bodies that the server's own `/openapi.json` describes, with one or two members changed. None is the server's fault.

mod bodies;
mod routes;

use std::collections::BTreeMap;

use futures_util::FutureExt;
use serde_json::Value;

use self::{bodies::Bodies, routes::Route};
use crate::{
    call::Call,
    check::{Check, Running},
    profile::{ByProfile, ServerProfile},
    session::{KnownBug, Session, Stop},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-34",
    level: Level::Must,
    title: "no body of the server's own schema, valid or not, is a server error",
    sends: "24 bodies to each route of /openapi.json that only answers: a small valid one with members changed, drawn from the run's seed",
    expects: ByProfile::each("no 5xx", "no 5xx", "no /openapi.json: unimplemented"),
    reference: "RFC 9110 §15.5: what is wrong with a request is a 4xx; the method of schemathesis",
    needs: &[],
    run,
};

/// Bodies for each route.
const BODIES: usize = 24;

/// A body that a version is known to fail at.
struct Known {
    profile: ServerProfile,
    issue: &'static str,
    applies: fn(&Value) -> bool,
}

const KNOWN: [Known; 3] = [
    Known {
        profile: ServerProfile::Py013,
        issue: "0.13.0 compares a null max_tokens with a number (recording max_tokens-null)",
        applies: |body| body.get("max_tokens").is_some_and(Value::is_null),
    },
    Known {
        profile: ServerProfile::Py013,
        issue: "0.13.0 asserts that a JSON schema is there (recording response_format-json_schema-missing)",
        applies: |body| body.pointer("/response_format/type").and_then(Value::as_str) == Some("json_schema"),
    },
    Known {
        profile: ServerProfile::Py013,
        issue: "0.13.0's validators look into values before their types are known (entrypoints/openai/protocol.py:859, :881, :1278, :1296)",
        applies: |body| {
            let is_of_another_type = |name: &str, is_right: fn(&Value) -> bool| {
                body.get(name).is_some_and(|value| !value.is_null() && !is_right(value))
            };
            let is_number = |value: &Value| value.is_number() || value.is_boolean();
            ["prompt_logprobs", "top_logprobs", "logprobs"].iter().any(|name| is_of_another_type(name, is_number))
                || is_of_another_type("structured_outputs", Value::is_object)
        },
    },
];

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let answer = s.ask(Call::get("/openapi.json")).await?;
        let document = answer.json().ok().filter(|document| answer.status == 200 && document.get("paths").is_some());
        let document =
            document.ok_or_else(|| Stop::Unimplemented(format!("no /openapi.json: {}", answer.summary())))?;
        let (asked, left_out) = routes::of(&document);
        if asked.is_empty() {
            return Err(Stop::Inconclusive("/openapi.json has no route that only answers".into()));
        }
        for Route { path, members } in &asked {
            let mut bodies = Bodies::new(s, path, members);
            let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
            for _ in 0..BODIES {
                let body = bodies.next();
                let answer = s.ask(Call::post(path, body.clone())).await?;
                *statuses.entry(answer.status).or_default() += 1;
                if 500 <= answer.status && answer.status != 501 {
                    let known = KNOWN.iter().find(|known| known.profile == s.profile() && (known.applies)(&body));
                    let bug = known.map(|known| KnownBug { shows: "a server error", issue: known.issue });
                    s.equal_or_known(format!("POST {path} {body}"), "no server error", bug, "a server error");
                    s.record("the answer to it", answer.summary());
                }
            }
            s.record(format!("POST {path}: bodies by status"), statuses);
        }
        s.record("routes that change the server, and are not asked", left_out);
        Ok(())
    }
    .boxed()
}
