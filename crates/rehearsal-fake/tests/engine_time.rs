//! When steps begin and end, who joins them, and what aborts and shortages do.

use std::num::NonZeroU32;

use rehearsal_fake::engine::{
    ColdStall, Engine, EngineConfig, EngineConfigError, EngineRequest, Event, FinishReason, Nanos, RequestId,
    SchedulingPolicy, StepTime,
};

fn ms(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

fn engine(change: impl FnOnce(&mut EngineConfig)) -> Engine {
    let mut config = EngineConfig::new(StepTime::constant_ms(10.0));
    change(&mut config);
    Engine::new(config).expect("valid")
}

/// A prompt of its own for each `name`.
fn request(name: u32, prompt_tokens: usize, max_tokens: u32) -> EngineRequest {
    EngineRequest::new(vec![name; prompt_tokens], NonZeroU32::new(max_tokens).expect("not 0"))
}

fn advance(engine: &mut Engine, now: Nanos) -> Vec<Event> {
    let mut events = Vec::new();
    engine.advance_to(now, &mut |event| events.push(event));
    events
}

/// The instants of a request's tokens.
fn tokens(events: &[Event], wanted: RequestId) -> Vec<Nanos> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Token { at, id, .. } if *id == wanted => Some(*at),
            _ => None,
        })
        .collect()
}

fn finish(events: &[Event], wanted: RequestId) -> Option<(Nanos, FinishReason)> {
    events.iter().find_map(|event| match event {
        Event::Finished { at, id, finish } if *id == wanted => Some((*at, finish.reason)),
        _ => None,
    })
}

#[test]
fn a_step_that_ends_now_leaves_the_next_one_to_the_next_call() {
    let mut engine = engine(|_| {});
    let first = engine.submit(ms(0), request(1, 4, 3)).unwrap();
    assert_eq!(engine.next_deadline(), Some(ms(0)), "an idle engine can begin at once");
    assert!(advance(&mut engine, ms(0)).iter().all(|event| matches!(event, Event::Scheduled { .. })));
    assert_eq!(engine.next_deadline(), Some(ms(10)));

    let events = advance(&mut engine, ms(10));
    assert_eq!(tokens(&events, first), [ms(10)]);
    assert_eq!(engine.next_deadline(), Some(ms(10)), "the next step waits for whoever reacts to these events");
    let second = engine.submit(ms(10), request(2, 4, 1)).unwrap();
    let late = engine.submit(Nanos::new(10_000_001), request(3, 4, 1)).unwrap();
    assert_eq!(engine.stats().waiting, 2);

    let events = advance(&mut engine, ms(35));
    assert_eq!(tokens(&events, second), [ms(20)], "submitted at the logical start: in time");
    assert_eq!(tokens(&events, late), [ms(30)], "a nanosecond later: the next step");
    assert_eq!(tokens(&events, first), [ms(20), ms(30)]);
    assert_eq!(engine.next_deadline(), None);
}

#[test]
fn an_idle_engine_begins_at_the_arrival() {
    let mut engine = engine(|_| {});
    assert_eq!(engine.next_deadline(), None);
    let id = engine.submit(ms(7), request(1, 4, 2)).unwrap();
    assert_eq!(engine.next_deadline(), Some(ms(7)));
    let events = advance(&mut engine, ms(100));
    assert_eq!(tokens(&events, id), [ms(17), ms(27)]);
    assert_eq!(finish(&events, id), Some((ms(27), FinishReason::Length)));
}

#[test]
fn a_long_prompt_is_computed_in_pieces_beside_the_decodes() {
    let mut engine = engine(|config| {
        config.max_num_seqs = 4;
        config.max_num_batched_tokens = 32;
    });
    let short = engine.submit(ms(0), request(1, 8, 9)).unwrap();
    advance(&mut engine, ms(5));
    let long = engine.submit(ms(5), request(2, 80, 1)).unwrap();
    let events = advance(&mut engine, ms(100));
    let steps: Vec<(u32, u32)> = events
        .iter()
        .filter_map(|event| match event {
            Event::StepEnded { step, .. } => Some((step.decode, step.prefill_tokens)),
            _ => None,
        })
        .collect();
    assert_eq!(steps[..5], [(0, 8), (1, 31), (1, 31), (1, 18), (1, 0)]);
    assert_eq!(tokens(&events, long), [ms(40)]);
    assert_eq!(tokens(&events, short).len(), 9);
}

