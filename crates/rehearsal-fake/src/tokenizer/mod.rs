//! Text to token ids and back: the fake counts what a real server would count.
//!
//! **Here:** [`Tokenizer`], built in (a token a byte) or exact (a model's `tokenizer.json`), the text of a growing
//! sequence ([`IncrementalDetokenizer`]), and how much of a reply a stream may send while a stop string may still complete
//! ([`GeneratedText`]). **Not here, on purpose:** deciding where a stop string ends a request (the engine does), and
//! downloading anything.

mod error;
mod generated;
mod incremental;
mod json;
mod literal;
mod model;
mod pieces;
mod recent;

pub use self::{
    error::TokenizerError,
    generated::GeneratedText,
    incremental::IncrementalDetokenizer,
    model::{SpecialTokens, Tokenizer},
};
