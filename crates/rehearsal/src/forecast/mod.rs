//! What a run would measure, and what it would cost, before any money is spent.
//!
//! [`Forecast`] puts a load plan on the bare engine and gives the report that a run would; [`Load`] is for many requests at once and gives
//! [`LoadFigures`]. [`Sweep`] asks for one concurrency after another, and [`Band`]
//! says how far models that fit the same measurement are apart. [`Size`] and [`Price`] turn tokens a second into money.
//!
//! Not here: how long a step takes (the fake's profiles), and what a measurement says about that (calibration).

mod band;
mod bare_engine;
mod load;
mod outline;
mod price;
mod price_list;
mod simulation;
mod size;
mod sweep;

pub use self::{
    band::Band,
    bare_engine::{Forecast, ForecastError},
    load::{Load, Pattern, Prompts},
    outline::{LoadFigures, Outline},
    price::Price,
    price_list::{PriceError, PriceList},
    size::{Size, UnknownSize},
    sweep::{Sweep, SweepError, SweepPoint},
};