#[test]
fn a_request_of_the_same_step_finds_the_blocks_of_the_one_before() {
    let mut engine = engine(|_| {});
    engine.submit(ms(0), request(1, 200, 1)).unwrap();
    engine.submit(ms(0), request(1, 200, 1)).unwrap();
    let salted = EngineRequest { cache_salt: Some("other".to_owned()), ..request(1, 200, 1) };
    engine.submit(ms(0), salted).unwrap();
    let cached: Vec<u32> = advance(&mut engine, ms(0))
        .iter()
        .filter_map(|event| match event {
            Event::Scheduled { cached_tokens, .. } => Some(*cached_tokens),
            _ => None,
        })
        .collect();
    assert_eq!(cached, [0, 192, 0], "as recorded for n = 2 on a fresh prompt of 200 tokens");
}

#[test]
fn the_generated_text_is_cached_too() {
    let mut engine = engine(|_| {});
    let id = engine.submit(ms(0), request(1, 20, 30)).unwrap();
    let mut text = vec![1; 20];
    for event in advance(&mut engine, ms(1000)) {
        if let Event::Token { token_id, .. } = event {
            text.push(token_id);
        }
    }
    // of 50 tokens 49 were computed, which fills three blocks
    let follow_up = engine.submit(ms(1000), EngineRequest::new(text, NonZeroU32::MIN)).unwrap();
    let events = advance(&mut engine, ms(2000));
    let Some(Event::Finished { finish, .. }) = events.iter().find(|event| matches!(event, Event::Finished { .. }))
    else {
        panic!("it finishes")
    };
    assert_eq!((finish.cached_tokens, id < follow_up), (Some(48), true));
}

#[test]
fn an_abort_takes_effect_at_its_instant_and_frees_the_blocks() {
    let mut engine = engine(|config| config.max_num_seqs = 1);
    let running = engine.submit(ms(0), request(1, 20, 50)).unwrap();
    let waiting = engine.submit(ms(0), request(2, 20, 50)).unwrap();
    advance(&mut engine, ms(25));

    assert!(engine.abort(ms(25), waiting));
    assert!(engine.abort(ms(25), running));
    assert!(!engine.abort(ms(25), running), "only once");
    assert_eq!(engine.next_deadline(), Some(ms(25)));
    let events = advance(&mut engine, ms(25));
    assert_eq!(finish(&events, waiting), Some((ms(25), FinishReason::Abort)));
    assert_eq!(finish(&events, running), Some((ms(25), FinishReason::Abort)));
    assert_eq!((engine.stats().running, engine.stats().used_blocks), (1, 2), "held until the step ends");

    let events = advance(&mut engine, ms(30));
    assert!(matches!(events[..], [Event::StepEnded { step, .. }] if step.generated_tokens == 0));
    assert_eq!((engine.stats().running, engine.stats().used_blocks), (0, 0));
    assert_eq!(engine.next_deadline(), None);
    assert!(!engine.abort(ms(30), running), "it is over");
}

#[test]
fn an_abort_between_steps_is_immediate() {
    let mut engine = engine(|_| {});
    let id = engine.submit(ms(0), request(1, 20, 50)).unwrap();
    advance(&mut engine, ms(0));
    advance(&mut engine, ms(10));
    assert!(engine.abort(ms(10), id));
    assert_eq!(finish(&advance(&mut engine, ms(10)), id), Some((ms(10), FinishReason::Abort)));
    assert_eq!((engine.stats().running, engine.stats().used_blocks, engine.next_deadline()), (0, 0, None));
}

#[test]
fn a_request_that_outgrows_the_cache_alone_ends_with_an_error() {
    let mut engine = engine(|config| config.num_gpu_blocks = 4);
    let id = engine.submit(ms(0), request(1, 40, 50)).unwrap();
    let next = engine.submit(ms(0), request(2, 10, 1)).unwrap();
    let events = advance(&mut engine, ms(1000));
    // three blocks hold 48 tokens: the prompt's 40, and 8 generated ones that are computed again
    assert_eq!(tokens(&events, id).len(), 9);
    assert_eq!(finish(&events, id).map(|(_, reason)| reason), Some(FinishReason::Error));
    assert_eq!(finish(&events, next).map(|(_, reason)| reason), Some(FinishReason::Length));
    assert_eq!(engine.stats().used_blocks, 0);
}

