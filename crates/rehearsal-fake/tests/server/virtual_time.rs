//! Exact time on the paused clock.

use std::time::Duration;

use rehearsal_fake::{
    FakeVllm, FakeVllmBuilder, Pacing,
    engine::{Nanos, StepTime},
};
use serde_json::json;
use tokio::{task::JoinSet, time::Instant};

use super::client;

pub(crate) fn stepping(step_ms: f64) -> FakeVllmBuilder {
    FakeVllm::builder().pacing(Pacing::Virtual).engine(move |config| config.step_time = StepTime::constant_ms(step_ms))
}

#[tokio::test(start_paused = true)]
async fn a_stream_arrives_at_the_ends_of_steps_and_the_journal_has_their_exact_instants() {
    let fake = stepping(61.4).start_in_memory().unwrap();
    let started = Instant::now();
    let body = json!({"prompt": [1, 2, 3], "max_tokens": 4, "stream": true});
    let stream = client::open(&fake, "POST", "/v1/completions", &body.to_string()).await;
    let answer = client::read(stream, started).await;
    let at: Vec<u128> = answer.events.iter().map(|(at, _)| at.as_millis()).collect();
    // the last token and `[DONE]` come together
    assert_eq!(at, [62, 123, 185, 246, 246]);
    let step = Nanos::from_millis_f64(61.4);
    let journal = fake.journal();
    assert_eq!(journal[0].choices[0].tokens_at, [step, step * 2, step * 3, step * 4]);
}

/// 257 steps for the first of a wave: its prompt is a step of its own only when it comes first; here all come at once, so 256 steps.
#[tokio::test(start_paused = true)]
async fn requests_of_one_instant_share_their_steps() {
    let fake = stepping(45.79).start_in_memory().unwrap();
    let started = Instant::now();
    let mut clients = JoinSet::new();
    for worker in 0..16_u32 {
        let body = json!({"prompt": [worker, 2, 3], "max_tokens": 256}).to_string();
        let stream = client::open(&fake, "POST", "/v1/completions", &body).await;
        clients.spawn(client::read(stream, started));
    }
    while let Some(answer) = clients.join_next().await {
        assert_eq!(answer.unwrap().json()["usage"]["completion_tokens"], 256);
    }
    let journal = fake.journal();
    let ends: Vec<Nanos> = journal.iter().map(|entry| *entry.choices[0].tokens_at.last().unwrap()).collect();
    assert_eq!(ends, [Nanos::from_millis_f64(45.79) * 256; 16]);
    assert_eq!(started.elapsed(), Duration::from_millis(11_723));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_does_not_slow_the_engine_nor_its_neighbour() {
    let fake = stepping(10.0).max_model_len(32_768).start_in_memory().unwrap();
    let started = Instant::now();
    let body = json!({"prompt": [1], "max_tokens": 2_000, "stream": true}).to_string();
    // more than the connection holds, and never read
    let unread = client::open(&fake, "POST", "/v1/completions", &body).await;
    let neighbour = client::read(client::open(&fake, "POST", "/v1/completions", &body).await, started).await;
    assert_eq!(neighbour.events.last().unwrap().0, Duration::from_secs(20));
    let finished = |index: usize| *fake.journal()[index].choices[0].tokens_at.last().unwrap();
    assert_eq!([finished(0), finished(1)], [Nanos::from_millis(20_000); 2]);
    // and it can still be read, whole
    let late = client::read(unread, started).await;
    assert_eq!(late.events.len(), 2_001);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reader_aborts_its_request_within_a_step() {
    for stream in [true, false] {
        let fake = stepping(10.0).start_in_memory().unwrap();
        let body = json!({"prompt": [1], "max_tokens": 2_000, "stream": stream}).to_string();
        let connection = client::open(&fake, "POST", "/v1/completions", &body).await;
        tokio::time::sleep_until(Instant::now() + Duration::from_millis(35)).await;
        drop(connection);
        let answer = client::post(&fake, "/v1/completions", &json!({"prompt": [2], "max_tokens": 1})).await;
        assert_eq!(answer.status, 200);
        let lost = &fake.journal()[0];
        assert!(lost.is_aborted(), "stream: {stream}");
        assert!((3..=4).contains(&lost.choices[0].tokens_at.len()), "{lost:?}");
    }
}
