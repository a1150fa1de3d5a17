use std::collections::BTreeSet;

use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{streamed, usage_of_delta, whole};
use crate::{
    check::{Check, Running},
    profile::{ByProfile, ServerProfile},
    session::{KnownBug, Session},
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "A-02",
    level: Level::Should,
    title: "a message tells of the cache where the server discloses it, and its stream ends without [DONE]",
    sends: "messages, whole and streamed",
    expects: ByProfile::each(
        "no cache fields; the stream is known to end with a [DONE]",
        "cache_creation_input_tokens and cache_read_input_tokens with --enable-prompt-tokens-details only; no [DONE]",
        "no such endpoint: unimplemented",
    ),
    reference: "vLLM #40912, #33923, #45079, #45083; recordings messages-stream and messages-long of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

const FIELDS: [&str; 2] = ["cache_creation_input_tokens", "cache_read_input_tokens"];

const ISSUE: &str = "0.13.0 ends the stream of a message with OpenAI's [DONE] (recording messages-stream)";

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let disclosed = s.profile() != ServerProfile::Py013 && s.started_with(ServerFlag::EnablePromptTokensDetails);
        let expected: BTreeSet<&str> = if disclosed { FIELDS.into() } else { BTreeSet::new() };
        let body = whole(s, json!({})).await?;
        s.equal("cache fields", expected.clone(), fields(body.get("usage")));
        let stream = streamed(s, json!({})).await?;
        s.equal("cache fields of message_delta", expected, fields(usage_of_delta(&stream)));

        let bug = KnownBug { shows: 1, issue: ISSUE };
        s.equal_or_known("[DONE]", 0, (s.profile() == ServerProfile::Py013).then_some(bug), stream.dones);
        s.equal("last event", Some("message_stop"), stream.events.last().map(|(name, _)| name.as_str()));
        Ok(())
    }
    .boxed()
}

fn fields(usage: Option<&Value>) -> BTreeSet<&'static str> {
    let told = |field: &&str| usage.and_then(|usage| usage.get(*field)).is_some_and(Value::is_u64);
    FIELDS.into_iter().filter(told).collect()
}
