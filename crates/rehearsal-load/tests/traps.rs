//! The known mistakes of load generators that the golden streams do not cover, each as a test with exact figures.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::float_cmp, reason = "the figures are exact")]

use std::{num::NonZeroU32, time::Duration};

use http::{HeaderMap, StatusCode};
use rehearsal_load::{
    ChunkKind, Completion, Endpoint, LoadPlan, Report, RequestTimeline, ResponseReader, Streaming, TokenUsage, Verdict,
    client::{Begun, End, Expectation},
    metrics::{
        Gap, Objective, Probability, QuantileMethod, SloMetric, e2el, end_of_stream, gaps, goodput, itl_pooled,
        itl_request_mean, itl_token_weighted, median, quantile, request_throughput, scheduled_latency, tpot, ttfot,
        ttft, ttft_of_choice,
    },
};

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Reads a stream of events at the given instants; the request starts at 0.
fn read(endpoint: Endpoint, events: &[(u64, &str)]) -> RequestTimeline {
    let expectation =
        Expectation { endpoint, streaming: Streaming::On, usage_due: true, tokens_hint: NonZeroU32::new(8).unwrap() };
    let begun = Begun { index: 0, scheduled: Duration::ZERO, started: Duration::ZERO };
    let mut reader = ResponseReader::new(expectation, begun);
    reader.headers(ms(1), StatusCode::OK, &HeaderMap::new());
    let mut last = 0;
    for &(at, data) in events {
        reader.bytes(ms(at), format!("data: {data}\n\n").as_bytes());
        last = at;
    }
    reader.finish(ms(last), End::Clean)
}

