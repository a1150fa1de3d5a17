//! Laws that hold for every load: the engine under random requests, aborts and small caches.

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};

use proptest::prelude::*;
use rehearsal_fake::engine::{
    Engine, EngineConfig, EngineRequest, Event, FinishReason, Linear, Nanos, PrefixCacheReads, RequestId,
    SchedulingPolicy, StepTime, SubmitError,
};

/// One request of a random load. Prompts of a family share their beginnings.
#[derive(Clone, Copy, Debug)]
struct Planned {
    at: u64,
    family: u32,
    prompt_tokens: u32,
    max_tokens: u32,
    priority: i32,
    abort_after: Option<u64>,
    bypass: bool,
}

impl Planned {
    fn request(&self) -> EngineRequest {
        let prompt: Arc<[u32]> = (0..self.prompt_tokens).map(|position| self.family * 1000 + position).collect();
        let reads = if self.bypass { PrefixCacheReads::Bypassed } else { PrefixCacheReads::Allowed };
        EngineRequest {
            priority: self.priority,
            prefix_cache_reads: reads,
            ..EngineRequest::new(prompt, NonZeroU32::new(self.max_tokens).unwrap_or(NonZeroU32::MIN))
        }
    }
}

fn planned() -> impl Strategy<Value = Planned> {
    let abort = prop_oneof![4 => Just(None), 1 => (0_u64..400).prop_map(Some)];
    (0_u64..300, 0_u32..3, 1_u32..60, 1_u32..40, -2_i32..3, abort, prop::bool::weighted(0.1)).prop_map(
        |(at, family, prompt_tokens, max_tokens, priority, abort_after, bypass)| Planned {
            at,
            family,
            prompt_tokens,
            max_tokens,
            priority,
            abort_after,
            bypass,
        },
    )
}

fn config() -> impl Strategy<Value = EngineConfig> {
    let threshold = prop_oneof![Just(None), (1_u32..20).prop_map(Some)];
    (1_u32..7, 0_u32..40, 16_u32..60, any::<bool>(), any::<bool>(), threshold, any::<u64>(), any::<bool>()).prop_map(
        |(max_num_seqs, spare_budget, blocks, caching, priority, threshold, seed, jitter)| {
            let step_time = StepTime::Linear(Linear {
                fixed: rehearsal_fake::engine::FixedCost::Constant(7e-6),
                decode_ms: 1e-6,
                kv_token_ms: 1e-8,
                prefill_token_ms: 3e-7,
            });
            let mut config = EngineConfig::new(step_time);
            config.max_num_seqs = max_num_seqs;
            config.max_num_batched_tokens = max_num_seqs + spare_budget;
            config.max_model_len = 90;
            config.block_size = 4;
            config.num_gpu_blocks = blocks;
            config.enable_prefix_caching = caching;
            config.long_prefill_token_threshold = threshold;
            config.seed = seed;
            config.jitter_sigma = if jitter { 0.2 } else { 0.0 };
            if priority {
                config.scheduling_policy = SchedulingPolicy::Priority;
            }
            config
        },
    )
}

/// A command at an instant: the index of a request to submit, or to abort.
#[derive(Clone, Copy, Debug)]
enum Command {
    Submit(usize),
    Abort(usize),
}

fn commands(load: &[Planned]) -> BTreeMap<u64, Vec<Command>> {
    let mut commands: BTreeMap<u64, Vec<Command>> = BTreeMap::new();
    for (index, planned) in load.iter().enumerate() {
        commands.entry(planned.at).or_default().push(Command::Submit(index));
    }
    for (index, planned) in load.iter().enumerate() {
        if let Some(after) = planned.abort_after {
            commands.entry(planned.at + after).or_default().push(Command::Abort(index));
        }
    }
    commands
}

