//! vLLM's OpenAI-compatible API: routes, requests read and refused, answers and streams, as the version answered as writes them.
//!
//! **Here:** everything between HTTP and the engine's tokens; one file an endpoint, the shapes of its answers beside it. vLLM's second
//! frontend, with bodies and words of its own, is in `rust_frontend`. **Not here, on purpose:** differences between versions (`version`
//! holds them as data), which chunks carry usage (`usage`), waiting (`driver`).
//!
//! Bodies are bounded by [`FrontendOptions::max_body_bytes`]; whatever is sent, the answer is a status and never a panic.
//! Where an answer is known to differ from a recorded one, `docs/wire-gaps.md` says so.

mod abort_requests;
mod audio;
mod beam_search;
mod body;
mod caches;
mod chat;
mod chat_answer;
mod chat_message;
mod chat_request;
mod chat_stream;
mod choice;
mod collective_rpc;
mod completion;
mod completion_answer;
mod completion_request;
mod completion_stream;
mod content_parts;
mod context;
mod cors;
mod developer_role;
mod docs;
mod error;
mod fields;
mod frame;
mod generate_tokens;
mod generate_tokens_answer;
mod generation;
mod generation_defaults;
mod images;
mod invocations;
mod limits;
mod load_report;
mod logprobs;
mod lora;
mod message_schema;
mod messages;
mod models;
mod object;
mod openapi;
mod options;
mod pause;
mod pooling;
mod probes;
mod prompt_input;
pub(crate) mod python;
mod python_json;
mod query;
mod render;
mod request_log;
mod request_metrics;
mod responses;
mod router;
mod rules;
mod rust_frontend;
mod said;
mod sampling;
mod sampling_params;
mod scale;
mod server_info;
mod sleep;
mod sse;
mod steering;
mod stream_options;
mod structured;
mod tokenize;
mod told;
mod tool_arguments;
mod tool_request;
mod usage_json;
mod validation;

pub use cors::{Cors, Credentials};
pub use generation_defaults::GenerationDefaults;
pub use options::{
    ApiDocs, AutoToolChoice, DevMode, Fingerprint, FrontendOptions, LoadTracking, LoraModule, MmKwargs,
    PerRequestMetrics, PromptTokensDetails, RequestIdHeaders, RequestLog, ResponsesStore, RuntimeLora, ScaleOut,
    UnchosenTools,
};
pub(crate) use router::router;
