//! The golden stream in the definitions of each tool, against the instants worked out by hand from what the tool's
//! source does (the figures seen when the tools themselves ran differ from these by that machine's noise of up to 15 ms).
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod golden;

use std::time::Duration;

use rehearsal_load::{
    RequestRecord, RequestTimeline,
    report::{Tool, ToolFigures, recompute},
};

const MS: Duration = Duration::from_millis(1);

fn figures(tool: Tool, timeline: &RequestTimeline) -> ToolFigures {
    recompute(tool, std::slice::from_ref(timeline), 530 * MS)
}

/// Time to first token, end-to-end latency, time per token after the first, in ms.
#[track_caller]
fn check(timeline: &RequestTimeline, tool: Tool, ttft: f64, e2el: f64, per_token: Option<f64>) {
    let figures = figures(tool, timeline);
    let ms = |value: f64| (value * 1e9).round() / 1e6;
    let seen = (
        ms(figures.ttft_s.unwrap().mean),
        ms(figures.e2el_s.unwrap().mean),
        figures.per_token_s.map(|statistics| ms(statistics.mean)),
        figures.output_tokens,
    );
    assert_eq!(seen, (ttft, e2el, per_token, Some(9)), "{tool}");
}

#[tokio::test(start_paused = true)]
async fn each_tool_reads_the_golden_stream_its_own_way() {
    let timeline = golden::play_file("golden").await;
    check(&timeline, Tool::Native, 300.0, 500.0, Some(25.0));
    // role chunk 100 to usage chunk 525: 425 / 8
    check(&timeline, Tool::Vllm013, 100.0, 525.0, Some(53.125));
    check(&timeline, Tool::Vllm033, 300.0, 500.0, Some(25.0));
    check(&timeline, Tool::Guidellm, 300.0, 530.0, Some(25.0));
    check(&timeline, Tool::Aiperf, 300.0, 500.0, Some(25.0));
    // [DONE] 530 to first token 300: 230 / 8
    check(&timeline, Tool::Sglang, 300.0, 530.0, Some(28.75));
    // headers 20 to role chunk 100
    check(&timeline, Tool::Seed, 80.0, 530.0, None);
}

#[tokio::test(start_paused = true)]
async fn figures_with_the_first_token_in_them_have_a_place_of_their_own() {
    let timeline = golden::play_file("golden").await;
    let overall = |tool| figures(tool, &timeline).overall_per_token_s.map(|statistics| statistics.mean);
    // last token 500 over 9 tokens; the script has 530 over 9
    assert_eq!(overall(Tool::Guidellm), Some(0.5 / 9.0));
    assert_eq!(overall(Tool::Seed), Some(0.53 / 9.0));
    assert_eq!(overall(Tool::Native), None);
}

#[tokio::test(start_paused = true)]
async fn gaps_are_as_many_as_a_tool_sees_chunks() {
    let timeline = golden::play_file("golden").await;
    let gaps = |tool| figures(tool, &timeline).gap_s.map(|statistics| statistics.n);
    // seven token-carrying chunks, one of them without text; 0.13 also sees the role and the finish reason
    assert_eq!(gaps(Tool::Native), Some(6));
    assert_eq!(gaps(Tool::Vllm013), Some(8));
    assert_eq!(gaps(Tool::Vllm033), Some(6));
    assert_eq!(gaps(Tool::Aiperf), Some(5));
    assert_eq!(gaps(Tool::Sglang), Some(5));
    assert_eq!(gaps(Tool::Guidellm), None);
}

#[tokio::test(start_paused = true)]
async fn who_takes_a_truncated_stream_or_an_error_in_it_for_a_success() {
    let successes = async |name: &str| {
        let timeline = golden::play_file(name).await;
        Tool::ALL.into_iter().filter(|tool| figures(*tool, &timeline).ok == 1).map(Tool::name).collect::<Vec<_>>()
    };
    let cut = successes("no_done").await;
    assert_eq!(cut, ["vllm-0.13", "vllm-0.33", "guidellm", "aiperf", "sglang"]);
    let error = successes("error_after_tokens").await;
    assert_eq!(error, ["vllm-0.13", "vllm-0.33", "aiperf", "sglang"]);
}

#[tokio::test(start_paused = true)]
async fn a_record_holds_all_that_recomputing_needs() {
    for (name, timeline) in golden::play_all().await {
        let json = serde_json::to_string(&RequestRecord::from(&timeline)).unwrap();
        let read: RequestTimeline = serde_json::from_str::<RequestRecord>(&json).unwrap().into();
        assert_eq!(read, timeline, "{name}");
        for tool in Tool::ALL {
            assert_eq!(figures(tool, &read), figures(tool, &timeline), "{name} as {tool}");
        }
    }
}
