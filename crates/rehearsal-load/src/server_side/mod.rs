//! What the server says of itself while it is measured: its `/metrics` page, read before, during and after a run.
//!
//! The names are vLLM's, of its Python and its Rust frontend alike. Nothing here enters a figure of the client's: both
//! stand side by side, and [`TokenBalance`] tells whether they agree. What is deliberately not here: fetching, which is
//! [`run`](crate::run)'s.

mod histogram;
mod page;
mod snapshot;
mod summary;

pub use self::{
    histogram::{Bracket, ServerHistogram},
    snapshot::ServerSnapshot,
    summary::{Balance, Level, ServerDistribution, ServerSide, TokenBalance},
};
