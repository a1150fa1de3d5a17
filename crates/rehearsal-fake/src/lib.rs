//! rehearsal-fake

pub mod engine;
pub mod profile;

#[cfg(feature = "server")]
pub mod chat_template;
#[cfg(feature = "server")]
pub mod text;
#[cfg(feature = "server")]
pub mod tokenizer;
