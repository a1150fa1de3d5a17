//! U-23, U-25 … U-27, U-33, U-34, U-38: which `stream_options` bring which usage. One row each.

use futures_util::FutureExt;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    call::{ABSENT, Endpoint},
    check::{Check, Need},
    profile::{ByProfile, ServerProfile},
    raw::{RawStream, is_usage_chunk, usage_of},
    session::{Session, Stop, stream},
    target::ServerFlag,
    verdict::Level,
};

/// Which usage a stream had, or why there was no stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// No usage object in any chunk.
    NoUsage,
    /// Only the closing usage chunk.
    Final,
    /// On every chunk with choices, and the closing one.
    ContinuousAndFinal,
    /// Anything else.
    Mixed,
    /// Refused with status 400.
    Refused,
}

pub(super) const NONE_WITHOUT_OPTIONS: Check = Check {
    id: "U-23",
    level: Level::Must,
    title: "a stream that does not ask for usage has none",
    sends: "both endpoints, stream with stream_options absent, null, and include_usage false",
    expects: ByProfile::same("no usage object in any chunk"),
    reference: "OpenAI API; vLLM test_completion_stream_options, #7262; recordings",
    needs: WITHOUT_FORCE,
    run: |s| {
        async move {
            let nothing = ByProfile::same(Outcome::NoUsage);
            options(s, json!(ABSENT), nothing).await?;
            options(s, json!(null), nothing).await?;
            options(s, json!({"include_usage": false}), nothing).await
        }
        .boxed()
    },
};

pub(super) const EMPTY: Check = Check {
    id: "U-25",
    level: Level::Should,
    title: "empty stream_options bring this version's usage",
    sends: "both endpoints, stream with stream_options {}",
    expects: ByProfile::each("a usage chunk", "no usage", "no usage").openai("no usage"),
    reference: "vLLM #36379; recordings of 0.13.0 and 0.32.0; OpenAI's API sends usage where include_usage is set",
    needs: WITHOUT_FORCE,
    run: |s| {
        let expected = ByProfile::each(Outcome::Final, Outcome::NoUsage, Outcome::NoUsage).openai(Outcome::NoUsage);
        options(s, json!({}), expected).boxed()
    },
};

