//! A deterministic model of vLLM's V1 engine, step by step, in whole nanoseconds.
//!
//! The engine does no IO, reads no clock and waits for nothing: its caller says what time it is.
//!
//! ```
//! use std::num::NonZeroU32;
//! use rehearsal_fake::engine::{Engine, EngineConfig, EngineRequest, Event, Nanos, StepTime};
//!
//! let mut engine = Engine::new(EngineConfig::new(StepTime::constant_ms(50.0)))?;
//! let three_tokens = EngineRequest::new(vec![1, 2, 3, 4], NonZeroU32::new(3).expect("3 is not 0"));
//! let id = engine.submit(Nanos::ZERO, three_tokens)?;
//!
//! let mut events = Vec::new();
//! while let Some(deadline) = engine.next_deadline() {
//!     engine.advance_to(deadline, &mut |event| events.push(event));
//! }
//! let last = events.iter().rev().find(|event| event.id() == Some(id)).expect("the request finished");
//! assert!(matches!(last, Event::Finished { at, .. } if *at == Nanos::from_millis(150)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Here:** the scheduler ([`Engine`]), the KV cache with its prefix cache, step times ([`StepTime`]), the choice of the next token and
//! the stop conditions. **Not here, on purpose:** text (a [`TokenSource`] and a [`Detokenize`] bring it), `usage`, HTTP, any waiting.
//!
//! **Time.** A step begins at its *logical start*: the end of the step before, or the arrival that ends an idle spell. It takes in what was
//! submitted at or before that instant. [`Engine::advance_to`] ends a step that ends exactly at `now` but leaves the next one to the next
//! call, so that whoever reacts to the events of `now` at once still joins it.

mod config;
mod core;
mod cruise;
mod event;
mod finish;
mod fleet;
mod jitter;
mod kv_cache;
mod next_token;
mod request;
mod sampling;
mod schedule;
mod sequence;
mod slab;
mod stats;
mod step_time;
mod stop;
mod time;
mod token_source;
mod vocabulary;
mod waiting;

pub use self::{
    config::{ColdStall, EngineConfig, EngineConfigError, SchedulingPolicy},
    core::Engine,
    event::{Event, EventSink, Finish, FinishReason, LastTokenText, StepAccount, StopReason},
    request::{ContentKey, EngineRequest, PrefixCacheReads, RequestId, SubmitError},
    sampling::SamplingParams,
    stats::{EngineCounters, EngineStats},
    step_time::{
        AllReduce, Amdahl, FixedCost, KernelTable, KvRead, Linear, Roofline, StepLoad, StepTable, StepTableError,
        StepTime, WeightStream,
    },
    time::Nanos,
    token_source::{Admission, Continuation, TokenContext, TokenSource},
    vocabulary::{Detokenize, Vocabulary},
};
