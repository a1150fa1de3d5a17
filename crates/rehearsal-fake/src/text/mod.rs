//! What the fake model says: the text plug-in.
//!
//! A [`TextModel`] answers a [`TextRequest`] with what the engine is to generate, token by token. Built in are [`Filler`] (the
//! default), [`Corpus`], [`Echo`], [`Fixed`], [`Script`], [`Successors`] and, to choose among them by request, [`Canned`]; a closure is a
//! model, too. **Not here, on purpose:** when a reply ends (`max_tokens`, stop
//! strings, the end-of-sequence token): the engine decides that, whatever the model says.

pub mod canned;
mod corpus;
mod filler;
mod model;
mod replies;
mod successors;

pub use self::{
    canned::{Canned, IntoReply, Matches},
    corpus::{Corpus, EmptyCorpus},
    filler::Filler,
    model::{TextModel, TextRequest},
    replies::{Echo, Fixed, Script},
    successors::Successors,
};
