//! vLLM's own Rust frontend, the program behind `VLLM_USE_RUST_FRONTEND`: its routes, its bodies as typed structs, its words.
//!
//! It is another program than the Python frontend, not another version of it: axum and serde read its bodies, so their texts are what a
//! client sees, and much of the Python API is not there. It shares the engine, the tokenizer, the chat template and the shapes of
//! `compat.toml`. What is typed here follows the recordings of 0.32.0 and, where they are silent, `rust/src/server` of vLLM's repository.
//!
//! Serde's texts name types: `ChatCompletionRequest`, `Prompt`, `MessageContent` and the like bear the names that the recorded errors
//! show, and are untagged or flattened where those are. **Not here:** scale-out and development routes, adapters.

mod body;
mod call_reader;
mod chat;
mod chat_answer;
mod chat_request;
mod chat_stream;
mod completion;
mod completion_answer;
mod completion_request;
mod completion_stream;
mod conversation;
mod frame;
mod message;
mod reading;
mod reasoning_reader;
mod refusal;
mod reply;
mod router;
mod sampling;
mod sampling_fields;
mod stop;
mod structured;
mod tokenize;
mod tool;
mod usage;
mod violations;

pub(super) use router::router;
