//! Long decodes of an unchanged batch allocate nothing: counted by the allocator.

use std::num::NonZeroU32;

use rehearsal_fake::engine::{Engine, EngineConfig, EngineRequest, Event, Nanos, StepTime};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

#[test]
fn a_decode_step_of_an_unchanged_batch_allocates_nothing() {
    let mut engine = Engine::new(EngineConfig::new(StepTime::constant_ms(1.0))).unwrap();
    for name in 0..64 {
        let request = EngineRequest::new(vec![name; 100], NonZeroU32::new(3000).unwrap());
        engine.submit(Nanos::ZERO, request).unwrap();
    }
    let mut tokens: u64 = 0;
    let mut count = |event: Event| tokens += u64::from(matches!(event, Event::Token { .. }));
    engine.advance_to(Nanos::from_millis(5), &mut count);

    let profiler = dhat::Profiler::builder().testing().build();
    let before = dhat::HeapStats::get().total_blocks;
    engine.advance_to(Nanos::from_millis(2505), &mut count);
    let allocated = dhat::HeapStats::get().total_blocks - before;
    drop(profiler);
    assert_eq!((allocated, tokens), (0, 64 * 2505));
    assert_eq!(engine.stats().running, 64, "the batch did not change");
}
