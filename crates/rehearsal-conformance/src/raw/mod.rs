//! The suite's own reader: bytes, and what they are, with nothing forgiven and nothing lost.
//!
//! It shares no code and no types with the fake that writes the protocol, nor with the load generator that reads it
//! tolerantly, so that a mistake of either cannot hide here. Key order is kept; a number is what was written.

mod answer;
mod families;
mod named;
mod prometheus;
mod sse;
mod usage;

pub use self::{
    answer::{Answer, BodyEnd},
    families::{Family, families},
    named::NamedEvents,
    prometheus::Samples,
    sse::{Event, RawStream, Violation, choices},
    usage::{UsageCounts, is_usage_chunk, usage_of},
};
