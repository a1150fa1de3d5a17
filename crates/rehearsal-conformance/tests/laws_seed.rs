//! Laws of the report's own result file. Oracle: the two published files themselves, and exact rationals.

mod oracle;

use std::time::Duration;

use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::{collection::vec, prelude::*};
use rehearsal_load::{
    LoadPlan, SeedReport,
    client::{RequestTimeline, TokenUsage, Verdict},
    plan::Streaming,
};
use serde_json::Value;

use oracle::{exact, is_nearest, is_within, ratio};

/// The published files, with their sources in `fixtures/report/README.md`.
const PUBLISHED: [&str; 2] =
    [include_str!("../../../fixtures/report/tp1.json"), include_str!("../../../fixtures/report/tp2.json")];

fn number(file: &Value, pointer: &str) -> f64 {
    file.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("{pointer} is a number"))
}

/// Plain arithmetic of this test on the raw JSON, in the order of the definitions.
#[test]
fn the_published_derived_figures_follow_bit_for_bit() {
    for text in PUBLISHED {
        let file: Value = serde_json::from_str(text).unwrap();
        let [ok, total, qps] = ["/ok", "/total_time_s", "/qps"].map(|pointer| number(&file, pointer));
        let prompt = number(&file, "/token_usage/prompt_tokens_mean");
        let completion = number(&file, "/token_usage/completion_tokens_mean");
        let latency = number(&file, "/latency_s/mean");
        for (pointer, expected) in [
            ("/qps", ok / total),
            ("/derived/prompt_tps", prompt * qps),
            ("/derived/decode_tps", completion * qps),
            ("/derived/ms_per_output_token", latency * 1000.0 / completion),
        ] {
            assert_eq!(number(&file, pointer).to_bits(), expected.to_bits(), "{pointer}");
        }
        // the identity that the name hides: whole-run output throughput
        let tokens = exact(ok) * exact(completion) / exact(total);
        assert!(is_within(number(&file, "/derived/decode_tps"), &tokens, 3, &tokens));
        assert_eq!(exact(number(&file, "/requests")), exact(ok) + exact(number(&file, "/errors")));
    }
}

#[test]
fn the_load_generator_derives_the_published_figures_bit_for_bit() {
    for text in PUBLISHED {
        let file: Value = serde_json::from_str(text).unwrap();
        let derived = SeedReport::from_json(text).unwrap().derive_again();
        for (pointer, seen) in [
            ("/derived/prompt_tps", derived.prompt_tps),
            ("/derived/decode_tps", derived.decode_tps),
            ("/derived/ms_per_output_token", derived.ms_per_output_token),
        ] {
            assert_eq!(seen.map(f64::to_bits), Some(number(&file, pointer).to_bits()), "{pointer}");
        }
    }
}

#[test]
fn the_published_files_are_rewritten_byte_for_byte() {
    for text in PUBLISHED {
        assert_eq!(SeedReport::from_json(text).unwrap().to_json(), text.trim_end());
    }
}

/// A whole answer that took this long, with these counts.
fn answered(index: usize, nanos: u64, tokens: Option<(u64, u64)>) -> RequestTimeline {
    let mut request = RequestTimeline::begun(index, Duration::ZERO, Duration::ZERO, Streaming::Off);
    request.finished = Duration::from_nanos(nanos);
    request.usage = tokens.map(|(prompt, completion)| TokenUsage::new(prompt, completion));
    request.verdict = if tokens.is_some() { Verdict::Ok } else { Verdict::UsageMissing };
    request
}

fn plan(requests: usize) -> LoadPlan {
    LoadPlan::builder("http://127.0.0.1:8000", "m").requests(requests).build().expect("a valid plan")
}

prop_compose! {
    fn answers()(all in vec((1u64..20_000_000_000, (1u64..5000, 1u64..5000)), 1..80)) -> Vec<RequestTimeline> {
        all.into_iter().enumerate().map(|(index, (nanos, tokens))| answered(index, nanos, Some(tokens))).collect()
    }
}

fn whole(value: u64) -> BigRational {
    BigRational::from_integer(BigInt::from(value))
}

