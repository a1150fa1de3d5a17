//! Rehearse a vLLM deployment before renting the GPUs: one dependency that brings the libraries, and the forecast that joins two of them.

pub mod calibrate;
pub mod forecast;
pub mod model_config;

pub use rehearsal_conformance as conformance;
pub use rehearsal_fake as fake;
pub use rehearsal_load as load;

pub use self::forecast::{Forecast, ForecastError};
