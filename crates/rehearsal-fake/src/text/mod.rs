//! What the fake model says: the text plug-in.
//!
//! A [`TextModel`] answers a [`TextRequest`] with what the engine is to generate, token by token. Built in are [`Filler`] (the
//! default), [`Echo`], [`Fixed`] and [`Script`]; a closure is a model, too. **Not here, on purpose:** when a reply ends (`max_tokens`, stop
//! strings, the end-of-sequence token): the engine decides that, whatever the model says.

mod filler;
mod model;
mod replies;

pub use self::{
    filler::Filler,
    model::{TextModel, TextRequest},
    replies::{Echo, Fixed, Script},
};