fn delta(choice: u32, delta: &str, finish: &str) -> String {
    format!(r#"{{"choices":[{{"index":{choice},"delta":{delta},"finish_reason":{finish}}}]}}"#)
}

fn with_count(chunk: &str, prompt: u64, completion: u64) -> String {
    let usage = format!(r#","usage":{{"prompt_tokens":{prompt},"completion_tokens":{completion}}}}}"#);
    chunk.strip_suffix('}').unwrap().to_owned() + &usage
}

fn usage(prompt: u64, completion: u64) -> String {
    format!(r#"{{"choices":[],"usage":{{"prompt_tokens":{prompt},"completion_tokens":{completion}}}}}"#)
}

fn instants(request: &RequestTimeline) -> Vec<u128> {
    request.chunks.iter().map(|chunk| chunk.at.as_millis()).collect()
}

/// A success that streams tokens at these instants after its start.
fn streamed(index: usize, started: Duration, tokens: &[u64]) -> RequestTimeline {
    let mut request = RequestTimeline::begun(index, started, started, Streaming::On);
    request.chunks = tokens
        .iter()
        .map(|at| rehearsal_load::TokenChunk {
            at: started + ms(*at),
            choice: 0,
            kind: ChunkKind::Content,
            tokens: None,
        })
        .collect();
    request.usage = Some(TokenUsage::new(10, tokens.len() as u64));
    request.finished = started + ms(tokens.last().copied().unwrap_or_default());
    request.verdict = Verdict::Ok;
    request
}

#[test]
fn trap_2_the_end_of_sequence_token_counts_although_its_text_is_empty() {
    // vLLM 0.13 when the first token ends the sequence: a role chunk, then one empty delta with the finish reason
    let request = read(
        Endpoint::Chat,
        &[
            (100, &delta(0, r#"{"role":"assistant","content":"","reasoning_content":null}"#, "null")),
            (130, &delta(0, r#"{"content":"","reasoning_content":null}"#, "\"stop\"")),
            (131, &usage(16, 1)),
            (132, "[DONE]"),
        ],
    );
    assert_eq!((request.verdict, ttft(&request), e2el(&request)), (Verdict::Ok, Some(ms(130)), Some(ms(130))));

    let completions = read(
        Endpoint::Completions,
        &[
            (100, r#"{"choices":[{"index":0,"text":"","finish_reason":"stop"}],"usage":null}"#),
            (101, &usage(16, 1)),
            (102, "[DONE]"),
        ],
    );
    assert_eq!((completions.verdict, ttft(&completions)), (Verdict::Ok, Some(ms(100))));
}

#[test]
fn trap_2_an_empty_first_delta_and_an_empty_finish_chunk_are_no_tokens() {
    let request = read(
        Endpoint::Chat,
        &[
            (10, &delta(0, r#"{"content":""}"#, "null")),
            (20, &delta(0, r#"{"content":"a","tool_calls":[]}"#, "null")),
            (30, &delta(0, r#"{"content":null,"tool_calls":[]}"#, "null")),
            (40, &delta(0, "{}", "\"stop\"")),
            (50, &usage(1, 1)),
            (60, "[DONE]"),
        ],
    );
    assert_eq!(instants(&request), [20]);
}

#[test]
fn trap_2_an_empty_finish_chunk_beyond_the_stated_tokens_is_none() {
    // vLLM's Rust frontend, completions: the finish reason comes in a chunk of its own
    let text =
        |text: &str, finish: &str| format!(r#"{{"choices":[{{"index":0,"text":"{text}","finish_reason":{finish}}}]}}"#);
    for (tokens, expect) in [(2, vec![10, 20]), (3, vec![10, 20, 30])] {
        let request = read(
            Endpoint::Completions,
            &[
                (10, &text("a", "null")),
                (20, &text("b", "null")),
                (30, &text("", "\"stop\"")),
                (31, &usage(3, tokens)),
                (32, "[DONE]"),
            ],
        );
        assert_eq!((request.verdict, instants(&request)), (Verdict::Ok, expect), "{tokens} tokens");
    }
}

#[test]
fn trap_8_a_chunk_of_several_choices_counts_them_together() {
    // vLLM 0.13, beam search over completions: one event with everything
    let chunk = r#"{"choices":[{"index":0,"text":"ab","finish_reason":"length"},{"index":1,"text":"ac","finish_reason":"length"}],
                    "usage":{"prompt_tokens":3,"completion_tokens":8}}"#.replace('\n', " ");
    let request = read(Endpoint::Completions, &[(10, &chunk), (11, "[DONE]")]);
    assert_eq!((request.verdict, request.output_tokens(), request.chunks.len()), (Verdict::Ok, Some(8), 2));
}

#[test]
fn trap_3_reasoning_counts_for_ttft_under_both_names_and_not_for_ttfot() {
    for name in ["reasoning", "reasoning_content"] {
        let request = read(
            Endpoint::Chat,
            &[
                (100, &delta(0, r#"{"role":"assistant","content":""}"#, "null")),
                (200, &delta(0, &format!(r#"{{"{name}":"hm"}}"#), "null")),
                (300, &delta(0, r#"{"content":"yes"}"#, "\"stop\"")),
                (301, &usage(5, 2)),
                (302, "[DONE]"),
            ],
        );
        assert_eq!((ttft(&request), ttfot(&request)), (Some(ms(200)), Some(ms(300))), "{name}");
    }
}

#[test]
fn trap_4_tool_call_deltas_are_tokens() {
    let call = r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\""}}]}"#;
    let request = read(
        Endpoint::Chat,
        &[
            (100, &delta(0, r#"{"role":"assistant","content":null}"#, "null")),
            (150, &delta(0, call, "null")),
            (170, &delta(0, call, "\"tool_calls\"")),
            (171, &usage(5, 2)),
            (172, "[DONE]"),
        ],
    );
    assert_eq!(instants(&request), [150, 170]);
    assert_eq!(request.chunks[0].kind, ChunkKind::ToolCall);
    assert_eq!(tpot(&request), Some(ms(20)));
}

#[test]
fn trap_6_continuous_counts_of_several_choices_are_each_its_own() {
    // as vLLM counts with n = 2: every chunk states its own choice, the prompt once, and the last chunk the sum
    let role = r#"{"role":"assistant","content":""}"#;
    let text = r#"{"content":"x"}"#;
    let request = read(
        Endpoint::Chat,
        &[
            (10, &with_count(&delta(0, role, "null"), 16, 0)),
            (10, &with_count(&delta(1, role, "null"), 16, 0)),
            (20, &with_count(&delta(0, text, "null"), 16, 1)),
            (30, &with_count(&delta(0, text, "\"stop\""), 16, 2)),
            (40, &with_count(&delta(1, text, "null"), 16, 1)),
            (60, &with_count(&delta(1, text, "\"length\""), 16, 3)),
            (70, &usage(16, 5)),
            (70, "[DONE]"),
        ],
    );
    assert_eq!(request.verdict, Verdict::Ok, "{:?}", request.detail);
    assert_eq!(request.chunks.iter().map(|chunk| chunk.tokens).collect::<Vec<_>>(), [1, 1, 1, 2].map(Some));

    // trap 8: every choice has its own TTFT and gaps, tokens are summed
    assert_eq!((ttft_of_choice(&request, 0), ttft_of_choice(&request, 1)), (Some(ms(20)), Some(ms(40))));
    assert_eq!(ttft(&request), Some(ms(20)));
    assert_eq!(e2el(&request), Some(ms(60)));
    assert_eq!(gaps(&request), [Gap { length: ms(10), tokens: Some(1) }, Gap { length: ms(20), tokens: Some(2) }]);
    assert_eq!(tpot(&request), Some(ms(10)), "(10 + 20) / (5 − 2)");
    assert_eq!(request.output_tokens(), Some(5));
}

#[test]
fn trap_6_without_a_usage_chunk_the_last_counts_of_the_choices_are_summed() {
    let text = r#"{"content":"x"}"#;
    let request = read(
        Endpoint::Chat,
        &[
            (20, &with_count(&delta(0, text, "\"stop\""), 16, 2)),
            (40, &with_count(&delta(1, text, "\"stop\""), 16, 3)),
            (70, "[DONE]"),
        ],
    );
    assert_eq!((request.prompt_tokens(), request.output_tokens()), (Some(16), Some(5)));
}

#[test]
fn trap_8_one_choice_that_does_not_finish_truncates_the_answer() {
    let request = read(
        Endpoint::Chat,
        &[
            (20, &delta(0, r#"{"content":"x"}"#, "\"stop\"")),
            (20, &delta(1, r#"{"content":"x"}"#, "null")),
            (30, &usage(3, 2)),
            (31, "[DONE]"),
        ],
    );
    assert_eq!(
        (request.verdict, request.detail.as_deref()),
        (Verdict::Truncated, Some("choice 1 has no finish_reason"))
    );
}

#[test]
fn an_absurd_choice_index_is_a_violation_and_reserves_no_memory() {
    let request = read(Endpoint::Chat, &[(20, &delta(u32::MAX, r#"{"content":"x"}"#, "null"))]);
    assert_eq!(request.verdict, Verdict::ProtocolViolation);
}

#[test]
fn text_after_the_finish_reason_and_a_second_finish_reason_are_violations() {
    let text = r#"{"content":"x"}"#;
    for second in [delta(0, text, "null"), delta(0, "{}", "\"stop\"")] {
        let request = read(
            Endpoint::Chat,
            &[(10, &delta(0, text, "\"stop\"")), (20, &second), (30, &usage(1, 2)), (40, "[DONE]")],
        );
        assert_eq!(request.verdict, Verdict::ProtocolViolation);
    }
}

#[test]
fn trap_13_held_back_tokens_without_text_are_seen_through_continuous_usage() {
    // vLLM's Rust frontend: stop string "aaa" over 3 tokens sends no text at all
    let request = read(
        Endpoint::Chat,
        &[
            (10, &with_count(&delta(0, r#"{"role":"assistant"}"#, "null"), 9, 0)),
            (70, &with_count(&delta(0, "{}", "\"stop\""), 9, 3)),
            (71, &usage(9, 3)),
            (72, "[DONE]"),
        ],
    );
    assert_eq!(request.verdict, Verdict::Ok);
    assert_eq!((ttft(&request), request.chunks[0].tokens), (Some(ms(70)), Some(3)));
    assert_eq!(tpot(&request), None, "all tokens are in the first chunk");
}

#[test]
fn trap_13_itl_has_three_names_because_it_is_three_metrics() {
    let mut few = streamed(0, Duration::ZERO, &[100, 200]);
    let mut many = streamed(1, Duration::ZERO, &[100, 110, 140]);
    for (request, tokens) in [(&mut few, vec![1, 4]), (&mut many, vec![1, 1, 3])] {
        for (chunk, tokens) in request.chunks.iter_mut().zip(tokens) {
            chunk.tokens = Some(tokens);
        }
    }
    assert_eq!(itl_request_mean(&few), Some(ms(100)));
    assert_eq!(itl_request_mean(&many), Some(ms(20)));
    assert_eq!(itl_token_weighted(&few), Some(vec![ms(25); 4]));
    assert_eq!(itl_token_weighted(&many), Some(vec![ms(10), ms(10), ms(10), ms(10)]));
    assert_eq!(itl_pooled(&[few, many.clone()]), [ms(100), ms(10), ms(30)]);

    many.chunks[2].tokens = None;
    assert_eq!(itl_token_weighted(&many), None, "an unknown count is not one");
}

#[test]
fn trap_15_a_request_of_one_token_has_no_tpot_and_is_counted_as_excluded() {
    let requests = [streamed(0, Duration::ZERO, &[100]), streamed(1, Duration::ZERO, &[100, 150])];
    assert_eq!(requests.each_ref().map(tpot), [None, Some(ms(50))]);
    let plan = LoadPlan::builder("http://host", "m").streaming(Streaming::On).requests(2).build().unwrap();
    let report = Report::new(&plan, &requests, ms(150), Completion::Complete);
    assert_eq!(report.latency.tpot_excluded, 1);
    assert_eq!(report.latency.tpot_s.map(|tpot| (tpot.n, tpot.mean)), Some((1, 0.05)));
}

#[test]
fn trap_16_the_last_token_and_the_end_of_the_stream_are_two_ends() {
    let mut request = streamed(0, ms(10), &[100, 150]);
    request.finished = ms(190);
    assert_eq!((e2el(&request), end_of_stream(&request)), (Some(ms(150)), Some(ms(180))));
}

#[test]
fn trap_17_methods_differ_and_are_named() {
    let samples: Vec<f64> = (1..=64).map(f64::from).collect();
    let p99 = |method| quantile(&samples, Probability::P99, method).unwrap();
    // positions: ⌈63.36⌉ = 64; 64.35, beyond the last; 1 + 62.37; index 63
    assert_eq!(p99(QuantileMethod::Type1), 64.0);
    assert_eq!(p99(QuantileMethod::Type6), 64.0);
    assert_eq!(p99(QuantileMethod::Type7), 63.37);
    assert_eq!(p99(QuantileMethod::FloorIndex), 64.0);
}

#[test]
fn trap_21_the_median_of_an_even_count_is_between_the_middle_two() {
    assert_eq!(median(&[1.0, 2.0, 4.0, 8.0]), Some(3.0));
    assert_eq!(median(&[1.0, 2.0, 4.0]), Some(2.0));
    assert_eq!(median(&[]), None);
}

#[test]
fn trap_23_a_throughput_is_a_total_over_a_duration() {
    // one worker: 1 s and 9 s; the mean of the rates would be (1 + 1/9) / 2
    let requests = [streamed(0, Duration::ZERO, &[1000]), streamed(1, ms(1000), &[9000])];
    assert_eq!(request_throughput(&requests, ms(10_000)), Some(0.2));
}

#[test]
fn trap_24_failures_count_against_the_goodput() {
    let mut failed = streamed(2, Duration::ZERO, &[50]);
    failed.verdict = Verdict::Timeout;
    let requests = [streamed(0, Duration::ZERO, &[50]), streamed(1, Duration::ZERO, &[150]), failed];
    let objectives = [Objective { metric: SloMetric::Ttft, at_most: ms(100) }];
    let good = goodput(&requests, &objectives, ms(2000));
    assert_eq!((good.met, good.sent, good.share, good.per_second), (1, 3, Some(1.0 / 3.0), Some(0.5)));
    assert_eq!(goodput(&[], &objectives, ms(2000)).share, None);
}

#[test]
fn trap_25_a_late_send_is_in_the_scheduled_latency_only() {
    let mut request = streamed(0, ms(400), &[100]);
    request.scheduled = ms(100);
    assert_eq!((e2el(&request), scheduled_latency(&request)), (Some(ms(100)), Some(ms(400))));
}

#[test]
fn trap_27_failed_requests_are_in_no_latency_and_their_share_is_said() {
    let mut failed = streamed(1, Duration::ZERO, &[9000]);
    failed.verdict = Verdict::Truncated;
    let plan = LoadPlan::builder("http://host", "m").streaming(Streaming::On).requests(2).build().unwrap();
    let requests = [streamed(0, Duration::ZERO, &[100]), failed];
    let report = Report::new(&plan, &requests, ms(9000), Completion::Complete);
    assert_eq!(report.latency.ttft_s.map(|ttft| (ttft.n, ttft.max)), Some((1, 0.1)));
    assert_eq!((report.counts.ok, report.counts.errors), (1, 1));
    assert_eq!(report.tokens.completion, Some(1));
}

#[test]
fn trap_34_checks_name_the_request_that_breaks_a_law() {
    let good = streamed(0, Duration::ZERO, &[100, 200]);
    let mut bad = streamed(1, Duration::ZERO, &[100, 200]);
    bad.usage = Some(TokenUsage { total_tokens: Some(1), cached_tokens: Some(99), ..TokenUsage::new(10, 1) });
    bad.finished = ms(150);
    let plan = LoadPlan::builder("http://host", "m").streaming(Streaming::On).requests(2).build().unwrap();
    let report = Report::new(&plan, &[good, bad], ms(200), Completion::Complete);
    let failed: Vec<(&str, Option<usize>)> = report
        .cross_checks
        .iter()
        .filter(|check| !check.holds())
        .map(|check| (check.id.as_str(), check.first_violation))
        .collect();
    let expect = ["usage_total", "cached_within_prompt", "chunks_within_usage", "order"].map(|id| (id, Some(1)));
    assert_eq!(failed, expect);
}

#[test]
fn trap_34_littles_law_fails_when_the_window_does_not_hold_the_requests() {
    let requests = [streamed(0, Duration::ZERO, &[100]), streamed(1, ms(50), &[100])];
    for (window, holds) in [(150, true), (120, false)] {
        let checks = rehearsal_load::metrics::cross_checks(&requests, ms(window));
        let little = checks.iter().find(|check| check.id == "littles_law").unwrap();
        assert_eq!(little.holds(), holds, "window of {window} ms");
    }
}
