//! U-48, U-49: beam search, which vLLM offers beside sampling.

use futures_util::FutureExt;
use serde_json::{Value, json};

use super::implemented;
use crate::{
    call::Endpoint,
    check::{Check, Feature, Need},
    profile::ByProfile,
    session::{Session, Stop, stream, whole},
    verdict::Level,
};

/// Two beams of four tokens.
const BEAMS: u64 = 2;
const TOKENS: u64 = 4;

pub(super) const SUM: Check = Check {
    id: "U-48",
    level: Level::Should,
    title: "beam search counts the prompt once and the tokens of the returned beams in sum",
    sends: "both endpoints, use_beam_search, n 2, ignore_eos, max_tokens 4",
    expects: ByProfile::vllm("two choices; completion_tokens 8"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run: |s| sum(s).boxed(),
};

pub(super) const STREAMED: Check = Check {
    id: "U-49",
    level: Level::Should,
    title: "a stream of beams on completions is one event, or refused as this version does",
    sends: "completions, stream, use_beam_search, n 2, ignore_eos, max_tokens 4",
    expects: ByProfile::each("one event with the whole answer, then [DONE]", "400", "400"),
    reference: "vLLM #36379; recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts)],
    run: |s| streamed(s).boxed(),
};

fn beams(over: &Value) -> Value {
    let beams = json!({"use_beam_search": true, "n": BEAMS, "max_tokens": TOKENS, "ignore_eos": true});
    crate::call::overlaid(beams, over)
}

async fn sum(s: &mut Session<'_>) -> Result<(), Stop> {
    for endpoint in s.endpoints()? {
        let about = endpoint.label();
        let answer = s.send(endpoint, beams(&json!({}))).await?;
        implemented(s, &answer)?;
        let body = whole(endpoint, &answer)?;
        let choices = body["choices"].as_array().map_or(0, Vec::len);
        s.equal(format!("{about}: choices"), 2, choices);
        let counts = s.counts(endpoint, &body)?;
        s.equal(format!("{about}: completion_tokens"), BEAMS * TOKENS, counts.completion_tokens);
        s.equal(format!("{about}: total_tokens"), counts.prompt_tokens + BEAMS * TOKENS, counts.total_tokens);
    }
    Ok(())
}

async fn streamed(s: &mut Session<'_>) -> Result<(), Stop> {
    let endpoint = Endpoint::Completions;
    let over = beams(&json!({"stream": true, "stream_options": {"include_usage": true}}));
    let answer = s.send(endpoint, over).await?;
    let status = ByProfile::each(200, 400, 400).of(s.profile());
    s.equal("status", status, answer.status);
    if answer.status == 200 {
        let stream = stream(endpoint, &answer)?;
        s.equal("events", 1, stream.chunks().count());
        let usage = stream.chunks().next().and_then(|chunk| chunk["usage"]["completion_tokens"].as_u64());
        s.equal("completion_tokens", Some(BEAMS * TOKENS), usage);
    }
    Ok(())
}
