//! `/v1/messages`, Anthropic's API, which vLLM answers through a chat.
//!
//! A body is read (`request`), becomes the body of a chat (`conversation`, `tools`), and what the chat answers becomes a message whole
//! (`answer`) or in events (`stream`, `blocks`).

mod answer;
mod blocks;
mod conversation;
mod create;
mod error;
mod request;
mod stream;
mod tools;
mod usage;

pub(super) use create::{count_tokens, create};
