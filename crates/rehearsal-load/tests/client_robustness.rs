//! C-01 to C-14: what servers do to their clients, and what the load generator makes of it.

mod answer;

use rehearsal_load::{
    Completion, LoadPlan, Report, RequestTimeline, Streaming, Verdict,
    metrics::{e2el, itl_token_weighted, tpot, ttft, ttft_of_choice},
};

use self::answer::{DONE, content, delta, event, instants, ms, role, stream, usage, whole};

const ERROR: &str = r#"{"error":{"message":"engine dead","type":"InternalServerError","code":500}}"#;
const END: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;

fn events(reads: &[(u64, &str)]) -> RequestTimeline {
    let reads: Vec<(u64, &[u8])> = reads.iter().map(|(at, text)| (*at, text.as_bytes())).collect();
    stream(&reads)
}

#[track_caller]
fn check(request: &RequestTimeline, verdict: Verdict, tokens_at: &[u128]) {
    assert_eq!((request.verdict, instants(request)), (verdict, tokens_at.to_vec()), "{:?}", request.detail);
}

#[test]
fn c01_a_stream_of_nothing_but_an_error_failed() {
    let request = events(&[(10, &event(ERROR)), (11, DONE)]);
    check(&request, Verdict::ErrorInBand, &[]);
    assert!(request.detail.as_deref().is_some_and(|detail| detail.contains("engine dead")));
    assert_eq!((ttft(&request), e2el(&request)), (None, None));
}

#[test]
fn c02_a_role_chunk_before_the_error_is_still_no_token() {
    let request = events(&[(10, &role()), (20, &event(ERROR)), (21, DONE)]);
    check(&request, Verdict::ErrorInBand, &[]);
    assert_eq!(ttft(&request), None);
}

#[test]
fn c03_an_error_in_the_middle_fails_the_request_with_its_tokens() {
    let request = events(&[(10, &role()), (20, &content("a")), (30, &content("b")), (40, &event(ERROR)), (41, DONE)]);
    check(&request, Verdict::ErrorInBand, &[20, 30]);
    assert_eq!((e2el(&request), tpot(&request)), (None, None));
}

#[test]
fn c04_a_stream_without_its_end_is_truncated() {
    let whole = [(10, role()), (20, content("a")), (30, event(END)), (31, usage(3, 1)), (32, DONE.to_owned())];
    let without = |missing: &[usize]| {
        let reads: Vec<(u64, &str)> =
            (0..5).filter(|i| !missing.contains(i)).map(|i| (whole[i].0, whole[i].1.as_str())).collect();
        events(&reads)
    };
    check(&without(&[]), Verdict::Ok, &[20]);
    check(&without(&[4]), Verdict::Truncated, &[20]);
    check(&without(&[2]), Verdict::Truncated, &[20]);
    check(&without(&[2, 3, 4]), Verdict::Truncated, &[20]);
}

#[test]
fn c05_tokens_that_come_together_have_their_gap_divided() {
    // continuous usage: 1 token at 20, 4 more in one chunk at 60
    let counted = |text: &str, finish: &str, tokens: u32| {
        event(&format!(
            r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":{finish}}}],
                "usage":{{"prompt_tokens":3,"completion_tokens":{tokens},"total_tokens":{}}}}}"#,
            tokens + 3
        ))
        .replace("\n  ", "  ")
    };
    let reads =
        [(20, counted("a", "null", 1)), (60, counted("bcde", "\"stop\"", 5)), (61, usage(3, 5)), (62, DONE.into())];
    let reads: Vec<(u64, &str)> = reads.iter().map(|(at, text)| (*at, text.as_str())).collect();
    let request = events(&reads);
    check(&request, Verdict::Ok, &[20, 60]);
    assert_eq!(itl_token_weighted(&request), Some(vec![ms(10); 4]));
    assert_eq!(tpot(&request), Some(ms(10)));
}

