//! Every stream of `fixtures/golden/streams`, played on the paused clock, gives exactly the stated figures.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::float_cmp, reason = "the figures are exact")]

mod golden;

use std::time::Duration;

use rehearsal_load::{
    RequestTimeline,
    metrics::{cross_checks, e2el, seconds, tpot, ttfot, ttft},
};

use self::golden::{Expect, play, read_all, script};

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