pub(super) const INCLUDE_NULL: Check = Check {
    id: "U-26",
    level: Level::Should,
    title: "include_usage null brings no usage",
    sends: "both endpoints, stream with include_usage null",
    expects: ByProfile::vllm("no usage"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: WITHOUT_FORCE,
    run: |s| options(s, json!({"include_usage": null}), ByProfile::same(Outcome::NoUsage)).boxed(),
};

pub(super) const INCLUDE_STRING: Check = Check {
    id: "U-27",
    level: Level::Should,
    title: "include_usage given as a string is read or refused as this version does",
    sends: "both endpoints, stream with include_usage `yes` and `banana`",
    expects: ByProfile::each("a usage chunk; 400", "a usage chunk; 400", "400; 400"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: WITHOUT_FORCE,
    run: |s| {
        async move {
            options(
                s,
                json!({"include_usage": "yes"}),
                ByProfile::each(Outcome::Final, Outcome::Final, Outcome::Refused),
            )
            .await?;
            options(s, json!({"include_usage": "banana"}), ByProfile::same(Outcome::Refused)).await
        }
        .boxed()
    },
};

pub(super) const CONTINUOUS_ALONE: Check = Check {
    id: "U-33",
    level: Level::Should,
    title: "continuous_usage_stats alone brings this version's usage",
    sends: "both endpoints, stream with continuous_usage_stats true and nothing else",
    expects: ByProfile::each("on every chunk, and a usage chunk", "no usage", "no usage"),
    reference: "vLLM 0.13 entrypoints/utils.py:256, 0.32 serve/utils/api_utils.py:289; recordings",
    needs: WITHOUT_FORCE,
    run: |s| {
        let expected = ByProfile::each(Outcome::ContinuousAndFinal, Outcome::NoUsage, Outcome::NoUsage);
        options(s, json!({"continuous_usage_stats": true}), expected).boxed()
    },
};

pub(super) const CONTINUOUS_NOT_INCLUDED: Check = Check {
    id: "U-34",
    level: Level::Should,
    title: "continuous_usage_stats without include_usage brings no usage",
    sends: "both endpoints, stream with include_usage false and continuous_usage_stats true",
    expects: ByProfile::same("no usage"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: WITHOUT_FORCE,
    run: |s| {
        let asked = json!({"include_usage": false, "continuous_usage_stats": true});
        options(s, asked, ByProfile::same(Outcome::NoUsage)).boxed()
    },
};

pub(super) const FORCED: Check = Check {
    id: "U-35",
    level: Level::Should,
    title: "the force flag brings this version's usage to a chat that does not ask",
    sends: "chat, stream without stream_options, to a server with --enable-force-include-usage",
    expects: ByProfile::each("a usage chunk", "on every chunk, and a usage chunk", "the flag does not exist"),
    reference: "vLLM #19695, #37923, test_enable_force_include_usage.py; recordings",
    needs: WITH_FORCE,
    run: |s| {
        let expected = ByProfile::each(Outcome::Final, Outcome::ContinuousAndFinal, Outcome::NoUsage);
        async move { one(s, Endpoint::Chat, json!(ABSENT), expected).await }.boxed()
    },
};

pub(super) const FORCED_COMPLETIONS: Check = Check {
    id: "U-36",
    level: Level::Should,
    title: "the force flag holds for completions too",
    sends: "completions, stream without stream_options, to a server with --enable-force-include-usage",
    expects: ByProfile::each("a usage chunk", "on every chunk, and a usage chunk", "the flag does not exist"),
    reference: "vLLM #20983; recordings",
    needs: WITH_FORCE,
    run: |s| {
        let expected = ByProfile::each(Outcome::Final, Outcome::ContinuousAndFinal, Outcome::NoUsage);
        async move { one(s, Endpoint::Completions, json!(ABSENT), expected).await }.boxed()
    },
};

pub(super) const FORCED_CONTINUOUS: Check = Check {
    id: "U-37",
    level: Level::Should,
    title: "the force flag overrides include_usage false where continuous usage is asked for",
    sends: "both endpoints, stream with include_usage false and continuous_usage_stats true, to a server with the flag",
    expects: ByProfile::same("on every chunk, and a usage chunk"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: WITH_FORCE,
    run: |s| {
        let asked = json!({"include_usage": false, "continuous_usage_stats": true});
        options(s, asked, ByProfile::same(Outcome::ContinuousAndFinal)).boxed()
    },
};

const WITHOUT_FORCE: &[Need] = &[Need::StartedWithout(ServerFlag::EnableForceIncludeUsage)];
const WITH_FORCE: &[Need] =
    &[Need::Profile(&[ServerProfile::Py013, ServerProfile::Py032]), Need::Started(ServerFlag::EnableForceIncludeUsage)];

async fn options(s: &mut Session<'_>, asked: Value, expected: ByProfile<Outcome>) -> Result<(), Stop> {
    for endpoint in s.endpoints()? {
        one(s, endpoint, asked.clone(), expected).await?;
    }
    Ok(())
}

async fn one(s: &mut Session<'_>, endpoint: Endpoint, asked: Value, expected: ByProfile<Outcome>) -> Result<(), Stop> {
    let said = if asked == json!(ABSENT) { "absent".into() } else { asked.to_string() };
    let about = format!("{} stream_options {said}", endpoint.label());
    let over = json!({"stream": true, "max_tokens": 4, "stream_options": asked});
    let answer = s.send(endpoint, over).await?;
    let seen = match answer.status {
        400 => Outcome::Refused,
        _ => outcome(&stream(endpoint, &answer)?),
    };
    s.equal(about, expected.of(s.profile()), seen);
    Ok(())
}

fn outcome(stream: &RawStream) -> Outcome {
    let closing = stream.chunks().filter(|chunk| is_usage_chunk(chunk)).count();
    let with_choices = stream.choice_chunks().count();
    let continuous = stream.choice_chunks().filter(|chunk| usage_of(chunk).is_some()).count();
    match (closing, continuous) {
        (0, 0) => Outcome::NoUsage,
        (1, 0) => Outcome::Final,
        (1, all) if all == with_choices => Outcome::ContinuousAndFinal,
        _ => Outcome::Mixed,
    }
}