#[test]
fn c06_a_late_usage_chunk_does_not_lengthen_the_request() {
    let end = delta(r#"{"content":"b"}"#, "\"stop\"");
    let request = events(&[(20, &content("a")), (30, &end), (900, &usage(3, 2)), (901, DONE)]);
    check(&request, Verdict::Ok, &[20, 30]);
    assert_eq!(e2el(&request), Some(ms(30)));
    assert_eq!(request.finished, ms(901));
}

#[test]
fn c07_counts_that_contradict_the_chunks_are_flagged() {
    let end = delta(r#"{"content":"c"}"#, "\"stop\"");
    let request = events(&[(20, &content("a")), (30, &content("b")), (40, &end), (41, &usage(3, 1)), (42, DONE)]);
    let plan = LoadPlan::builder("http://host", "m").streaming(Streaming::On).build().expect("a sound plan");
    let report = Report::new(&plan, &[request], ms(42), Completion::Complete);
    let broken: Vec<&str> =
        report.cross_checks.iter().filter(|check| !check.holds()).map(|check| check.id.as_str()).collect();
    assert_eq!(broken, ["chunks_within_usage"]);
    assert!(report.warnings.iter().any(|warning| warning.message.contains("do not trust")));
}

#[test]
fn c08_an_empty_stream_is_truncated() {
    check(&events(&[]), Verdict::Truncated, &[]);
    check(&events(&[(10, DONE)]), Verdict::Truncated, &[]);
}

#[test]
fn c09_the_role_chunk_is_not_the_first_token() {
    let end = delta(r#"{"content":"a"}"#, "\"stop\"");
    let request = events(&[(10, &role()), (70, &end), (71, &usage(3, 1)), (72, DONE)]);
    assert_eq!(ttft(&request), Some(ms(70)));
}

#[test]
fn c10_every_choice_has_its_own_ttft() {
    let of = |choice: u32, finish: &str| {
        event(&format!(r#"{{"choices":[{{"index":{choice},"delta":{{"content":"x"}},"finish_reason":{finish}}}]}}"#))
    };
    let (first, second) = (of(1, "\"stop\""), of(0, "\"stop\""));
    let request = events(&[(20, &first), (50, &second), (51, &usage(3, 2)), (52, DONE)]);
    check(&request, Verdict::Ok, &[20, 50]);
    assert_eq!((ttft_of_choice(&request, 0), ttft_of_choice(&request, 1)), (Some(ms(50)), Some(ms(20))));
    assert_eq!(request.output_tokens(), Some(2));
}

#[test]
fn c11_comments_keep_a_stream_alive_and_are_nothing_else() {
    let end = delta(r#"{"content":"a"}"#, "\"stop\"");
    let request =
        events(&[(10, ": ping\n\n"), (20, ":\n\n"), (30, &end), (31, ": ping\n\n"), (32, &usage(3, 1)), (33, DONE)]);
    check(&request, Verdict::Ok, &[30]);
    assert_eq!(ttft(&request), Some(ms(30)));
}

#[test]
fn c12_usage_may_stand_in_the_finish_chunk() {
    let end = event(
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#,
    );
    let request = events(&[(20, &content("a")), (30, &end), (31, DONE)]);
    check(&request, Verdict::Ok, &[20]);
    assert_eq!((request.prompt_tokens(), request.output_tokens()), (Some(3), Some(1)));
}

#[test]
fn c13_tokens_that_nobody_states_are_unknown() {
    let request = events(&[(20, &content("a")), (30, &content("b")), (40, &event(END)), (41, DONE)]);
    check(&request, Verdict::UsageMissing, &[20, 30]);
    assert_eq!((request.output_tokens(), tpot(&request)), (None, None));
    let plan = LoadPlan::builder("http://host", "m").streaming(Streaming::On).build().expect("a sound plan");
    let report = Report::new(&plan, &[request], ms(41), Completion::Complete);
    assert_eq!((report.tokens.completion, report.throughput.output_tokens_per_s), (None, None));
}

#[test]
fn c14_a_full_queue_is_a_refusal_and_no_latency() {
    let request = whole(503, 7, r#"{"error":{"message":"queue full"}}"#);
    assert_eq!(request.verdict, Verdict::Error);
    assert_eq!(request.detail.as_deref(), Some("HTTP 503: queue full"));
    let plan = LoadPlan::builder("http://host", "m").build().expect("a sound plan");
    let report = Report::new(&plan, &[request], ms(7), Completion::Complete);
    assert_eq!((report.counts.ok, report.counts.errors, report.latency.e2el_s), (0, 1, None));
}