proptest! {
    /// decode_tps = ok x mean completion / total time = sum of completion tokens / total time; prompt_tps likewise.
    #[test]
    fn rates_are_sums_over_the_total_time(answers in answers(), extra in 0u64..1_000_000_000) {
        let window = answers.iter().map(|request| request.finished).max().unwrap() + Duration::from_nanos(extra);
        let report = SeedReport::new(&plan(answers.len()), &answers, window);
        let seconds = whole(u64::try_from(window.as_nanos()).unwrap()) / whole(1_000_000_000);
        let sum = |count: fn(&RequestTimeline) -> Option<u64>| whole(answers.iter().filter_map(count).sum());
        for (seen, expected) in [
            (report.derived.decode_tps, sum(RequestTimeline::output_tokens) / &seconds),
            (report.derived.prompt_tps, sum(RequestTimeline::prompt_tokens) / &seconds),
            (report.qps, whole(answers.len() as u64) / &seconds),
        ] {
            // roundings: seconds, mean, quotient, product
            prop_assert!(is_within(seen.unwrap(), &expected, 5, &expected));
        }
    }

    /// ms_per_output_token = mean latency x 1000 / mean completion tokens: a ratio of means.
    #[test]
    fn ms_per_output_token_is_a_ratio_of_means(answers in answers()) {
        let report = SeedReport::new(&plan(answers.len()), &answers, Duration::from_mins(1));
        let nanos: u64 = answers.iter().map(|request| u64::try_from(request.finished.as_nanos()).unwrap()).sum();
        let tokens: u64 = answers.iter().filter_map(RequestTimeline::output_tokens).sum();
        let expected = whole(nanos) / whole(1_000_000) / whole(tokens);
        prop_assert!(is_within(report.derived.ms_per_output_token.unwrap(), &expected, 6, &expected));
    }

    /// Means of counts are exact, and only successes that state a count enter them.
    #[test]
    fn token_means_are_over_the_answers_that_state_them(
        counts in vec(proptest::option::of((1u64..5000, 1u64..5000)), 1..60),
        failed in vec(any::<bool>(), 60),
    ) {
        let mut answers: Vec<RequestTimeline> =
            counts.iter().enumerate().map(|(index, tokens)| answered(index, 1_000_000, *tokens)).collect();
        for (request, failed) in answers.iter_mut().zip(&failed) {
            if *failed {
                request.verdict = Verdict::Error;
            }
        }
        let report = SeedReport::new(&plan(answers.len()), &answers, Duration::from_secs(1));
        let known: Vec<(u64, u64)> =
            counts.iter().zip(&failed).filter(|(_, failed)| !**failed).filter_map(|(tokens, _)| *tokens).collect();
        let means = [report.token_usage.prompt_tokens_mean, report.token_usage.completion_tokens_mean];
        if known.is_empty() {
            prop_assert_eq!(means, [None, None]);
            prop_assert_eq!(report.derived.ms_per_output_token, None);
        } else {
            let count = known.len() as u64;
            prop_assert!(is_nearest(means[0].unwrap(), &ratio(known.iter().map(|(prompt, _)| prompt).sum(), count)));
            prop_assert!(is_nearest(means[1].unwrap(), &ratio(known.iter().map(|(_, completion)| completion).sum(), count)));
        }
        prop_assert_eq!(report.ok + report.errors, report.requests);
        prop_assert_eq!(report.errors, failed.iter().take(counts.len()).filter(|failed| **failed).count());
    }

    /// What is written is read back to the last bit, by a JSON reader that knows nothing of the schema.
    #[test]
    fn the_file_keeps_every_bit(answers in answers()) {
        let report = SeedReport::new(&plan(answers.len()), &answers, Duration::from_nanos(33_333_333_333));
        let text = report.to_json();
        let file: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(number(&file, "/total_time_s").to_bits(), report.total_time_s.to_bits());
        prop_assert_eq!(number(&file, "/latency_s/mean").to_bits(), report.latency_s.mean.unwrap().to_bits());
        prop_assert_eq!(number(&file, "/derived/decode_tps").to_bits(), report.derived.decode_tps.unwrap().to_bits());
        prop_assert_eq!(SeedReport::from_json(&text).unwrap(), report);
    }
}

#[test]
fn a_run_in_which_all_failed_is_nulls() {
    let mut failed = answered(0, 5, Some((1, 1)));
    failed.verdict = Verdict::Timeout;
    let report = SeedReport::new(&plan(1), &[failed], Duration::from_secs(1));
    let file: Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!((report.ok, report.errors), (0, 1));
    for pointer in [
        "/latency_s/p50",
        "/latency_s/p95",
        "/latency_s/mean",
        "/latency_s/min",
        "/latency_s/max",
        "/ttft_s/p50",
        "/ttft_s/mean",
        "/token_usage/prompt_tokens_mean",
        "/token_usage/completion_tokens_mean",
        "/derived/prompt_tps",
        "/derived/decode_tps",
        "/derived/ms_per_output_token",
    ] {
        assert_eq!(file.pointer(pointer), Some(&Value::Null), "{pointer}");
    }
}
