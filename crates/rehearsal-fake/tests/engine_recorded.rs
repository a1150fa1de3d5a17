//! The scheduler against a recorded run of a real vLLM 0.13.0 that had too few KV blocks.
//!
//! The recording: `--max-model-len 1024 --max-num-seqs 4 --num-gpu-blocks-override 10` on a CPU (blocks of 128 tokens), twelve chat requests at
//! once, `max_tokens` 400, `ignore_eos`; ten prompts of 23 tokens and two of 24. `/metrics` afterwards said what stands in the assertions below.
//! It does not say in which step the first four requests arrived; of all ways to spread them over the first eight steps, those in which
//! the first two have a step each and the next two share one give every recorded figure.

use std::{collections::BTreeSet, num::NonZeroU32, sync::Arc};

use rehearsal_fake::engine::{Engine, EngineConfig, EngineRequest, Event, Nanos, StepTime};

fn prompt(index: u32) -> Arc<[u32]> {
    (0..if index < 10 { 23 } else { 24 }).map(|position| index * 100 + position).collect()
}

#[test]
fn a_cache_of_ten_blocks_makes_the_preemptions_that_a_real_server_made() {
    let mut config = EngineConfig::new(StepTime::constant_ms(5.0));
    config.max_model_len = 1024;
    config.max_num_seqs = 4;
    config.max_num_batched_tokens = 2048;
    config.block_size = 128;
    config.num_gpu_blocks = 10;
    let mut engine = Engine::new(config).unwrap();
    for index in 0..12 {
        let step = u64::from(index).min(2);
        let request = EngineRequest::new(prompt(index), NonZeroU32::new(400).unwrap());
        engine.submit(Nanos::from_millis(5 * step), request).unwrap();
    }

    let mut seen = BTreeSet::new();
    let mut preempted = 0;
    // `iteration_tokens_total` up to 1, 8, 32 and 64, and beyond
    let bounds = [1, 8, 32, 64];
    let mut iterations = [0; 5];
    while let Some(deadline) = engine.next_deadline() {
        engine.advance_to(deadline, &mut |event: Event| match event {
            Event::StepEnded { step, .. } => {
                let tokens = step.prompt_tokens + u64::from(step.generated_tokens);
                iterations[bounds.partition_point(|bound| *bound < tokens)] += 1;
            }
            Event::Finished { finish, .. } => {
                assert_eq!((finish.completion_tokens, finish.cached_tokens), (400, Some(0)));
                preempted += finish.preemptions;
            }
            _ => {}
        });
        let stats = engine.stats();
        // the recording's samples of `kv_cache_usage_perc` are ninths
        assert!((stats.kv_cache_usage * 9.0 - f64::from(stats.used_blocks)).abs() < 1e-9);
        seen.insert((stats.running, stats.waiting));
    }
    let counters = engine.stats().counters;
    assert_eq!((counters.finished_length, counters.prompt_tokens, counters.generation_tokens), (12, 278, 4800));
    assert_eq!((counters.preemptions, u64::from(preempted)), (9, 9));
    assert_eq!((counters.steps, iterations), (1533, [165, 1359, 6, 3, 0]));
    assert_eq!((counters.prefix_cache_queries, counters.prefix_cache_hits), (301, 0));
    for state in [(4, 8), (3, 9), (2, 10), (4, 5), (3, 5), (4, 0)] {
        assert!(seen.contains(&state), "never {state:?} running and waiting");
    }
}
