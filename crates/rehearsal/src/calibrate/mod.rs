//! From a short measurement to a profile: coefficients of step time with an interval each, and what the measurement does not say.
//!
//! Rows are measured runs ([`Row`]). The fit runs the engine under each row's load, so that queueing, prefills between decodes and a full KV
//! cache are not mistaken for slow steps. It starts from physics ([`Belief`]) and leaves it only as far as the rows pull: where they say
//! nothing, the interval stays as wide as physics leaves it, and the coefficient is called not identifiable.
//!
//! Rows come from result files ([`rows`]) and tables ([`table`]); a [`Setup`] says what they were measured on and writes the profile.

mod derived;
mod fit;
pub(crate) mod matrix;
mod posterior;
mod rental;
mod row;
mod setup;
mod source;
mod table;

pub use self::{
    fit::{Belief, Fit, FitError, Residual},
    posterior::Estimate,
    rental::rental_script,
    row::{Figure, Observed, Role, Row, RowError},
    setup::{Provenance, Setup},
    source::{SourceError, Unsaid, rows},
    table::{TableError, table},
};

#[cfg(test)]
mod tests;
