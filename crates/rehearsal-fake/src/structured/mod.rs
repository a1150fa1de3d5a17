//! Structured outputs: text that keeps to a JSON schema, a regular expression, a list of choices or a grammar.
//!
//! **Here:** what may constrain a reply ([`Constraint`]), its compilation to masks over the vocabulary ([`Grammars`], on `llguidance`, which
//! is one of vLLM's own backends), and the token source that obeys them ([`ConstrainedSource`]): a text plug-in that ranks tokens is
//! masked as vLLM masks logits, any other is passed over and a valid text composed. **Not here, on purpose:** which fields of a request
//! ask for it (`api` reads and refuses them).

mod compose;
mod constraint;
mod gate;
mod grammar;
mod source;

pub(crate) use constraint::{Constraint, TaggedSchema};
pub(crate) use gate::Gate;
pub(crate) use grammar::{Grammar, GrammarError, Grammars};
pub(crate) use source::ConstrainedSource;
