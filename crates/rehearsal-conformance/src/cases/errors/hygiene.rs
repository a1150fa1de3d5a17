use futures_util::FutureExt;
use serde_json::json;

use crate::{
    check::{Check, Running},
    profile::{ByProfile, ServerProfile},
    session::{KnownBug, Session},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-32",
    level: Level::Must,
    title: "an error tells neither the server's files nor the client's own secrets",
    sends: "both endpoints with max_tokens \"four\", and a marked text in an unknown member",
    expects: ByProfile::each(
        "no file of the server, no mark; known to be told",
        "no file of the server, no mark",
        "no file of the server, no mark",
    ),
    reference: "recordings of 0.13.0: texts of pydantic with a path and the whole input",
    needs: &[],
    run,
};

const FILE: &str = "a file of the server";

/// Stands for what a client would not want in a log.
const MARK: &str = "rehearsal-private-mark";

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let over = json!({"max_tokens": "four", "note": MARK});
            let answer = s.send(endpoint, over).await?;
            let text = answer.text();
            let told = [(FILE, "File \\\""), ("the client's input", MARK)];
            let told: Vec<&str> = told.iter().filter(|(_, sign)| text.contains(sign)).map(|(what, _)| *what).collect();
            let bug = KnownBug { shows: vec![FILE], issue: "pydantic's text is passed on whole in 0.13.0" };
            let bug = (s.profile() == ServerProfile::Py013).then_some(bug);
            s.equal_or_known(endpoint.label(), Vec::new(), bug, told);
        }
        Ok(())
    }
    .boxed()
}
