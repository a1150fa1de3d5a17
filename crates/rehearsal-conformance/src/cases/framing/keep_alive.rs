use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::Endpoint,
    cases::stream::continuous,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    raw::Event,
    session::{Session, Stop},
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "F-06",
    level: Level::Should,
    title: "keep-alive comments stand between events and change nothing",
    sends: "completions with a prompt that nearly fills the context, streamed with continuous usage, and whole, to a server with --sse-keep-alive-interval",
    expects: ByProfile::each(
        "no such flag",
        "comments `: keep-alive` between whole events; the counts of the whole answer",
        "comments `: keep-alive` between whole events; the counts of the whole answer",
    ),
    reference: "vLLM 0.29, --sse-keep-alive-interval; recording overload-503 of 0.32.0 new, whose queued streams have comments",
    needs: &[
        Need::Feature(Feature::TokenIdPrompts),
        Need::MaxModelLen,
        Need::Started(ServerFlag::SseKeepAliveInterval),
    ],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let prompt = s.prompt_ids("slow", s.context_length()? - 8);
        let over = json!({"prompt": prompt, "max_tokens": 6, "ignore_eos": true});
        let stream = s.stream(Endpoint::Completions, continuous(over.clone())).await?;
        let violations: Vec<String> = stream.violations.iter().map(ToString::to_string).collect();
        s.equal("departures from the form", vec![], violations);
        let comments: Vec<&str> = stream
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Comment(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        if comments.is_empty() {
            return Err(Stop::Inconclusive("no stream was silent for as long as the interval".into()));
        }
        let others: Vec<&str> = comments.into_iter().filter(|text| *text != "keep-alive").collect();
        s.equal("comments of other words", vec![], others);
        let after_done = stream.events.iter().skip_while(|event| **event != Event::Done).skip(1).count();
        s.equal("blocks after [DONE]", 0, after_done);

        let body = s.whole(Endpoint::Completions, over).await?;
        let whole = s.counts(Endpoint::Completions, &body)?;
        let counted = s.final_counts(Endpoint::Completions, &stream)?;
        s.equal("counts of the stream", whole, counted);
        s.equal("text of the stream", body.pointer("/choices/0/text").and_then(Value::as_str), Some(&stream.text(0)));
        Ok(())
    }
    .boxed()
}
