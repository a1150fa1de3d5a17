//! Tool calls in generated text: found in a whole reply or token by token, as vLLM's parsers find them.
//!
//! **Here:** the formats of `--tool-call-parser`, and `Reply`, which splits a reply into content, reasoning and calls. **Not here, on
//! purpose:** what a request may say about tools (`api` refuses the rest) and the names of JSON keys (`api` writes them).
//!
//! Every endpoint that answers with messages uses it alike: build a `Reading` from the request, then ask `whole` for a finished reply
//! or feed a `Reply` with each token's text.

mod choice;
mod hermes;
mod hermes_incremental;
mod message;
mod name;
mod partial_json;
mod reading;
mod required;
mod separate;
mod unified;

pub(crate) use choice::ToolChoice;
pub(crate) use message::{CallDelta, MessageDelta, Slot, ToolCall};
pub use name::{ToolCallParser, UnknownToolCallParser};
pub(crate) use reading::{Fed, Invocations, ParseError, Reading, Reply, whole};
