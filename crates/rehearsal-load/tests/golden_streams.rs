//! Every stream of `fixtures/golden/streams`, played on the paused clock, gives exactly the stated figures.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::float_cmp, reason = "the figures are exact")]

use std::{fs, num::NonZeroU32, path::Path, time::Duration};

use bytes::Bytes;
use http::Request;
use rehearsal_load::{
    Endpoint, RequestTimeline, Script, ScriptedTransport, Streaming,
    client::{Begun, Expectation},
    metrics::{cross_checks, e2el, seconds, tpot, ttfot, ttft},
    run::{Attempt, attempt},
};
use serde::Deserialize;
use tokio::time::Instant;

#[derive(Deserialize)]
struct Golden {
    headers_ms: u64,
    reads: Vec<(u64, String)>,
    end_ms: Option<u64>,
    reset_ms: Option<u64>,
    expect: Expect,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Expect {
    verdict: String,
    ttft_ms: Option<u64>,
    ttfot_ms: Option<u64>,
    last_token_ms: Option<u64>,
    e2el_ms: Option<u64>,
    end_ms: u64,
    chunks: usize,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    tpot_ns: Option<u64>,
    #[serde(default)]
    tokens: Option<Vec<u32>>,
    #[serde(default)]
    failed_checks: Vec<String>,
}

fn read_all() -> Vec<(String, Golden)> {
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

fn script(golden: &Golden, read_size: usize) -> Script {
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

async fn play(script: Script) -> RequestTimeline {
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

fn ms(duration: Duration) -> u64 {
    assert_eq!(duration.as_nanos() % 1_000_000, 0, "{duration:?} is not a whole number of milliseconds");
    u64::try_from(duration.as_millis()).unwrap()
}

fn seen(timeline: &RequestTimeline) -> Expect {
    let failed = cross_checks(std::slice::from_ref(timeline), timeline.finished);
    Expect {
        verdict: timeline.verdict.name().into(),
        ttft_ms: ttft(timeline).map(ms),
        ttfot_ms: ttfot(timeline).map(ms),
        last_token_ms: timeline.chunks.last().map(|chunk| ms(chunk.at)),
        e2el_ms: e2el(timeline).map(ms),
        end_ms: ms(timeline.finished),
        chunks: timeline.chunks.len(),
        prompt_tokens: timeline.prompt_tokens(),
        completion_tokens: timeline.output_tokens(),
        tpot_ns: tpot(timeline).map(|tpot| u64::try_from(tpot.as_nanos()).unwrap()),
        tokens: timeline.chunks.iter().map(|chunk| chunk.tokens).collect(),
        failed_checks: failed.into_iter().filter(|check| !check.holds()).map(|check| check.id).collect(),
    }
}

#[tokio::test(start_paused = true)]
async fn every_golden_stream_gives_the_stated_figures() {
    for (name, golden) in read_all() {
        let mut seen = seen(&play(script(&golden, usize::MAX)).await);
        if golden.expect.tokens.is_none() {
            seen.tokens = None;
        }
        assert_eq!(seen, golden.expect, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn cutting_reads_into_pieces_changes_nothing() {
    for (name, golden) in read_all() {
        let mut whole = play(script(&golden, usize::MAX)).await;
        for size in [1, 2, 7, 64] {
            let mut cut = play(script(&golden, size)).await;
            // messages may name a position inside a read
            (whole.detail, cut.detail) = (None, None);
            assert_eq!(cut, whole, "{name} in reads of {size} bytes");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_golden_stream_is_25_ms_a_token_exactly() {
    let (_, golden) = read_all().into_iter().find(|(name, _)| name == "golden").unwrap();
    let timeline = play(script(&golden, usize::MAX)).await;
    assert_eq!(seconds(ttft(&timeline).unwrap()) * 1000.0, 300.0);
    assert_eq!(seconds(e2el(&timeline).unwrap()) * 1000.0, 500.0);
    assert_eq!(timeline.output_tokens(), Some(9));
    assert_eq!(seconds(tpot(&timeline).unwrap()) * 1000.0, 25.0);
    assert_eq!(timeline.model.as_deref(), Some("golden"));
    assert_eq!(timeline.headers, Some(Duration::from_millis(20)));
}
