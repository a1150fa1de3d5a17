//! A fake vLLM: the engine as a deterministic model, and around it what an OpenAI-compatible server needs.
//!
//! [`engine`] and [`profile`] stand alone, without tokio or HTTP (`--no-default-features`); everything else comes with the feature `server`.

pub mod engine;
pub mod profile;

#[cfg(feature = "server")]
pub mod chat_template;
#[cfg(feature = "server")]
pub mod text;
#[cfg(feature = "server")]
pub mod tokenizer;
#[cfg(feature = "server")]
pub mod usage;
#[cfg(feature = "server")]
pub mod version;
#[cfg(feature = "server")]
pub mod api;
#[cfg(feature = "server")]
pub mod driver;
#[cfg(feature = "server")]
pub mod fault;
#[cfg(feature = "server")]
pub mod journal;
#[cfg(feature = "server")]
pub mod metrics;
#[cfg(feature = "server")]
pub mod server;
