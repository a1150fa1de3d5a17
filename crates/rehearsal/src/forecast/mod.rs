//! What a run would measure, and what it would cost, before any money is spent.
//!
//! [`Forecast`] puts a load plan on the bare engine and gives the report that a run would; [`Traffic`] is for many requests at once and gives
//! [`LoadFigures`]. [`Sweep`] asks for one concurrency after another, and [`Band`] says how far models that fit the same measurement are
//! apart. An [`Ensemble`] is an engine whose step time is not known for sure, a [`Deployment`] several of them that share the requests; it
//! says what a load would see, how much of it keeps the [`Objectives`], and, with a [`Size`] and its [`Price`], what a million tokens cost.
//!
//! Not here: how long a step takes (the fake's profiles), and what a measurement says about that (calibration).

mod band;
mod bare_engine;
mod deployment;
mod ensemble;
mod load;
mod objectives;
mod outline;
mod outlook;
mod price;
mod price_list;
mod prompts;
mod recorded;
mod simulation;
mod size;
mod sweep;
mod traffic;

pub(crate) use self::ensemble::MODEL_ERROR;
pub use self::{
    band::Band,
    bare_engine::{Forecast, ForecastError},
    deployment::{Bill, Capacity, Deployment},
    ensemble::Ensemble,
    load::{Load, Pattern, Prompts},
    objectives::Objectives,
    outline::{LoadFigures, Outline},
    outlook::Outlook,
    price::Price,
    price_list::{PriceError, PriceList},
    recorded::Recorded,
    size::{Size, UnknownSize},
    sweep::{Sweep, SweepError, SweepPoint},
    traffic::{Level, Traffic},
};
