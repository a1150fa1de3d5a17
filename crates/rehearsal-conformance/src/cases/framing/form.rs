use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::ABSENT,
    check::{Check, Running},
    profile::ByProfile,
    raw::RawStream,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "F-01",
    level: Level::Must,
    title: "a stream is events of JSON, ended by one [DONE]",
    sends: "both endpoints, stream with and without usage, max_tokens 4",
    expects: ByProfile::same(
        "text/event-stream; every block is data: and JSON, or a comment; [DONE] once, and nothing after it",
    ),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            for options in [json!(ABSENT), json!({"include_usage": true})] {
                let over = json!({"stream": true, "max_tokens": 4, "stream_options": options});
                let with = if over["stream_options"].is_object() { "with" } else { "without" };
                let about = format!("{} {with} usage", endpoint.label());
                let answer = s.send(endpoint, over).await?;
                s.equal(format!("{about}: status"), 200, answer.status);
                s.equal(format!("{about}: content type"), Some("text/event-stream".into()), answer.media_type());
                let violations = RawStream::read(&answer.body).violations;
                let violations: Vec<String> = violations.iter().map(ToString::to_string).collect();
                s.equal(format!("{about}: departures from the form"), vec![], violations);
            }
        }
        Ok(())
    }
    .boxed()
}
