//! Traps in the bytes of one answer; their numbers are those of `docs/load/traps.md`.

mod answer;

use rehearsal_load::{
    RequestTimeline, Verdict,
    metrics::{tpot, ttft},
};

use self::answer::{DONE, content, delta, event, instants, ms, role, stream, usage, whole};

fn last(text: &str) -> String {
    delta(&format!(r#"{{"content":"{text}"}}"#), "\"stop\"")
}

fn joined(parts: &[&str]) -> Vec<u8> {
    parts.concat().into_bytes()
}

#[test]
fn trap_1_a_role_chunk_or_an_empty_first_delta_is_no_token() {
    let empty = delta("{}", "null");
    let (a, usage) = (last("a"), usage(3, 1));
    for opening in [role(), empty, delta(r#"{"role":"assistant"}"#, "null")] {
        let reads = [(10, opening.as_bytes()), (40, a.as_bytes()), (41, usage.as_bytes()), (42, DONE.as_bytes())];
        let request = stream(&reads);
        assert_eq!((request.verdict, instants(&request), ttft(&request)), (Verdict::Ok, vec![40], Some(ms(40))));
    }
}

#[test]
fn trap_5_a_usage_only_chunk_has_no_choices_and_is_read() {
    let (a, usage) = (last("a"), usage(89, 1));
    let request = stream(&[(20, a.as_bytes()), (30, usage.as_bytes()), (31, DONE.as_bytes())]);
    assert_eq!((request.prompt_tokens(), request.output_tokens()), (Some(89), Some(1)));
    assert_eq!(instants(&request), [20]);
}

#[test]
fn trap_7_usage_that_is_null_missing_or_zero_is_never_replaced() {
    let body = |usage: &str| {
        format!(r#"{{"choices":[{{"index":0,"message":{{"content":"hi"}},"finish_reason":"stop"}}]{usage}}}"#)
    };
    let counted = |usage: &str| {
        let request = whole(200, 20, &body(usage));
        (request.verdict, request.output_tokens())
    };
    assert_eq!(counted(""), (Verdict::UsageMissing, None));
    assert_eq!(counted(r#","usage":null"#), (Verdict::UsageMissing, None));
    let zero = r#","usage":{"prompt_tokens":3,"completion_tokens":0,"total_tokens":3}"#;
    assert_eq!(counted(zero), (Verdict::Ok, Some(0)));
}

#[test]
fn trap_9_an_error_under_http_200_fails_the_request_wherever_it_stands() {
    let error = event(r#"{"error":{"message":"out of memory"}}"#);
    let (a, end) = (content("a"), last("b"));
    let orders: [&[&str]; 3] = [&[&error, DONE], &[&a, &error, DONE], &[&a, &end, &error, DONE]];
    for order in orders {
        let bytes = joined(order);
        let request = stream(&[(20, &bytes)]);
        assert!(!request.verdict.is_success(), "{order:?}: {:?}", request.verdict);
        assert!(
            request.detail.as_deref().is_some_and(|detail| detail.contains("out of memory")),
            "{:?}",
            request.detail
        );
    }
}

#[test]
fn trap_10_without_done_or_without_a_finish_reason_an_answer_is_truncated() {
    let (unfinished, finished, usage) = (content("a"), last("a"), usage(3, 1));
    let verdict = |parts: &[&str]| stream(&[(20, &joined(parts))]).verdict;
    assert_eq!(verdict(&[&finished, &usage, DONE]), Verdict::Ok);
    assert_eq!(verdict(&[&finished, &usage]), Verdict::Truncated);
    assert_eq!(verdict(&[&unfinished, &usage, DONE]), Verdict::Truncated);
}

/// The same answer in every dialect of server-sent events.
#[test]
fn trap_11_line_ends_marks_comments_and_fields_change_nothing() {
    let plain = [content("a"), last("b"), usage(3, 2), DONE.to_owned()].concat();
    let dialects = [
        plain.clone(),
        plain.replace('\n', "\r\n"),
        plain.replace('\n', "\r"),
        format!("\u{feff}{plain}"),
        plain.replace("data: ", ": ping\nevent: message\nid: 7\nretry: 5\ndata: "),
        plain.replace("data: ", "data:"),
        plain.replace(r#""choices":"#, "\"choices\":\ndata: "),
    ];
    for dialect in dialects {
        let request = stream(&[(20, dialect.as_bytes())]);
        let seen = (request.verdict, instants(&request), request.output_tokens());
        assert_eq!(seen, (Verdict::Ok, vec![20, 20], Some(2)), "{dialect:?}: {:?}", request.detail);
    }
}

/// Every cut of the stream in two gives the same tokens; only the instant of what the second read completes moves.
#[test]
fn trap_12_reads_may_cut_events_characters_and_line_separators_anywhere() {
    let text = [content("é\u{2028}\u{2029}\u{85}日"), last("b"), usage(3, 2), DONE.to_owned()].concat();
    let bytes = text.as_bytes();
    let first_event = text.find("\n\n").unwrap_or_default() + 2;
    let last_event = text[first_event..].find("\n\n").unwrap_or_default() + 2 + first_event;
    for cut in 0..=bytes.len() {
        let request = stream(&[(20, &bytes[..cut]), (30, &bytes[cut..])]);
        let at = |end: usize| if end <= cut { 20 } else { 30 };
        let seen = (request.verdict, instants(&request), request.output_tokens());
        assert_eq!(seen, (Verdict::Ok, vec![at(first_event), at(last_event)], Some(2)), "cut at {cut}");
    }
}

#[test]
fn trap_14_tokens_of_the_first_chunk_are_not_divided_by() {
    // 3 tokens at 100, 2 more by 140: (140 − 100) / (5 − 3)
    let counted = |text: &str, finish: &str, tokens: u64| {
        event(&format!(
            r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":{finish}}}],"usage":{{"prompt_tokens":3,"completion_tokens":{tokens},"total_tokens":{}}}}}"#,
            tokens + 3
        ))
    };
    let (first, second, usage) = (counted("abc", "null", 3), counted("de", "\"stop\"", 5), usage(3, 5));
    let reads = [(100, first.as_bytes()), (140, second.as_bytes()), (141, usage.as_bytes()), (142, DONE.as_bytes())];
    let request: RequestTimeline = stream(&reads);
    assert_eq!((request.verdict, tpot(&request)), (Verdict::Ok, Some(ms(20))));
}
