use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::Endpoint,
    check::{Check, Running},
    profile::{ByProfile, ServerProfile},
    raw::Answer,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-38",
    level: Level::Should,
    title: "stream_options without a stream are refused in this version's words",
    sends: "both endpoints without stream: stream_options with include_usage true, and empty",
    expects: ByProfile::each("400 with the words; 200", "400 with the words; 200", "400 with the words; 400")
        .openai("400"),
    reference: "vLLM test_completion_stream_options; recordings of 0.13.0 and 0.32.0; OpenAI API, `stream_options`",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let status_of_empty = ByProfile::each(200, 200, 400).of(s.profile());
        for endpoint in s.endpoints()? {
            let about = endpoint.label();
            let asked = json!({"max_tokens": 2, "stream_options": {"include_usage": true}});
            let answer = s.send(endpoint, asked).await?;
            s.equal(format!("{about}: status"), 400, answer.status);
            let Some(words) = words(s.profile(), endpoint) else { continue };
            s.satisfies(format!("{about}: message"), format!("has {words:?}"), message(&answer), |message| {
                message.as_ref().is_some_and(|message| message.contains(words))
            });

            let answer = s.send(endpoint, json!({"max_tokens": 2, "stream_options": {}})).await?;
            s.equal(format!("{about}: status of stream_options {{}}"), status_of_empty, answer.status);
        }
        Ok(())
    }
    .boxed()
}

fn message(answer: &Answer) -> Option<String> {
    Some(answer.json().ok()?.pointer("/error/message")?.as_str()?.to_owned())
}

/// What the message has to say; OpenAI's API prescribes no words.
fn words(profile: ServerProfile, endpoint: Endpoint) -> Option<&'static str> {
    Some(match (profile, endpoint) {
        (ServerProfile::Py013 | ServerProfile::Py032, _) => "Stream options can only be defined when `stream=True`.",
        (ServerProfile::Rs032, Endpoint::Chat) => "stream_options can only be used when stream is true",
        (ServerProfile::Rs032, Endpoint::Completions) => "stream_options are only supported when stream=true.",
        (ServerProfile::OpenAiSpec, _) => return None,
    })
}
