//! The streams of `fixtures/golden/streams` on the paused clock, for several test files.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(dead_code, reason = "each test file uses some of it")]

use std::{fs, num::NonZeroU32, path::Path, time::Duration};

use bytes::Bytes;
use http::Request;
use rehearsal_load::{
    Endpoint, RequestTimeline, Script, ScriptedTransport, Streaming,
    client::{Begun, Expectation},
    run::{Attempt, attempt},
};
use serde::Deserialize;
use tokio::time::Instant;

#[derive(Deserialize)]
pub(crate) struct Golden {
    pub(crate) headers_ms: u64,
    pub(crate) reads: Vec<(u64, String)>,
    pub(crate) end_ms: Option<u64>,
    pub(crate) reset_ms: Option<u64>,
    pub(crate) expect: Expect,
}

#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct Expect {
    pub(crate) verdict: String,
    pub(crate) ttft_ms: Option<u64>,
    pub(crate) ttfot_ms: Option<u64>,
    pub(crate) last_token_ms: Option<u64>,
    pub e2el_ms: Option<u64>,
    pub(crate) end_ms: u64,
    pub(crate) chunks: usize,
    pub(crate) prompt_tokens: Option<u64>,
    pub(crate) completion_tokens: Option<u64>,
    pub(crate) tpot_ns: Option<u64>,
    #[serde(default)]
    pub(crate) tokens: Option<Vec<u32>>,
    #[serde(default)]
    pub(crate) failed_checks: Vec<String>,
}

pub(crate) fn read_all() -> Vec<(String, Golden)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden/streams");
    let mut all: Vec<(String, Golden)> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let golden = serde_json::from_str(&fs::read_to_string(&path).unwrap())
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path.file_stem().unwrap().to_string_lossy().into_owned(), golden)
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(24 < all.len(), "only {} golden streams found in {}", all.len(), folder.display());
    all
}

pub(crate) fn script(golden: &Golden, read_size: usize) -> Script {
    let ms = Duration::from_millis;
    let mut script = Script::event_stream(ms(golden.headers_ms));
    for (at, text) in &golden.reads {
        for piece in text.as_bytes().chunks(read_size) {
            script = script.bytes(ms(*at), piece);
        }
    }
    match (golden.end_ms, golden.reset_ms) {
        (Some(at), None) => script.end(ms(at)),
        (None, Some(at)) => script.reset(ms(at)),
        _ => panic!("a stream has either `end_ms` or `reset_ms`"),
    }
}

pub(crate) async fn play(script: Script) -> RequestTimeline {
    let transport = ScriptedTransport::repeat(script);
    let begun = Begun { index: 0, scheduled: Duration::ZERO, started: Duration::ZERO };
    let expectation = Expectation {
        endpoint: Endpoint::Chat,
        streaming: Streaming::On,
        usage_due: true,
        tokens_hint: NonZeroU32::new(16).unwrap(),
    };
    let request = Attempt {
        request: Request::post("http://golden/").body(Bytes::new()).unwrap(),
        expectation,
        begun,
        origin: Instant::now(),
        timeout: Duration::from_mins(1),
        stall_timeout: None,
    };
    attempt(&transport, request).await
}

/// The stream of this name, whole reads.
pub(crate) async fn play_file(name: &str) -> RequestTimeline {
    let (_, golden) = read_all().into_iter().find(|(found, _)| found == name).unwrap();
    play(script(&golden, usize::MAX)).await
}

/// Every stream, whole reads.
pub(crate) async fn play_all() -> Vec<(String, RequestTimeline)> {
    let mut all = Vec::new();
    for (name, golden) in read_all() {
        all.push((name, play(script(&golden, usize::MAX)).await));
    }
    all
}
