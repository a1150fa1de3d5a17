use futures_util::FutureExt;
use serde_json::json;

use crate::{
    properties::law::{Judgement, Law, broken, not_judged},
    raw::{Event, is_usage_chunk},
};

pub(super) const LAW: Law = Law {
    id: "P-13",
    title: "a stream that asks for usage has one usage chunk, after every choice has finished and right before [DONE]",
    says: "the events end in the only usage chunk and [DONE]; each choice has finished once",
    reference: "OpenAI API, include_usage; vLLM #6371, #7262, #6705",
    known: &[],
    judge: |t| {
        async move {
            let streamed = t.streamed().await?;
            if streamed.sent.pointer("/stream_options/include_usage") != Some(&json!(true)) {
                return not_judged("asks for no usage");
            }
            let stream = &streamed.stream;
            let kinds: Vec<&str> = stream.events.iter().filter_map(kind).collect();
            let usages = kinds.iter().filter(|kind| **kind == "usage").count();
            let last = kinds.iter().rev().take(2).rev().copied().collect::<Vec<_>>().join(", ");
            if usages != 1 || last != "usage, [DONE]" {
                let seen = format!("{usages} usage chunks; the last events are {last}");
                return Ok(broken("the stream", "1 usage chunk, and then [DONE]", seen, streamed.exchange));
            }
            for index in stream.indices() {
                let finishes = stream.finish_reasons(index).len();
                if finishes != 1 {
                    let about = format!("finish reasons of choice {index}");
                    return Ok(broken(about, "1", finishes.to_string(), streamed.exchange));
                }
            }
            Ok(Judgement::Holds)
        }
        .boxed()
    },
};

fn kind(event: &Event) -> Option<&'static str> {
    match event {
        Event::Json(chunk) if is_usage_chunk(chunk) => Some("usage"),
        Event::Json(_) => Some("chunk"),
        Event::Done => Some("[DONE]"),
        Event::Garbage(_) => Some("garbage"),
        Event::Comment(_) => None,
    }
}
