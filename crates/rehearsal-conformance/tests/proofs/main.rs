//! Each case can fail: a faulty answer to a case's own question makes that case, and so the run, fail.
//!
//! The faults change bytes on the way from a sound server, and know nothing of the suite's reader. A case without a fault
//! in these tables fails the tests.

mod cache;
mod choices;
mod faulty;
mod framing;
mod lifecycle;
mod limits_and_errors;
mod parsing;
mod stop;
mod stream;
mod usage;

use std::{collections::BTreeSet, sync::atomic::AtomicUsize, time::Duration};

use rehearsal_conformance::{
    Check, Detail, Level, ServerFlag, Strictness, Suite, SuiteEvent, SuiteReport, Target, Verdict,
};
use rehearsal_fake::{
    FakeVllm, FrontendOptions, Pacing,
    api::AutoToolChoice,
    profile::Profile,
    reasoning::ReasoningParser,
    text::{Canned, canned::says},
    tools::ToolCallParser,
};
use rehearsal_load::transport::StreamTransport;

use faulty::{Asked, Fault, Faulty, Reply};

/// A fault, and the case that must notice it.
#[derive(Clone, Copy)]
struct Proof {
    case: &'static str,
    fault: &'static str,
    server: ServerKind,
    change: Fault,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ServerKind {
    Plain,
    Forced,
    Keyed,
    Details,
    Configured,
    Speculative,
    Parsing,
    /// As 0.32.0.
    Newer,
    /// As 0.32.0, with a bounded queue and keep-alive comments.
    Bounded,
}

impl ServerKind {
    const ALL: [Self; 9] = [
        Self::Plain,
        Self::Forced,
        Self::Keyed,
        Self::Details,
        Self::Configured,
        Self::Speculative,
        Self::Parsing,
        Self::Newer,
        Self::Bounded,
    ];
}

impl Proof {
    const fn new(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Plain, change }
    }

    const fn forced(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Forced, change }
    }

    const fn details(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Details, change }
    }

    const fn configured(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Configured, change }
    }

    const fn speculative(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Speculative, change }
    }

    const fn parsing(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Parsing, change }
    }

    const fn newer(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Newer, change }
    }

    const fn bounded(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Bounded, change }
    }

    const fn with_key(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Keyed, change }
    }
}

fn proofs() -> impl Iterator<Item = Proof> {
    let families = [
        usage::PROOFS,
        stream::PROOFS,
        choices::PROOFS,
        stop::PROOFS,
        cache::PROOFS,
        parsing::PROOFS,
        limits_and_errors::PROOFS,
        framing::PROOFS,
        lifecycle::PROOFS,
    ];
    families.into_iter().flatten().copied()
}

const NO_FAULT: Fault = |_: &Asked, _: &mut Reply| {};

/// A sound server in the same process, with the flags that some cases need.
fn sound(kind: ServerKind) -> FakeVllm {
    let builder = FakeVllm::builder().pacing(Pacing::Virtual).max_model_len(2048);
    let builder = match kind {
        ServerKind::Plain | ServerKind::Speculative => builder,
        ServerKind::Forced => builder.force_include_usage(),
        ServerKind::Keyed => builder.api_key(KEY),
        ServerKind::Details => builder.prompt_tokens_details(),
        ServerKind::Configured => {
            builder.frontend(options(|options| options.generation_defaults.max_tokens = Some(64)))
        }
        ServerKind::Bounded => {
            let bounded = |options: &mut FrontendOptions| {
                options.max_num_queued_reqs = Some(6);
                options.sse_keep_alive_interval = Some(Duration::from_millis(5));
            };
            let slow = Profile::builtin("h100-qwen3-32b-bf16-tp8").expect("a built-in profile");
            let version = NEWER.parse().expect("a version that the fake knows");
            builder.vllm_version(version).frontend(options(bounded)).profile(slow).max_model_len(2048)
        }
        ServerKind::Newer => builder.vllm_version(NEWER.parse().expect("a version that the fake knows")),
        ServerKind::Parsing => {
            let served = |options: &mut FrontendOptions| {
                options.auto_tool_choice = AutoToolChoice::Served;
                options.tool_call_parser = Some(ToolCallParser::Hermes);
                options.reasoning_parser = Some(ReasoningParser::Qwen3);
            };
            let version = NEWER.parse().expect("a version that the fake knows");
            builder.vllm_version(version).frontend(options(served)).text(thoughtful())
        }
    };
    builder.start_in_memory().expect("the fake's defaults are sound")
}

