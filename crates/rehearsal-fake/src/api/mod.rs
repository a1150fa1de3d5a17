//! vLLM's OpenAI-compatible API: routes, requests read and refused, answers and streams, as the version answered as writes them.
//!
//! **Here:** everything between HTTP and the engine's tokens; one file an endpoint, the shapes of its answers beside it. **Not here, on
//! purpose:** differences between versions (`version` holds them as data), which chunks carry usage (`usage`), waiting (`driver`).
//!
//! Bodies are bounded by [`FrontendOptions::max_body_bytes`]; whatever is sent, the answer is a status and never a panic. Known gaps: a
//! `NaN` in a body is refused by all versions (0.13.0 takes it), and structured outputs, tool calls and images are not imitated yet.

mod body;
mod chat;
mod chat_answer;
mod chat_request;
mod chat_stream;
mod completion;
mod completion_answer;
mod completion_request;
mod completion_stream;
mod context;
mod error;
mod fields;
mod frame;
mod generation;
mod limits;
mod logprobs;
mod models;
mod object;
mod options;
mod probes;
mod prompt_input;
mod python;
mod router;
mod rules;
mod sampling;
mod sse;
mod stream_options;
mod structured;
mod tokenize;
mod usage_json;
mod validation;

pub use options::{FrontendOptions, LoadTracking, PromptTokensDetails, RequestIdHeaders};
pub(crate) use router::router;
