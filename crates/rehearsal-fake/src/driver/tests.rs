//! Virtual time, to the nanosecond: the driver against the bare engine.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{task::JoinSet, time::Instant};

use super::*;
use crate::engine::{Engine, EngineConfig, EngineRequest, EngineStats, Event, FinishReason, Nanos, StepTime};

/// What an observer saw.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Event>>>);

impl Observer for Seen {
    fn submitted(&mut self, _: Submitted, _: Arc<str>) {}

    fn happened(&mut self, events: &[(Event, Option<(Ticket, u32)>)], _: &EngineStats) {
        self.0.lock().unwrap().extend(events.iter().map(|(event, _)| *event));
    }
}

impl Seen {
    /// Instant and index of every token.
    fn tokens(&self) -> Vec<(Nanos, u32)> {
        tokens(&self.0.lock().unwrap())
    }

    fn finished(&self) -> Vec<(Nanos, FinishReason)> {
        let finished = |event: &Event| match event {
            Event::Finished { at, finish, .. } => Some((*at, finish.reason)),
            _ => None,
        };
        self.0.lock().unwrap().iter().filter_map(finished).collect()
    }
}

fn tokens(events: &[Event]) -> Vec<(Nanos, u32)> {
    let token = |event: &Event| match event {
        Event::Token { at, index, .. } => Some((*at, *index)),
        _ => None,
    };
    events.iter().filter_map(token).collect()
}

struct Rig {
    engine: EngineHandle,
    seen: Seen,
    lateness: Arc<Mutex<LatenessLog>>,
    tasks: JoinSet<()>,
    started: Instant,
}

fn config(step_ms: f64) -> EngineConfig {
    EngineConfig { max_num_seqs: 2, max_model_len: 8192, ..EngineConfig::new(StepTime::constant_ms(step_ms)) }
}

fn rig(config: EngineConfig) -> Rig {
    let seen = Seen::default();
    let lateness = Arc::new(Mutex::new(LatenessLog::default()));
    let started = Instant::now();
    let clock = Arc::new(Clock::start(Pacing::Virtual).unwrap());
    let (driver, engine) = Driver::new(Engine::new(config).unwrap(), clock, seen.clone(), Arc::clone(&lateness));
    let mut tasks = JoinSet::new();
    tasks.spawn(driver.run());
    Rig { engine, seen, lateness, tasks, started }
}

fn request(salt: u32, tokens: u32) -> EngineRequest {
    EngineRequest::new(vec![salt, 1, 2, 3], NonZeroU32::new(tokens).unwrap())
}

fn submit(engine: &EngineHandle, salt: u32, tokens: u32) -> Tokens {
    engine.submit(
        engine.ticket(),
        Submission { sequences: vec![request(salt, tokens)], n: 1, id: "test".into(), read_at: Nanos::ZERO },
    )
}

#[tokio::test(start_paused = true)]
async fn tokens_come_at_the_exact_ends_of_steps_and_are_read_on_the_next_millisecond() {
    let rig = rig(config(50.3));
    let mut stream = submit(&rig.engine, 0, 3);
    let mut read_at = Vec::new();
    while stream.next().await.is_some() {
        read_at.push(rig.started.elapsed());
    }
    let step = Nanos::from_millis_f64(50.3);
    assert_eq!(rig.seen.tokens(), [(step, 0), (step * 2, 1), (step * 3, 2)]);
    assert_eq!(read_at, [51, 101, 151].map(Duration::from_millis));
}

/// Oracle: the engine itself, called at its own deadlines.
#[tokio::test(start_paused = true)]
async fn a_closed_loop_without_turnaround_is_the_bare_engines_to_the_nanosecond() {
    const WORKERS: u32 = 3;
    const REQUESTS: u32 = 4;
    let mut rig = rig(config(7.123_457));
    for worker in 0..WORKERS {
        let engine = rig.engine.clone();
        rig.tasks.spawn(async move {
            for number in 0..REQUESTS {
                let mut stream = submit(&engine, worker * 100 + number, 5 + worker);
                while stream.next().await.is_some() {}
            }
        });
    }
    let Rig { engine, seen, mut tasks, .. } = rig;
    drop(engine);
    while tasks.join_next().await.is_some() {}

    let mut bare = Engine::new(config(7.123_457)).unwrap();
    let mut workers: Vec<_> =
        (0..WORKERS).map(|worker| (bare.submit(Nanos::ZERO, request(worker * 100, 5 + worker)).unwrap(), 0)).collect();
    let mut expected = Vec::new();
    while let Some(deadline) = bare.next_deadline() {
        let mut events = Vec::new();
        bare.advance_to(deadline, &mut |event: Event| events.push(event));
        for event in &events {
            let Event::Finished { at, id, .. } = event else { continue };
            for (worker, (running, number)) in (0..).zip(&mut workers) {
                if *running == *id && *number + 1 < REQUESTS {
                    *number += 1;
                    *running = bare.submit(*at, request(worker * 100 + *number, 5 + worker)).unwrap();
                }
            }
        }
        expected.extend(events);
    }
    assert_eq!(seen.tokens(), tokens(&expected));
    assert_eq!(seen.tokens().len(), 4 * (5 + 6 + 7));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_never_reads_does_not_slow_the_engine() {
    let rig = rig(config(10.0));
    let unread = submit(&rig.engine, 0, 1_000);
    let mut read = submit(&rig.engine, 1, 1_000);
    while read.next().await.is_some() {}
    assert_eq!(rig.started.elapsed(), Duration::from_secs(10));
    assert_eq!(rig.seen.finished(), [(Nanos::from_millis(10_000), FinishReason::Length); 2]);
    drop(unread);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_aborts_its_request_within_a_step() {
    let rig = rig(config(10.0));
    let mut stream = submit(&rig.engine, 0, 1_000);
    for _ in 0..3 {
        stream.next().await.unwrap();
    }
    drop(stream);
    let mut other = submit(&rig.engine, 1, 2);
    while other.next().await.is_some() {}
    assert_eq!(
        rig.seen.finished(),
        [(Nanos::from_millis(30), FinishReason::Abort), (Nanos::from_millis(50), FinishReason::Length)]
    );
}

#[tokio::test(start_paused = true)]
async fn steps_shorter_than_the_clocks_grid_do_not_pile_up() {
    let rig = rig(config(0.001));
    let mut stream = submit(&rig.engine, 0, 5_000);
    while stream.next().await.is_some() {}
    assert_eq!(rig.seen.tokens().last(), Some(&(Nanos::from_millis(5), 4_999)));
    assert!(rig.started.elapsed() <= Duration::from_millis(8), "{:?}", rig.started.elapsed());
    assert!(rig.lateness.lock().unwrap().summary().steps == 5_000);
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_says_so_and_leaves_nothing_behind() {
    let rig = rig(config(10.0));
    let sequences = vec![request(0, 1), EngineRequest::new(Vec::new(), NonZeroU32::MIN)];
    let mut stream =
        rig.engine.submit(rig.engine.ticket(), Submission { sequences, n: 1, id: "test".into(), read_at: Nanos::ZERO });
    assert!(matches!(stream.next().await, Some(Emission::Refused(_))));
    assert!(stream.next().await.is_none());
}
