//! Conversations of several turns: in order, with their history, and with time to think.

use std::{collections::BTreeMap, time::Duration};

use assert_cmd::Command;
use predicates::{prelude::PredicateBooleanExt as _, str::contains};
use rehearsal::{
    fake::{FakeVllm, Pacing, profile::Profile, tokenizer::Tokenizer},
    load::{
        LoadPlan, RequestTimeline, Run, StreamTransport, WarmUp,
        workload::{Conversations, Sizing, Synthetic},
    },
};

const TURNS: usize = 4;
const CONVERSATIONS: usize = 6;
const THINK: Duration = Duration::from_secs(2);

fn plan(base_url: &str) -> LoadPlan {
    let questions = Synthetic::new("40".parse().expect("a length"), Sizing::A_TOKEN_A_WORD, 5);
    LoadPlan::builder(base_url, "rehearsal")
        .workload(Conversations::new(questions, TURNS.try_into().expect("not zero")))
        .concurrency(3)
        .requests(CONVERSATIONS * TURNS)
        .max_tokens(16)
        .think(THINK)
        .warm_up(WarmUp::Skip)
        .build()
        .expect("a sound plan")
}

#[tokio::test(start_paused = true)]
async fn a_turn_follows_the_answer_before_it_after_the_time_to_think() {
    let fake = FakeVllm::builder()
        .profile(Profile::builtin("report-tp1").expect("a built-in profile"))
        .tokenizer(Tokenizer::byte_level())
        .pacing(Pacing::Virtual)
        .start_in_memory()
        .expect("the fake starts");
    let connector = fake.connector();
    let transport = StreamTransport::new(move || std::future::ready(Ok(connector.connect())));
    let outcome = Run::new(plan(fake.base_url()), transport).run(std::future::pending()).await.expect("a run");
    assert_eq!(outcome.report.counts.ok, CONVERSATIONS * TURNS);

    let mut conversations: BTreeMap<usize, Vec<&RequestTimeline>> = BTreeMap::new();
    for request in &outcome.requests {
        conversations.entry(request.index / TURNS).or_default().push(request);
    }
    for turns in conversations.values() {
        for pair in turns.windows(2) {
            assert_eq!(pair[1].scheduled, pair[0].finished + THINK, "{pair:?}");
            assert!(pair[0].prompt_tokens() < pair[1].prompt_tokens(), "the history grows: {pair:?}");
        }
    }
    // three conversations at a time, and nobody in between
    let begun = |conversation: usize| conversations[&conversation][0].started;
    assert_eq!([0, 1, 2].map(begun), [Duration::ZERO; 3]);
    assert!(3 <= CONVERSATIONS && Duration::ZERO < begun(3));
    // a cache that is asked for is no contamination
    assert!(outcome.report.plan.shares_prefixes);
}

#[test]
fn the_history_of_a_request_is_what_was_asked_before() {
    let plan = plan("http://host");
    let messages = |index: usize| {
        let request = plan.request(index);
        let body: serde_json::Value = serde_json::from_slice(request.body()).expect("JSON");
        body["messages"].as_array().expect("messages").clone()
    };
    let (first, third) = (messages(TURNS), messages(TURNS + 2));
    assert_eq!((first.len(), third.len()), (1, 5));
    assert_eq!(third[0], first[0], "the first question of the same conversation");
    let roles: Vec<&str> = third.iter().filter_map(|message| message["role"].as_str()).collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant", "user"]);
    assert_ne!(messages(0)[0], first[0], "another conversation");
}

#[test]
fn the_command_line_has_turns_and_names_what_does_not_go_with_them() {
    let bench = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
        command.env_remove("OPENAI_API_KEY").args([
            "bench",
            "--fake",
            "report-tp1",
            "--model",
            "tiny",
            "--max-tokens",
            "4",
        ]);
        command.args(["--input-tokens", "64", "--turns", "3", "--think-time", "1"]).args(args).assert()
    };
    bench(&["-c", "2", "-n", "6"]).success().stdout(contains("6 ok, 0 failed"));
    bench(&["-n", "7"]).code(2).stderr(contains("7 requests").and(contains("multiple of 3")));
    bench(&["-n", "6", "--request-rate", "2"]).code(2).stderr(contains("workers"));
    bench(&["-n", "6", "--endpoint", "completions"]).code(2).stderr(contains("/v1/completions"));
}
