//! What comes back, read tolerantly and judged strictly: one request becomes one [`RequestTimeline`].
//!
//! Nothing here waits or reads a clock. [`ResponseReader`] is fed bytes with the instant at which they arrived.

mod document;
mod embeddings;
mod error_body;
mod events;
mod finish_reasons;
mod marks;
mod messages;
mod reader;
mod responses;
mod said;
mod server_times;
mod stream_fold;
mod timeline;
mod usage;
mod verdict;
mod wire;

pub use self::{
    finish_reasons::FinishReasons,
    marks::StreamMarks,
    reader::{Begun, End, Expectation, Reading, ResponseReader},
    server_times::ServerTimes,
    timeline::{ChunkKind, FinishReason, RequestTimeline, TokenChunk},
    usage::TokenUsage,
    verdict::Verdict,
};
