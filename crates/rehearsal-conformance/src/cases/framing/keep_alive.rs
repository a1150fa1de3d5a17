use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::{Call, Endpoint},
    cases::stream::continuous,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    raw::Event,
    session::{Session, Stop, stream},
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "F-06",
    level: Level::Should,
    title: "keep-alive comments stand between events and change nothing",
    sends: "six completions streamed at a time, one with a prompt that nearly fills the context, to a server with --sse-keep-alive-interval",
    expects: ByProfile::each(
        "no such flag",
        "comments `: keep-alive` between whole events; the counts that were asked for",
        "comments `: keep-alive` between whole events; the counts that were asked for",
    ),
    reference: "vLLM 0.29, --sse-keep-alive-interval; recording overload-503 of 0.32.0 new, whose queued streams have comments",
    needs: &[
        Need::Feature(Feature::TokenIdPrompts),
        Need::MaxModelLen,
        Need::Started(ServerFlag::SseKeepAliveInterval),
    ],
    run,
};

/// So many streams wait for each other where the server runs fewer at a time; a bounded queue of the recorded size takes them all.
const AT_A_TIME: usize = 6;

/// Tokens of each, where the context allows.
const MANY: usize = 500;

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let context = s.context_length()?;
        let short = (9, MANY.min(context - 9));
        let slow = (context - 8, 6);
        let asked: Vec<(usize, usize)> = std::iter::once(slow).chain([short; AT_A_TIME - 1]).collect();
        let calls = asked.iter().enumerate().map(|(at, (prompt, tokens))| {
            let over = json!({"prompt": s.prompt_ids(&format!("{at}"), *prompt), "max_tokens": tokens, "ignore_eos": true, "stream": true});
            Call::post(Endpoint::Completions.path(), s.body(Endpoint::Completions, &continuous(over)))
        });
        let calls = calls.collect();
        let answers = s.ask_together(calls).await?;
        let mut comments = 0;
        for (at, (answer, (prompt, tokens))) in answers.iter().zip(asked).enumerate() {
            let stream = stream(Endpoint::Completions, answer)?;
            let texts: Vec<&str> = stream.events.iter().filter_map(comment).collect();
            comments += texts.len();
            let violations: Vec<String> = stream.violations.iter().map(ToString::to_string).collect();
            s.equal(format!("stream {at}: departures from the form"), vec![], violations);
            let others: Vec<&str> = texts.into_iter().filter(|text| *text != "keep-alive").collect();
            s.equal(format!("stream {at}: comments of other words"), vec![], others);
            let counts = s.final_counts(Endpoint::Completions, &stream)?;
            let seen = (counts.prompt_tokens, counts.completion_tokens);
            s.equal(format!("stream {at}: prompt and completion"), (prompt as u64, tokens as u64), seen);
        }
        if comments == 0 {
            return Err(Stop::Inconclusive("no stream was silent for as long as the interval".into()));
        }
        s.record("comments", comments);
        Ok(())
    }
    .boxed()
}

fn comment(event: &Event) -> Option<&str> {
    match event {
        Event::Comment(text) => Some(text),
        _ => None,
    }
}
