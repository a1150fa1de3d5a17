//! What a streamed chunk costs the load generator over TCP: `cargo bench --bench client_throughput`.
//!
//! The server is a process of its own on one core, this process the client on another, so that the client's CPU time is the
//! process's and its memory the process's high-water mark. Chunks are of the size of vLLM 0.13's. Three clients read the same
//! streams of a server that only writes bytes:
//! * bare: hyper's HTTP/1 client, which counts bytes;
//! * ours: `Run` over `HttpTransport`, as `rehearsal bench` does it, time stamps and verdicts included;
//! * serde: `reqwest` with `eventsource-stream`, every chunk as structs of serde, as OpenAI clients in Rust do it.
//!
//! Then ours reads streams of the fake, unpaced, and a thousand of them at once.
#![expect(clippy::print_stdout, reason = "a benchmark's output is its result")]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "a benchmark reads the real clock")]

mod clients;
mod server;

use std::{future::Future, time::Duration};

use rustix::{
    thread::{CpuSet, sched_setaffinity},
    time::{ClockId, clock_gettime},
};

/// Streams at once, and chunks of each.
const STREAMS: usize = 16;
const CHUNKS: u32 = 20_000;
const ROUNDS: u32 = 5;

/// Ratios that fail the run, with room for a busy machine: what ours costs to bare (measured 3.1), and what serde's costs to
/// ours (measured 1.5).
const MOST_OF_BARE: f64 = 4.5;
const LEAST_OF_SERDE: f64 = 1.1;

/// As in the program itself, so that all three clients have it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One client over all streams.
struct Cost {
    wall: Duration,
    cpu: Duration,
    chunks: f64,
}

impl Cost {
    fn micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.chunks
    }

    fn print(&self, name: &str) {
        let rate = self.chunks / self.wall.as_secs_f64();
        let of_a_core = self.cpu.as_secs_f64() / self.wall.as_secs_f64() * 100.0;
        println!(
            "{name:<34} {rate:>10.0} chunks/s {:>7.3} µs CPU a chunk, {of_a_core:>3.0} % of a core",
            self.micros()
        );
    }
}

fn main() {
    if std::env::args().any(|argument| argument == server::ROLE) {
        pin(0);
        return server::run();
    }
    let quick = std::env::args().any(|argument| argument == "--quick");
    let rounds = if quick { 2 } else { ROUNDS };
    pin(1);
    let server = server::Child::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    println!(
        "{STREAMS} streams at once of {CHUNKS} chunks of {} bytes, best of {rounds} rounds",
        server::chunk_bytes()
    );

    let canned = &server.canned;
    let bare = best(&runtime, rounds, || clients::bare(canned));
    bare.print("bare hyper client");
    let ours = best(&runtime, rounds, || clients::ours(canned, STREAMS, STREAMS, CHUNKS));
    ours.print("ours");
    let serde = best(&runtime, rounds, || clients::serde(canned));
    serde.print("reqwest, eventsource-stream, serde");
    let (of_bare, of_serde) = (ours.micros() / bare.micros(), serde.micros() / ours.micros());
    println!("ratio ours/bare {of_bare:.2}, serde/ours {of_serde:.2}");

    let fake = best(&runtime, rounds, || clients::ours(&server.fake, STREAMS, STREAMS, 2000));
    fake.print("ours, from the fake");
    let many = best(&runtime, 1, || clients::ours(&server.fake, 1000, 2000, 64));
    many.print("ours, 1000 streams at once");
    let memory = high_water_mark_kb().map_or_else(|| "not known here".to_owned(), |kb| format!("{} MB", kb / 1000));
    println!("memory of the client, at most: {memory}");

    assert!(of_bare <= MOST_OF_BARE, "a chunk costs more than {MOST_OF_BARE} times what a bare client needs");
    assert!(LEAST_OF_SERDE <= of_serde, "a chunk costs more than 1/{LEAST_OF_SERDE} of what serde's structs cost");
}

/// The round of the least CPU time: noise only ever adds.
fn best<F: Future<Output = usize>>(runtime: &tokio::runtime::Runtime, rounds: u32, round: impl Fn() -> F) -> Cost {
    let one = || {
        let (begun, cpu) = (std::time::Instant::now(), cpu_time());
        let chunks = runtime.block_on(round());
        Cost { wall: begun.elapsed(), cpu: cpu_time().saturating_sub(cpu), chunks: chunks as f64 }
    };
    (0..rounds).map(|_| one()).min_by_key(|cost| cost.cpu).expect("at least one round")
}

fn cpu_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().expect("a process's time is never negative")
}

/// Keeps this thread, and those that it starts, on one core; on a machine that has it.
fn pin(core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core);
    if sched_setaffinity(None, &cores).is_err() {
        println!("core {core} cannot be had: client and server share what there is");
    }
}

/// The most resident memory so far; `None` where the system is not Linux.
fn high_water_mark_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
