//! Reasoning in generated text: what a model thinks before it answers, told apart by tags as vLLM's parsers do.
//!
//! **Here:** the formats of `--reasoning-parser`, for whole replies and token by token. **Not here, on purpose:** tool calls (`tools`, which
//! reads a reply with both) and the names of JSON keys (`api` writes them). Tags are found in the text, not among token ids as in vLLM: a
//! tokenizer without them works too, and where a tag is one token nothing differs.

mod engine;
mod name;
mod stream;
mod tags;
mod thinking;

pub use name::{ReasoningParser, UnknownReasoningParser};
pub(crate) use stream::ReasoningStream;
pub(crate) use tags::TagStream;
pub(crate) use thinking::Thinking;
