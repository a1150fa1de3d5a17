//! `/v1/responses`, OpenAI's API of responses.
//!
//! A body is read (`request`), its items become the messages of a chat (`input`, `tools`), and what the chat says becomes output items
//! (`items`) of a response (`answer`, `usage`), whole or in events (`stream`; old versions: `deltas`). `store` keeps responses for
//! `retrieve` and `cancel`, if the server was told to.

mod answer;
mod create;
mod deltas;
mod echo;
mod input;
mod items;
mod request;
mod retrieve;
mod store;
mod stream;
mod tools;
mod usage;

pub(super) use create::create;
pub(super) use retrieve::{cancel, retrieve};
pub(super) use store::ResponseStore;
