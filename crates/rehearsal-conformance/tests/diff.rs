//! What changed between two servers, as `diff` tells it.

use rehearsal_conformance::{DiffError, Difference, Suite, SuiteEvent, SuiteReport, Target, diff};
use rehearsal_fake::{FakeVllm, Pacing};

async fn recorded(version: &str, seed: u64) -> SuiteReport {
    let version = version.parse().expect("a version that the fake knows");
    let builder = FakeVllm::builder().vllm_version(version).pacing(Pacing::Virtual);
    let fake = builder.start_in_memory().expect("the fake's defaults are sound");
    let connector = fake.connector();
    let target = Target::in_memory("the fake", move || std::future::ready(Ok(connector.connect())));
    Suite::standard().seed(seed).run(&target, |_: &SuiteEvent<'_>| {}).await.expect("the fake is surveyed")
}

fn holds(differences: &[Difference], about: &str, what: &str, before: &str, after: &str) {
    let found = differences.iter().any(|difference| {
        difference.about == about
            && difference.what.starts_with(what)
            && difference.before.starts_with(before)
            && difference.after.starts_with(after)
    });
    let all: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert!(found, "{about}: {what}: {before} → {after} is not among\n{}", all.join("\n"));
}

/// The rows of vLLM's history between 0.13.0 and 0.32.0 that an answer shows, as the recordings of both have them.
#[tokio::test(start_paused = true)]
async fn the_history_between_two_versions_is_told() {
    let (before, after) = (recorded("0.13.0", 1).await, recorded("0.32.0", 1).await);
    let differences = diff(&before, &after).unwrap();
    let has = |about, what, before, after| holds(&differences, about, what, before, after);
    has("chat stream", "usage at the end with stream_options: {}", "a chunk", "none");
    has("chat stream", "usage on choice chunks with stream_options: {\"continuous_usage_stats\":true}", "all", "none");
    has("completions stream", "chunk: key usage", "null", "absent");
    has("chat stream", "chunk: key choices[].delta.reasoning_content", "null", "absent");
    has("chat", "key choices[].message.tool_calls", "[]", "absent");
    has("chat", "key system_fingerprint", "null", "present");
    has("chat", "key usage.completion_tokens_details", "absent", "null");
    has("chat", "POST /v1/chat/completions with stop: [", "200", "400 \"2 validation errors:");
    has("chat", "POST /v1/chat/completions with max_completion_tokens: 0", "200", "400");
    has("completions", "POST /v1/completions with ignore_eos: true", "400", "200");
    has("chat", "message", "The model `rehearsal-no-such-model` does not exist.", "The model");
    has("chat", "key error.param", "null", "\"max_tokens\"");
}

/// Ids, times, texts and invented numbers differ between any two runs and are no news.
#[tokio::test(start_paused = true)]
async fn a_server_does_not_differ_from_itself() {
    for version in ["0.13.0", "0.32.0", "0.32.0-rust"] {
        let differences = diff(&recorded(version, 1).await, &recorded(version, 1).await).unwrap();
        assert_eq!(differences, [], "{version}");
    }
}

#[tokio::test(start_paused = true)]
async fn reports_of_other_seeds_are_not_compared() {
    let error = diff(&recorded("0.13.0", 1).await, &recorded("0.13.0", 2).await).unwrap_err();
    assert_eq!(error, DiffError::Seeds(1, 2));
    assert!(error.to_string().contains("--seed"));
}