/// Runs a load; `advance` lets time pass until the next commands.
fn run(
    config: &EngineConfig,
    load: &[Planned],
    mut advance: impl FnMut(&mut Engine, Nanos, &mut Vec<Event>),
) -> (Engine, Vec<Event>, BTreeMap<RequestId, usize>) {
    let mut engine = Engine::new(config.clone()).expect("a valid configuration");
    let mut events = Vec::new();
    let mut ids: Vec<Option<RequestId>> = vec![None; load.len()];
    for (at, commands) in commands(load) {
        let at = Nanos::new(at);
        advance(&mut engine, at, &mut events);
        for command in commands {
            match command {
                Command::Submit(index) => match engine.submit(at, load[index].request()) {
                    Ok(id) => ids[index] = Some(id),
                    Err(error) => assert!(matches!(error, SubmitError::PromptExceedsKvCache { .. }), "{error}"),
                },
                Command::Abort(index) => {
                    ids[index].map(|id| engine.abort(at, id));
                }
            }
        }
    }
    advance(&mut engine, Nanos::MAX, &mut events);
    let index_of = ids.iter().enumerate().filter_map(|(index, id)| id.map(|id| (id, index))).collect();
    (engine, events, index_of)
}

/// Stops at every deadline before `until`, and at `until`.
fn by_deadlines(engine: &mut Engine, until: Nanos, events: &mut Vec<Event>) {
    while let Some(deadline) = engine.next_deadline().filter(|deadline| *deadline < until) {
        engine.advance_to(deadline, &mut |event| events.push(event));
    }
    engine.advance_to(until, &mut |event| events.push(event));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Oracle: the same engine, advanced from deadline to deadline.
    #[test]
    fn how_time_is_cut_into_calls_changes_nothing(
        config in config(),
        load in prop::collection::vec(planned(), 1..14),
        stride in 1_u64..50,
    ) {
        let (.., expect, _) = run(&config, &load, by_deadlines);
        let (.., leaps, _) = run(&config, &load, |engine, until, events| {
            engine.advance_to(until, &mut |event| events.push(event));
        });
        prop_assert_eq!(&leaps, &expect);
        let mut now = 0;
        let (.., strides, _) = run(&config, &load, |engine, until, events| {
            while now < until.as_nanos().min(3000) {
                engine.advance_to(Nanos::new(now), &mut |event| events.push(event));
                now += stride;
            }
            engine.advance_to(until, &mut |event| events.push(event));
        });
        prop_assert_eq!(&strides, &expect);
    }

    /// Oracle: single steps. Half of the stretches between two commands, by the bits of `jumps`, are jumped over in strides; all events but
    /// the tokens have to be the same, and so has the engine afterwards.
    #[test]
    fn jumping_ahead_gives_the_events_of_single_steps(
        config in config(),
        load in prop::collection::vec(planned(), 1..14),
        jumps in any::<u64>(),
        stride in 1_u64..400,
    ) {
        let (stepped, mut expect, _) = run(&config, &load, by_deadlines);
        expect.retain(|event| !matches!(event, Event::Token { .. }));
        for jumps in [u64::MAX, jumps] {
            let mut stretch = 0;
            let (jumped, mut events, _) = run(&config, &load, |engine, until, events| {
                stretch += 1;
                if jumps >> (stretch % 64) & 1 == 0 {
                    return by_deadlines(engine, until, events);
                }
                let mut now = Nanos::ZERO;
                while now < until.min(Nanos::new(3000)) {
                    engine.fast_forward_to(now, &mut |event| events.push(event));
                    now += Nanos::new(stride);
                }
                engine.fast_forward_to(until, &mut |event| events.push(event));
            });
            events.retain(|event| !matches!(event, Event::Token { .. }));
            prop_assert_eq!(&events, &expect);
            prop_assert_eq!(jumped.stats(), stepped.stats());
        }
    }

    /// Oracle: each request alone in an engine with a large cache.
    #[test]
    fn the_text_depends_on_the_content_alone(config in config(), load in prop::collection::vec(planned(), 1..14)) {
        let (.., events, index_of) = run(&config, &load, by_deadlines);
        let mut texts: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        let mut whole: BTreeMap<usize, bool> = BTreeMap::new();
        for event in events {
            match event {
                Event::Token { id, token_id, .. } => texts.entry(index_of[&id]).or_default().push(token_id),
                Event::Finished { id, finish, .. } => {
                    whole.insert(index_of[&id], finish.reason == FinishReason::Length);
                }
                _ => {}
            }
        }
        for (index, whole) in whole {
            let mut roomy = EngineConfig::new(StepTime::constant_ms(1.0));
            roomy.max_model_len = 90;
            roomy.num_gpu_blocks = 64;
            roomy.seed = config.seed;
            let alone = [Planned { at: 0, abort_after: None, ..load[index] }];
            let (.., events, _) = run(&roomy, &alone, by_deadlines);
            let expect: Vec<u32> = events
                .iter()
                .filter_map(|event| match event {
                    Event::Token { token_id, .. } => Some(*token_id),
                    _ => None,
                })
                .collect();
            let got = texts.remove(&index).unwrap_or_default();
            prop_assert_eq!(&got, &expect[..got.len()]);
            prop_assert!(!whole || got.len() == expect.len());
        }
    }

    /// Oracle: sums over the events.
    #[test]
    fn accounts_balance(config in config(), load in prop::collection::vec(planned(), 1..14)) {
        let mut usable = 0;
        let (engine, events, index_of) = run(&config, &load, |engine, until, events| {
            by_deadlines(engine, until, events);
            let stats = engine.stats();
            usable = stats.usable_blocks;
            assert!(stats.used_blocks <= stats.usable_blocks);
            assert!(stats.running <= engine.config().max_num_seqs as usize);
        });
        prop_assert_eq!(usable, config.num_gpu_blocks - 1);
        let stats = engine.stats();
        prop_assert_eq!((stats.used_blocks, stats.running, stats.waiting), (0, 0, 0));
        prop_assert_eq!(engine.next_deadline(), None);

        let counters = stats.counters;
        prop_assert!(counters.prefix_cache_hits <= counters.prefix_cache_queries);
        prop_assert_eq!(counters.prefix_cache_hits % 4, 0);
        prop_assert_eq!((counters.submitted, counters.finished()), (index_of.len() as u64, index_of.len() as u64));
        prop_assert!(events.windows(2).all(|pair| pair[0].at() <= pair[1].at()));

        let mut tokens: BTreeMap<RequestId, u32> = BTreeMap::new();
        let mut finished: BTreeMap<RequestId, u32> = BTreeMap::new();
        let (mut generated, mut preempted, mut steps, mut computed, mut first_tokens) = (0, 0, 0, 0, 0);
        let mut step_starts = Nanos::ZERO;
        for event in &events {
            if let Some(id) = event.id() {
                prop_assert!(!finished.contains_key(&id), "an event after the end: {event:?}");
            }
            match *event {
                Event::Token { id, index, .. } => {
                    let count = tokens.entry(id).or_default();
                    prop_assert_eq!(index, *count);
                    *count += 1;
                    first_tokens += u64::from(index == 0);
                }
                Event::Scheduled { id, cached_tokens, computed_tokens, .. } => {
                    let planned = load[index_of[&id]];
                    prop_assert_eq!(cached_tokens + computed_tokens, planned.prompt_tokens);
                    prop_assert!(0 < computed_tokens && cached_tokens % 4 == 0);
                    prop_assert!(cached_tokens == 0 || (config.enable_prefix_caching && !planned.bypass));
                }
                Event::Finished { id, finish, .. } => {
                    let planned = load[index_of[&id]];
                    prop_assert_eq!(finish.completion_tokens, tokens.get(&id).copied().unwrap_or(0));
                    let most = planned.max_tokens.min(90 - planned.prompt_tokens);
                    prop_assert!(finish.completion_tokens <= most);
                    if finish.reason == FinishReason::Length {
                        prop_assert_eq!(finish.completion_tokens, most);
                    }
                    finished.insert(id, finish.preemptions);
                }
                Event::StepEnded { at, step } => {
                    prop_assert!(step_starts <= step.started_at && step.started_at < at);
                    step_starts = at;
                    prop_assert_eq!(step.index, steps);
                    steps += 1;
                    let budget = step.decode + step.prefill_tokens;
                    prop_assert!(0 < budget && budget <= config.max_num_batched_tokens);
                    prop_assert!(step.running <= config.max_num_seqs);
                    generated += u64::from(step.generated_tokens);
                    preempted += u64::from(step.preempted);
                    computed += u64::from(budget);
                }
                _ => {}
            }
        }
        prop_assert_eq!(finished.len(), index_of.len());
        prop_assert_eq!((counters.steps, counters.generation_tokens), (steps, generated));
        prop_assert!(preempted <= counters.preemptions, "a step that never began may have preempted too");
        prop_assert_eq!(counters.preemptions, finished.values().map(|count| u64::from(*count)).sum::<u64>());
        prop_assert!(generated <= computed + first_tokens);
    }
}
