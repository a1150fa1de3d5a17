//! One answer, read from bytes at stated instants.

use std::{num::NonZeroU32, time::Duration};

use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use rehearsal_load::{
    Endpoint, RequestTimeline, ResponseReader, Streaming,
    client::{Begun, End, Expectation},
};

pub(crate) fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A streamed chat whose headers come at 5 ms; each read arrives at its instant in ms, and the body ends after the last.
pub(crate) fn stream(reads: &[(u64, &[u8])]) -> RequestTimeline {
    answer(Streaming::On, "text/event-stream", 200, reads)
}

/// A whole answer that was not streamed.
pub(crate) fn whole(status: u16, at: u64, body: &str) -> RequestTimeline {
    answer(Streaming::Off, "application/json", status, &[(at, body.as_bytes())])
}

fn answer(streaming: Streaming, content_type: &'static str, status: u16, reads: &[(u64, &[u8])]) -> RequestTimeline {
    let expectation = Expectation {
        endpoint: Endpoint::Chat,
        streaming,
        usage_due: true,
        tokens_hint: NonZeroU32::new(16).expect("16 is not 0"),
    };
    let begun = Begun { index: 0, scheduled: Duration::ZERO, started: Duration::ZERO };
    let mut reader = ResponseReader::new(expectation, begun);
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type.parse().expect("a header value"))]);
    reader.headers(ms(5), StatusCode::from_u16(status).expect("a status"), &headers);
    let mut last = 5;
    for (at, bytes) in reads {
        last = *at;
        let _ = reader.bytes(ms(*at), bytes);
    }
    reader.finish(ms(last), End::Clean)
}

/// An event around a JSON document.
pub(crate) fn event(json: &str) -> String {
    format!("data: {json}\n\n")
}

/// A chunk of the first choice.
pub(crate) fn delta(delta: &str, finish: &str) -> String {
    event(&format!(r#"{{"choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}"#))
}

/// A chunk with one piece of text.
pub(crate) fn content(text: &str) -> String {
    delta(&format!(r#"{{"content":"{text}"}}"#), "null")
}

/// The role chunk that opens every chat.
pub(crate) fn role() -> String {
    delta(r#"{"role":"assistant","content":""}"#, "null")
}

/// The usage-only chunk at the end of a stream.
pub(crate) fn usage(prompt: u64, completion: u64) -> String {
    let total = prompt + completion;
    event(&format!(
        r#"{{"choices":[],"usage":{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{total}}}}}"#
    ))
}

/// The end of a stream.
pub(crate) const DONE: &str = "data: [DONE]\n\n";

/// The instants of the chunks that carry tokens, in ms.
pub(crate) fn instants(request: &RequestTimeline) -> Vec<u128> {
    request.chunks.iter().map(|chunk| chunk.at.as_millis()).collect()
}