fn options(change: impl FnOnce(&mut FrontendOptions)) -> FrontendOptions {
    let mut options = FrontendOptions::for_model("tiny");
    change(&mut options);
    options
}

/// A model that thinks and calls where it is asked to.
fn thoughtful() -> Canned {
    let call = r#"<tool_call>
{"name": "get_weather", "arguments": {"city": "Berlin", "unit": "celsius"}}
</tool_call>"#;
    let thought = "<think>\nLet me ponder.</think>\n\nYes.";
    Canned::new().when(says("user", "[[tool]]"), call).when(says("user", "[[think]]"), thought)
}

const NEWER: &str = "0.32.0";
const KEY: &str = "sk-of-the-proofs";

async fn run(kind: ServerKind, change: Fault, keep: impl Fn(&Check) -> bool) -> SuiteReport {
    let fake = sound(kind);
    let connector = fake.connector();
    let inner = StreamTransport::new(move || std::future::ready(Ok(connector.connect())));
    let target = Target::new("http://fake", Faulty { inner, fault: change, turn: AtomicUsize::new(0) });
    let target = match kind {
        ServerKind::Plain | ServerKind::Newer => target,
        ServerKind::Bounded => {
            target.started_with(ServerFlag::MaxNumQueuedReqs).started_with(ServerFlag::SseKeepAliveInterval)
        }
        ServerKind::Parsing => {
            target.started_with(ServerFlag::EnableAutoToolChoice).started_with(ServerFlag::ReasoningParser)
        }
        ServerKind::Forced => target.started_with(ServerFlag::EnableForceIncludeUsage),
        ServerKind::Keyed => target.started_with(ServerFlag::ApiKey).api_key(KEY),
        ServerKind::Details => target.started_with(ServerFlag::EnablePromptTokensDetails),
        ServerKind::Configured => target.started_with(ServerFlag::GenerationConfig),
        ServerKind::Speculative => target.started_with(ServerFlag::SpeculativeConfig),
    };
    let suite = Suite::standard().destructive().retain(keep);
    suite.run(&target, |_: &SuiteEvent<'_>| {}).await.expect("a sound server is surveyed")
}

#[tokio::test(start_paused = true)]
async fn each_fault_is_noticed_by_its_case() {
    let mut unnoticed = Vec::new();
    for proof in proofs() {
        let report = run(proof.server, proof.change, |check| check.id == proof.case).await;
        let noticed = match report.cases.first().map(|case| (case.level, &case.verdict)) {
            Some((Level::Must, verdict)) => *verdict == Verdict::Fail,
            Some((Level::Should, verdict)) => *verdict == Verdict::NonStrict,
            _ => false,
        };
        if !noticed {
            unnoticed.push(format!("{}: {}\n{}", proof.case, proof.fault, report.to_tree(Detail::Findings)));
        }
    }
    assert!(unnoticed.is_empty(), "{}", unnoticed.join("\n"));
}

#[test]
fn every_case_has_a_fault_that_it_notices() {
    let proven: BTreeSet<&str> = proofs().map(|proof| proof.case).collect();
    let suite = Suite::standard();
    let missing: Vec<&str> = suite
        .checks()
        .filter(|check| check.level != Level::Info && !proven.contains(check.id))
        .map(|check| check.id)
        .collect();
    assert!(missing.is_empty(), "without a fault: {missing:?}");
}

/// The same transport, the same servers, and nothing changed: what the faults are compared with.
#[tokio::test(start_paused = true)]
async fn without_a_fault_no_case_fails() {
    for kind in ServerKind::ALL {
        let report = run(kind, NO_FAULT, |_| true).await;
        assert!(!report.failed(Strictness::Strict), "{}", report.to_tree(Detail::Lines));
    }
}
