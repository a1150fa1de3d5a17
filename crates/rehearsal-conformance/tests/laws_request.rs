//! Laws of one request's metrics. Oracle: the lengths of time from which the request was made, in integers.

mod oracle;

use std::time::Duration;

use proptest::prelude::*;
use rehearsal_load::{
    client::{ChunkKind, RequestTimeline, TokenChunk, TokenUsage, Verdict},
    metrics::{
        e2el, end_of_stream, gaps, itl_pooled, itl_request_mean, itl_token_weighted, schedule_lag, scheduled_latency,
        token_span, tpot, ttfot, ttft, ttft_of_choice,
    },
    plan::Streaming,
};

use oracle::timeline::{Story, story};

fn nanos(duration: Option<Duration>) -> Option<u64> {
    duration.map(|duration| u64::try_from(duration.as_nanos()).expect("a test is shorter than five centuries"))
}

proptest! {
    /// TTFT = first chunk - send, where the send comes after the connection is up.
    #[test]
    fn ttft_counts_from_the_send_to_the_first_chunk(story in story()) {
        let request = story.timeline(0);
        let expected = story.to_headers + story.chunks[0].0;
        prop_assert_eq!(nanos(ttft(&request)), Some(expected));
        prop_assert_eq!(nanos(ttfot(&request)), Some(expected), "without reasoning they are one");
        prop_assert_eq!(nanos(ttft_of_choice(&request, 0)), Some(expected));
        prop_assert_eq!(nanos(ttft_of_choice(&request, 1)), None);
    }

    /// Sum of ITL = last - first; and each gap is the one that was stated.
    #[test]
    fn gaps_are_the_stated_ones_and_add_up_to_the_span(story in story()) {
        let request = story.timeline(0);
        let stated: Vec<u64> = story.chunks[1..].iter().map(|(gap, _)| *gap).collect();
        let seen: Vec<u64> = gaps(&request).iter().map(|gap| nanos(Some(gap.length)).unwrap()).collect();
        prop_assert_eq!(&seen, &stated);
        prop_assert_eq!(nanos(token_span(&request)), Some(stated.iter().sum()));
    }

    /// TPOT = (last - first) / (tokens - tokens in the first chunk), to the nearest nanosecond.
    #[test]
    fn tpot_divides_the_span_by_the_tokens_after_the_first_chunk(story in story()) {
        let request = story.timeline(0);
        let span: u64 = story.chunks[1..].iter().map(|(gap, _)| *gap).sum();
        let after = story.tokens() - u64::from(story.chunks[0].1);
        match nanos(tpot(&request)) {
            None => prop_assert_eq!(after, 0),
            Some(seen) => {
                // |seen - span/after| <= 1/2
                let twice = 2 * i128::from(seen) * i128::from(after) - 2 * i128::from(span);
                prop_assert!(twice.abs() <= i128::from(after), "{} for {}/{}", seen, span, after);
            }
        }
    }

    /// E2EL ends with the last token, the end of the stream with [DONE]; TTFT <= E2EL <= end of stream.
    #[test]
    fn e2el_ends_with_the_last_token(story in story()) {
        let request = story.timeline(0);
        let last = story.to_headers + story.chunks.iter().map(|(gap, _)| gap).sum::<u64>();
        prop_assert_eq!(nanos(e2el(&request)), Some(last));
        prop_assert_eq!(nanos(end_of_stream(&request)), Some(last + story.tail));
        prop_assert!(ttft(&request) <= e2el(&request) && e2el(&request) <= end_of_stream(&request));
    }

    /// Not streamed, E2EL ends with the body, and there is no first token.
    #[test]
    fn an_answer_in_one_piece_has_an_end_and_no_first_token(story in story()) {
        let mut request = story.timeline(0);
        request.streaming = Streaming::Off;
        request.chunks.clear();
        prop_assert_eq!(nanos(e2el(&request)), Some(story.finished() - story.sent()));
        for undefined in [ttft(&request), ttfot(&request), tpot(&request), token_span(&request), itl_request_mean(&request)] {
            prop_assert_eq!(undefined, None);
        }
    }

    /// Scheduled latency = E2EL + (send - scheduled time); the generator's own lag is apart from it.
    #[test]
    fn scheduled_latency_counts_from_the_due_instant(story in story()) {
        let request = story.timeline(0);
        let expected = nanos(e2el(&request)).unwrap() + story.lag + story.connect.unwrap_or(0);
        prop_assert_eq!(nanos(scheduled_latency(&request)), Some(expected));
        prop_assert_eq!(nanos(Some(schedule_lag(&request))), Some(story.lag));
    }

    /// The three ITLs: pooled has one sample a gap; the request's mean is their mean; the token-weighted one has a sample a
    /// token after the first chunk, and loses less than a nanosecond of each.
    #[test]
    fn the_three_itls_are_three_metrics(story in story()) {
        let request = story.timeline(0);
        let stated: Vec<u64> = story.chunks[1..].iter().map(|(gap, _)| *gap).collect();
        let pooled: Vec<u64> = itl_pooled(std::slice::from_ref(&request)).iter().map(|itl| nanos(Some(*itl)).unwrap()).collect();
        prop_assert_eq!(&pooled, &stated);

        match nanos(itl_request_mean(&request)) {
            None => prop_assert!(stated.is_empty()),
            Some(mean) => {
                let twice = 2 * i128::from(mean) * stated.len() as i128 - 2 * i128::from(stated.iter().sum::<u64>());
                prop_assert!(twice.abs() <= stated.len() as i128);
            }
        }

        match itl_token_weighted(&request) {
            None => prop_assert!(stated.is_empty()),
            Some(samples) => {
                prop_assert_eq!(samples.len() as u64, story.tokens() - u64::from(story.chunks[0].1));
                let sum: u64 = samples.iter().map(|sample| nanos(Some(*sample)).unwrap()).sum();
                let span: u64 = stated.iter().sum();
                prop_assert!(sum <= span && span - sum < samples.len() as u64 + 1);
            }
        }
    }

    /// A failed request has no latency and no TPOT, and enters no pool.
    #[test]
    fn a_failed_request_has_no_latency(story in story(), verdict in proptest::sample::select(vec![
        Verdict::Error, Verdict::ErrorInBand, Verdict::Truncated, Verdict::Timeout, Verdict::Stalled,
        Verdict::ProtocolViolation, Verdict::ConnectError,
    ])) {
        let mut request = story.timeline(0);
        request.verdict = verdict;
        prop_assert!(!verdict.is_success());
        for undefined in [e2el(&request), end_of_stream(&request), scheduled_latency(&request), tpot(&request)] {
            prop_assert_eq!(undefined, None);
        }
        prop_assert_eq!(itl_pooled(&[request]), vec![]);
    }

    /// Usage that is missing is never replaced: no TPOT, and latencies untouched.
    #[test]
    fn unknown_tokens_leave_tpot_undefined(story in story()) {
        let mut request = story.timeline(0);
        request.verdict = Verdict::UsageMissing;
        request.usage = None;
        prop_assert_eq!(tpot(&request), None);
        prop_assert_eq!(nanos(ttft(&request)), Some(story.to_headers + story.chunks[0].0));
        prop_assert!(e2el(&request).is_some());
    }
}

