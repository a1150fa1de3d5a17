//! What changed between two servers, as `diff` tells it.

use rehearsal_conformance::{Comparison, DiffError, Suite, SuiteEvent, SuiteReport, Target, diff};
use rehearsal_fake::{FakeVllm, Pacing};

async fn recorded(version: &str, seed: u64) -> SuiteReport {
    let version = version.parse().expect("a version that the fake knows");
    let builder = FakeVllm::builder().vllm_version(version).pacing(Pacing::Virtual);
    let fake = builder.start_in_memory().expect("the fake's defaults are sound");
    let connector = fake.connector();
    let target = Target::in_memory("the fake", move || std::future::ready(Ok(connector.connect())));
    Suite::standard().seed(seed).run(&target, |_: &SuiteEvent<'_>| {}).await.expect("the fake is surveyed")
}

#[track_caller]
fn tells(comparison: &Comparison, line: &str) {
    let text = comparison.to_text();
    assert!(text.lines().any(|said| said.starts_with(&format!("- {line}"))), "`{line}` is not in\n{text}");
}

/// A release note in the words of who reads it.
#[tokio::test(start_paused = true)]
async fn what_changed_is_told_in_sentences() {
    let comparison = diff(&recorded("0.13.0", 1).await, &recorded("0.32.0", 1).await).unwrap();
    let text = comparison.to_text();
    assert!(text.starts_with("# What changed from 0.13.0 to 0.32.0\n"), "{text}");
    for line in [
        "chat stream, completions stream: `stream_options: {}`: at the end: a usage chunk in 0.13.0, none in 0.32.0 (U-25)",
        "completions stream, chunks: `usage`: null in 0.13.0, absent in 0.32.0 (",
        "chat stream, chunks: `choices[].delta.reasoning_content`: null in 0.13.0, absent in 0.32.0 (",
        "chat: `choices[].message.tool_calls`: [] in 0.13.0, absent in 0.32.0 (",
        "chat, completions: `temperature: 2.5`: answered in 0.13.0, 400 \"temperature must be in [0, 2], got 2.5.",
        "completions: `prompt: 32764 ids, ignore_eos: true`: 400 \"This model's maximum context length is 32763 tokens.",
        "`finished_reason` of `vllm:request_success`: no other in 0.13.0, also repetition in 0.32.0 (",
        "a body that is no JSON object is the client's fault: KNOWN-BUG in 0.13.0, PASS in 0.32.0 (E-02)",
    ] {
        tells(&comparison, line);
    }
}

/// Ids, times, texts and invented numbers differ between any two runs and are no news.
#[tokio::test(start_paused = true)]
async fn a_server_does_not_differ_from_itself() {
    for version in ["0.13.0", "0.32.0", "0.32.0-rust"] {
        let comparison = diff(&recorded(version, 1).await, &recorded(version, 1).await).unwrap();
        assert_eq!(comparison.differences, [], "{version}");
    }
}

#[tokio::test(start_paused = true)]
async fn reports_of_other_seeds_are_not_compared() {
    let error = diff(&recorded("0.13.0", 1).await, &recorded("0.13.0", 2).await).unwrap_err();
    assert_eq!(error, DiffError::Seeds(1, 2));
    assert!(error.to_string().contains("--seed"));
}
