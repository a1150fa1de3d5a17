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
    expects: ByProfile::each(
        "no 5xx; known where structured_outputs is no object, logprobs no number, or max_tokens null",
        "no 5xx; known where structured_outputs is no object",
        "no /openapi.json: unimplemented",
    ),
    reference: "RFC 9110 §15.5: what is wrong with a request is a 4xx; the method of schemathesis",
    needs: &[],
    run,
};

/// Bodies for each route.
const BODIES: usize = 24;

/// A body that a version is known to fail at.
struct Known {
    profiles: &'static [ServerProfile],
    issue: &'static str,
    applies: fn(&Value) -> bool,
}

const KNOWN: [Known; 4] = [
    Known {
        profiles: &[ServerProfile::Py013],
        issue: "vLLM #19862: a null max_tokens is compared with a number (recording max_tokens-null)",
        applies: |body| body.get("max_tokens").is_some_and(Value::is_null),
    },
    Known {
        profiles: &[ServerProfile::Py013],
        issue: "vLLM #35438: asserts that a JSON schema is there (recording response_format-json_schema-missing)",
        applies: |body| body.pointer("/response_format/type").and_then(Value::as_str) == Some("json_schema"),
    },
    Known {
        profiles: &[ServerProfile::Py013, ServerProfile::Py032],
        issue: "vLLM #44537, #54026: structured_outputs is asked for its members before its type is checked (0.13.0: entrypoints/openai/protocol.py:881, :1278)",
        applies: |body| body.get("structured_outputs").is_some_and(|value| !value.is_null() && !value.is_object()),
    },
    Known {
        profiles: &[ServerProfile::Py013],
        issue: "vLLM #49144: logprobs are compared with 0 before their type is checked (0.13.0: entrypoints/openai/protocol.py:859, :1296)",
        applies: |body| {
            let mut compared = COMPARED.into_iter().filter_map(|key| body.get(key));
            compared.any(|value| value.is_string() || value.is_array() || value.is_object())
        },
    },
];

const COMPARED: [&str; 3] = ["prompt_logprobs", "top_logprobs", "logprobs"];

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
                    let known =
                        KNOWN.iter().find(|known| known.profiles.contains(&s.profile()) && (known.applies)(&body));
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
