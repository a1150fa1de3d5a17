//! Every API is timed and counted by the same rules: on the virtual clock a request costs the engine the same whichever it
//! came through, so chats are the oracle for responses and messages.

use std::time::Duration;

use assert_cmd::Command;
use predicates::{prelude::PredicateBooleanExt as _, str::contains};
use rehearsal::{
    fake::{FakeVllm, Pacing, profile::Profile, tokenizer::Tokenizer},
    load::{
        Endpoint, FinishReason, LoadPlan, Outcome, RequestTimeline, Run, Script, ScriptedTransport, StreamTransport,
        Streaming, Verdict, WarmUp,
        metrics::{e2el, tpot, ttft},
    },
};

const TOKENS: u32 = 12;
const GRID: Duration = Duration::from_millis(1);

async fn one(version: &str, endpoint: Endpoint, streaming: Streaming) -> RequestTimeline {
    let fake = FakeVllm::builder()
        .vllm_version(version.parse().expect("a version"))
        .profile(Profile::builtin("report-tp1").expect("a built-in profile"))
        .tokenizer(Tokenizer::byte_level())
        .pacing(Pacing::Virtual)
        .start_in_memory()
        .expect("the fake starts");
    let connector = fake.connector();
    let transport = StreamTransport::new(move || std::future::ready(Ok(connector.connect())));
    let plan = LoadPlan::builder(fake.base_url(), "rehearsal")
        .endpoint(endpoint)
        .prompt("What is rehearsed is known.")
        .max_tokens(TOKENS)
        .streaming(streaming)
        .warm_up(WarmUp::Skip)
        .build()
        .expect("a sound plan");
    let Outcome { mut requests, .. } = Run::new(plan, transport).run(std::future::pending()).await.expect("a run");
    requests.remove(0)
}

#[track_caller]
fn close(a: Option<Duration>, b: Option<Duration>, about: &str) {
    let (a, b) = (a.unwrap_or_else(|| panic!("{about}")), b.unwrap_or_else(|| panic!("{about}")));
    assert!(a.abs_diff(b) <= GRID, "{about}: {a:?} against {b:?}");
}

async fn check(version: &str, endpoint: Endpoint) {
    for streaming in [Streaming::On, Streaming::Off] {
        let chat = one(version, Endpoint::Chat, streaming).await;
        let other = one(version, endpoint, streaming).await;
        let about = format!("{version}, {endpoint}, {streaming:?}: {other:?}");
        assert_eq!(other.verdict, Verdict::Ok, "{about}");
        assert_eq!(other.output_tokens(), Some(u64::from(TOKENS)), "{about}");
        assert_eq!(other.prompt_tokens(), chat.prompt_tokens(), "{about}");
        assert_eq!(other.model.as_deref(), Some("rehearsal"), "{about}");
        assert_eq!(other.finish_reasons.get(0), Some(FinishReason::Length), "{about}");
        close(e2el(&other), e2el(&chat), &about);
        if streaming == Streaming::On {
            assert_eq!(other.chunks.len(), chat.chunks.len(), "{about}");
            close(ttft(&other), ttft(&chat), &about);
            close(tpot(&other), tpot(&chat), &about);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn responses() {
    check("0.32.0", Endpoint::Responses).await;
}

#[tokio::test(start_paused = true)]
async fn messages() {
    check("0.32.0", Endpoint::Messages).await;
}

async fn played(endpoint: Endpoint, streaming: Streaming, script: Script) -> RequestTimeline {
    let plan = LoadPlan::builder("http://host", "m")
        .endpoint(endpoint)
        .streaming(streaming)
        .warm_up(WarmUp::Skip)
        .build()
        .expect("a sound plan");
    let run = Run::new(plan, ScriptedTransport::repeat(script));
    run.run(std::future::pending()).await.expect("a run").requests.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_events_that_ends_early_is_truncated() {
    let ms = Duration::from_millis;
    let start =
        r#"data: {"type":"message_start","message":{"model":"m","usage":{"input_tokens":3,"output_tokens":0}}}"#;
    let delta = r#"data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}"#;
    let script = Script::event_stream(ms(1)).bytes(ms(2), format!("{start}\n\n{delta}\n\n")).end(ms(3));
    let cut = played(Endpoint::Messages, Streaming::On, script.clone()).await;
    assert_eq!(cut.verdict, Verdict::Truncated);
    assert_eq!(cut.detail.as_deref(), Some("the stream ends without message_stop"));

    let error = r#"data: {"type":"error","error":{"type":"api_error","message":"out of memory"}}"#;
    let failed = script.bytes(ms(3), format!("{error}\n\n"));
    let failed = played(Endpoint::Messages, Streaming::On, failed).await;
    assert_eq!((failed.verdict, failed.detail.as_deref()), (Verdict::ErrorInBand, Some("out of memory")));
}

#[tokio::test(start_paused = true)]
async fn embeddings_have_a_latency_and_prompt_tokens() {
    let ms = Duration::from_millis;
    let answer = r#"{"object":"list","model":"e5","data":[{"index":0,"object":"embedding","embedding":[0.5,0.25]}],
                     "usage":{"prompt_tokens":7,"total_tokens":7,"completion_tokens":0}}"#;
    let request = played(Endpoint::Embeddings, Streaming::Off, Script::json_at(ms(40), 200, answer)).await;
    assert_eq!((request.verdict, request.prompt_tokens(), request.output_tokens()), (Verdict::Ok, Some(7), None));
    assert_eq!((e2el(&request), ttft(&request)), (Some(ms(40)), None));

    let empty = played(Endpoint::Embeddings, Streaming::Off, Script::json_at(ms(1), 200, r#"{"data":[]}"#)).await;
    assert_eq!(empty.verdict, Verdict::Truncated);
}

#[test]
fn the_command_line_names_the_api() {
    let bench = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
        command.env_remove("OPENAI_API_KEY").args(["bench", "--fake", "report-tp1", "--model", "tiny", "-n", "2"]);
        command.args(["--max-tokens", "4"]).args(args).assert()
    };
    bench(&["--endpoint", "messages", "--stream", "--format", "json"])
        .success()
        .stdout(contains(r#""endpoint": "messages""#));
    bench(&["--endpoint", "responses"]).success().stdout(contains("2 ok, 0 failed"));
    bench(&["--endpoint", "embeddings", "--stream"]).code(2).stderr(contains("no streams"));
    bench(&["--endpoint", "images"]).code(2).stderr(contains("images").and(contains("messages")));
}
