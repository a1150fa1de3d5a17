//! How much load a server bears: sweeps are lists of levels, and a [`LoadSearch`] finds the highest level that meets the
//! [`Slo`]s. Pure: the caller makes the runs, on a server or in a forecast, and tells how they went.

mod bisect;
mod probe;
mod slo;

pub use self::{
    bisect::{Knee, LoadSearch, SearchError, Unresolved},
    probe::{Exploration, Probe, Variable},
    slo::{Slo, SloError, SloOutcome, SloResult},
};