fn plain(chunks: &[(u64, u32)]) -> RequestTimeline {
    let story =
        Story { due: 0, lag: 0, connect: None, to_headers: 0, chunks: chunks.to_vec(), tail: 0, prompt_tokens: 1 };
    story.timeline(0)
}

/// Each row of the table of definitions that says when a metric is undefined.
#[test]
fn every_metric_is_absent_where_it_is_undefined() {
    let none = plain(&[]);
    let one_token = plain(&[(300, 1)]);
    let one_chunk_of_three = plain(&[(300, 3)]);
    let two_tokens = plain(&[(300, 1), (25, 1)]);

    assert_eq!((ttft(&none), e2el(&none), tpot(&none), token_span(&none)), (None, None, None, None));
    assert_eq!(tpot(&one_token), None, "a request of one output token has no TPOT");
    assert_eq!(tpot(&one_chunk_of_three), None, "nothing comes after the first chunk");
    assert_eq!(itl_request_mean(&one_token), None, "one chunk has no gap");
    assert_eq!(itl_token_weighted(&one_chunk_of_three), None);
    assert_eq!(tpot(&two_tokens), Some(Duration::from_nanos(25)));

    let mut reasoning_only = two_tokens.clone();
    for chunk in &mut reasoning_only.chunks {
        chunk.kind = ChunkKind::Reasoning;
    }
    assert_eq!(ttfot(&reasoning_only), None, "reasoning is no output");
    assert_eq!(ttft(&reasoning_only), Some(Duration::from_nanos(300)), "reasoning is a token");

    let mut unknown_chunks = two_tokens.clone();
    unknown_chunks.chunks[1].tokens = None;
    assert_eq!(itl_token_weighted(&unknown_chunks), None, "a chunk of unknown size cannot be shared out");

    let mut lying = two_tokens;
    lying.usage = Some(TokenUsage::new(1, 0));
    assert_eq!(tpot(&lying), None, "fewer tokens than the first chunk has");
}

/// A run of one chunk each, at 100 ms for the first and 200 for the second choice: per choice, never only the first.
#[test]
fn several_choices_are_measured_apart_and_summed() {
    let ms = Duration::from_millis;
    let mut request = plain(&[]);
    for (at, choice) in [(100, 0), (200, 1), (140, 0), (260, 1)] {
        request.chunks.push(TokenChunk { at: ms(at), choice, kind: ChunkKind::Content, tokens: Some(1) });
    }
    request.usage = Some(TokenUsage::new(5, 4));
    assert_eq!(ttft_of_choice(&request, 0), Some(ms(100)));
    assert_eq!(ttft_of_choice(&request, 1), Some(ms(200)));
    assert_eq!(token_span(&request), Some(ms(40 + 60)));
    assert_eq!(tpot(&request), Some(ms(50)), "100 ms over the two tokens after the first of each choice");
    assert_eq!(itl_pooled(&[request]), [ms(40), ms(60)]);
}
