//! What a token costs in a large batch and in a small one, and against a scheduler that searches its lists.
//!
//! `cargo bench -p rehearsal-fake --no-default-features --bench engine`

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark reads a clock and prints"
)]

use std::{collections::BTreeMap, num::NonZeroU32, time::Instant};

use rehearsal_fake::engine::{Engine, EngineConfig, EngineRequest, Event, Nanos, StepTime};

const PROMPT: usize = 89;
const OUTPUT: u32 = 256;

/// Wall-clock nanoseconds a token when `requests` requests go through a batch of `batch`.
fn engine_ns(batch: u32, requests: u32) -> f64 {
    let mut config = EngineConfig::new(StepTime::constant_ms(1.0));
    config.max_num_seqs = batch;
    let mut engine = Engine::new(config).expect("a valid configuration");
    let mut tokens: u64 = 0;
    let started = Instant::now();
    for name in 0..requests {
        let request = EngineRequest::new(vec![name; PROMPT], NonZeroU32::new(OUTPUT).expect("not 0"));
        engine.submit(Nanos::ZERO, request).expect("a request that fits");
    }
    engine.advance_to(Nanos::MAX, &mut |event: Event| tokens += u64::from(matches!(event, Event::Token { .. })));
    let elapsed = started.elapsed();
    assert_eq!(tokens, u64::from(requests) * u64::from(OUTPUT));
    elapsed.as_nanos() as f64 / tokens as f64
}

/// The same with the plainest bookkeeping: a map of requests by id, block tables grown a block at a time, a fresh event list a step.
fn naive_ns(batch: u32, requests: u32) -> f64 {
    let started = Instant::now();
    let mut waiting: Vec<u32> = (0..requests).rev().collect();
    let mut states: BTreeMap<u32, (Vec<u32>, Vec<u32>)> = BTreeMap::new();
    let mut running: Vec<u32> = Vec::new();
    let mut tokens: u64 = 0;
    while !waiting.is_empty() || !running.is_empty() {
        while running.len() < batch as usize
            && let Some(name) = waiting.pop()
        {
            running.push(name);
            states.insert(name, (vec![name; PROMPT], Vec::new()));
        }
        let mut events: Vec<Box<(u32, u32)>> = Vec::new();
        for name in running.clone() {
            let (text, blocks) = states.get_mut(&name).expect("it runs");
            if blocks.len() * 16 < text.len() + 1 {
                blocks.push(u32::try_from(blocks.len()).expect("few"));
            }
            text.push(name);
            events.push(Box::new((name, *text.last().expect("just pushed"))));
            if text.len() == PROMPT + OUTPUT as usize {
                states.remove(&name);
                running.retain(|other| *other != name);
            }
        }
        tokens += events.len() as u64;
    }
    started.elapsed().as_nanos() as f64 / tokens as f64
}

fn main() {
    let best = |measure: &dyn Fn() -> f64| (0..5).map(|_| measure()).fold(f64::INFINITY, f64::min);
    let large = best(&|| engine_ns(256, 2048));
    let small = best(&|| engine_ns(1, 64));
    let naive = best(&|| naive_ns(256, 2048));
    println!("batch 256: {large:.1} ns a token; batch 1: {small:.1} ns a token; ratio {:.2}", small / large);
    println!(
        "naive bookkeeping without scheduling, cache or hashes: {naive:.1} ns a token; engine/naive {:.2}",
        large / naive
    );
    // measured 1.5; below 1 a large batch would cost more a token than a batch of one
    assert!(1.0 <= small / large, "a token costs more in a batch of 256 than alone");
    println!("10^6 requests of 256 tokens in batches of 256 would take {:.1} s", large * 256e6 / 1e9);
}
