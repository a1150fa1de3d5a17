//! Known faults that the fake can switch on, one at a time, so that whoever checks servers can see their checks fail.
//!
//! A mutant stands around the whole server: it changes a request on its way in or an answer on its way out, event by event and without
//! delay. Nothing that makes answers knows of it. Where a fault befalls only some requests, see [`FaultRule`](crate::FaultRule).

mod answer;
mod catalogue;
mod edit;
mod layer;
mod part;
mod scene;
mod setting;
mod table;

pub(crate) use self::layer::wrap;
pub use self::{
    setting::MutantSetting,
    table::{Mutant, UnknownMutant},
};
