//! What the server adds to the engine: a streamed token through HTTP in memory, against the same token from the bare engine.
//!
//! `cargo bench -p rehearsal-fake --bench server`

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark reads a clock and prints"
)]

use std::{num::NonZeroU32, time::Instant};

use rehearsal_fake::{
    FakeVllm,
    engine::{Engine, EngineConfig, EngineRequest, Event, Nanos, StepTime},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinSet,
};

const OUTPUT: u32 = 256;

/// Wall-clock nanoseconds a token of the bare engine.
fn engine_ns(streams: u32) -> f64 {
    let mut engine = Engine::new(EngineConfig::new(StepTime::constant_ms(0.001))).expect("a valid configuration");
    let started = Instant::now();
    for name in 0..streams {
        let request = EngineRequest::new(vec![name; 89], NonZeroU32::new(OUTPUT).expect("not 0"));
        engine.submit(Nanos::ZERO, request).expect("a request that fits");
    }
    let mut tokens = 0_u32;
    engine.advance_to(Nanos::MAX, &mut |event: Event| tokens += u32::from(matches!(event, Event::Token { .. })));
    started.elapsed().as_nanos() as f64 / f64::from(tokens)
}

/// Wall-clock nanoseconds an event of a stream, `streams` at once, all on one thread; the client only counts.
async fn server_ns(streams: u32, chat: bool) -> f64 {
    let fake = FakeVllm::builder().start_in_memory().expect("the server starts");
    let started = Instant::now();
    let mut clients = JoinSet::new();
    for name in 0..streams {
        let mut stream = fake.connect();
        let (path, prompt) = if chat {
            ("/v1/chat/completions", format!(r#""messages":[{{"role":"user","content":"number {name}"}}]"#))
        } else {
            ("/v1/completions", format!(r#""prompt":"number {name}""#))
        };
        let body = format!(r#"{{{prompt},"max_tokens":{OUTPUT},"stream":true}}"#);
        let length = body.len();
        clients.spawn(async move {
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: fake\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.expect("the server reads");
            stream.write_all(body.as_bytes()).await.expect("the server reads");
            let (mut buffer, mut events) = (vec![0; 64 << 10], 0_u32);
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                let read = buffer.get(..count).unwrap_or_default();
                events += u32::try_from(read.windows(6).filter(|window| *window == b"data: ").count()).unwrap_or(0);
            }
            events
        });
    }
    let mut events = 0;
    while let Some(client) = clients.join_next().await {
        events += client.expect("the client counts");
    }
    started.elapsed().as_nanos() as f64 / f64::from(events.max(1))
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let streams = if quick { 16 } else { 256 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let engine = engine_ns(streams);
    println!("{streams} streams of {OUTPUT} tokens, one thread");
    println!("engine alone      {engine:8.0} ns a token");
    for (name, chat) in [("completions", false), ("chat", true)] {
        let server = runtime.block_on(server_ns(streams, chat));
        println!(
            "{name:<17} {server:8.0} ns an event, {:6.0} events/s, {:.0} x the engine",
            1e9 / server,
            server / engine
        );
    }
}