#[test]
fn priority_admits_the_lowest_and_preempts_the_highest() {
    let prioritised = |name, priority| EngineRequest { priority, ..request(name, 14, 20) };
    let mut engine = engine(|config| {
        config.scheduling_policy = SchedulingPolicy::Priority;
        config.num_gpu_blocks = 5;
        config.max_num_seqs = 2;
    });
    let low = engine.submit(ms(0), prioritised(1, 5)).unwrap();
    let high = engine.submit(ms(0), prioritised(2, -5)).unwrap();
    let middle = engine.submit(ms(0), prioritised(3, 0)).unwrap();
    let events = advance(&mut engine, ms(10_000));
    let ends: Vec<Nanos> = [high, middle, low].iter().filter_map(|id| finish(&events, *id).map(|(at, _)| at)).collect();
    assert!(ends.len() == 3 && ends.is_sorted(), "{ends:?}");
    let preempted: Vec<RequestId> = events
        .iter()
        .filter_map(|event| match event {
            Event::Preempted { id, .. } => Some(*id),
            _ => None,
        })
        .collect();
    assert_eq!(preempted, [middle], "four blocks for two requests that need three each");
}

#[test]
fn a_cold_stall_is_charged_once_in_the_first_full_batch() {
    let mut engine = engine(|config| config.cold_stall = Some(ColdStall { min_batch: 2, duration: ms(100) }));
    let first = engine.submit(ms(0), request(1, 4, 4)).unwrap();
    advance(&mut engine, ms(5));
    engine.submit(ms(5), request(2, 4, 2)).unwrap();
    assert_eq!(tokens(&advance(&mut engine, ms(1000)), first), [ms(10), ms(120), ms(130), ms(140)]);
}

#[test]
fn jitter_is_seeded_and_off_by_default() {
    let end = |sigma: f64, seed: u64| {
        let mut engine = engine(|config| (config.jitter_sigma, config.seed) = (sigma, seed));
        engine.submit(ms(0), request(1, 4, 200)).unwrap();
        advance(&mut engine, Nanos::MAX).last().unwrap().at()
    };
    assert_eq!(end(0.0, 1), ms(2000));
    assert_eq!(end(0.01, 1), end(0.01, 1));
    assert_ne!(end(0.01, 1), end(0.01, 2));
    // the sum of 200 factors of 1 % has a standard deviation of 0.14 steps
    assert!((end(0.01, 1).as_millis_f64() / 2000.0 - 1.0).abs() < 0.005);
}

#[test]
fn a_config_that_cannot_work_is_refused() {
    let refused = |change: fn(&mut EngineConfig)| {
        let mut config = EngineConfig::new(StepTime::constant_ms(1.0));
        change(&mut config);
        Engine::new(config).map(|_| ()).unwrap_err()
    };
    assert_eq!(refused(|config| config.max_num_seqs = 0).to_string(), "`max_num_seqs` must be >= 1, got 0");
    assert_eq!(refused(|config| config.num_gpu_blocks = 1), EngineConfigError::TooFewBlocks { got: 1 });
    assert!(matches!(
        refused(|config| config.max_num_batched_tokens = 512),
        EngineConfigError::BudgetBelowSeqs { budget: 512, max_num_seqs: 1024 }
    ));
    assert!(matches!(
        refused(|config| (config.enable_chunked_prefill, config.max_model_len) = (false, 9000)),
        EngineConfigError::BudgetBelowModelLen { budget: 8192, max_model_len: 9000 }
    ));
    assert!(matches!(refused(|config| config.jitter_sigma = f64::NAN), EngineConfigError::Jitter { .. }));
}

/// Two requests of one instant and one priority that do not fit together: the later one yields, and both finish.
#[test]
fn equals_do_not_preempt_each_other_for_ever() {
    let mut engine = engine(|config| {
        config.scheduling_policy = SchedulingPolicy::Priority;
        config.num_gpu_blocks = 6;
        config.max_num_seqs = 2;
        config.max_num_batched_tokens = 8;
    });
    let ids = [1, 2].map(|name| engine.submit(ms(0), request(name, 40, 30)).unwrap());
    let events = advance(&mut engine, ms(10_000));
    let ends = ids.map(|id| finish(&events, id).map(|(_, reason)| reason));
    assert_eq!(ends, [Some(FinishReason::Length); 2]);
    let yielded: Vec<_> = events.iter().filter(|event| matches!(event, Event::Preempted { .. })).collect();
    assert!(!yielded.is_empty() && yielded.iter().all(|event| event.id() == Some(ids[1])), "{yielded:?}");
}
