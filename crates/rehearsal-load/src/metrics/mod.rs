//! Pure functions from timelines to figures. The doc comment of each one is its definition.
//!
//! Everything undefined is `None`. Statistics are over successes only, with the failed share stated beside them.
//! Instants are integers of nanoseconds; only a statistic over several of them becomes an `f64` of seconds.

mod accuracy;
mod checks;
mod client_bound;
mod cost;
mod distribution;
mod goodput;
mod interval;
mod itl;
mod latency;
mod mean;
mod quantile;
mod steady_state;
mod throughput;

use std::time::Duration;

pub(crate) use self::quantile::python_p95;
pub use self::{
    accuracy::{Accuracy, MeterError, TrueTimes},
    checks::{CrossCheck, cross_checks},
    client_bound::{ClientBound, GeneratorHealth},
    cost::Cost,
    distribution::{Distribution, QuantileEstimate},
    goodput::{Goodput, Objective, SloMetric, goodput},
    interval::{CONFIDENCE, ConfidenceInterval, order_statistic_ranks, samples_needed},
    itl::{Gap, gaps, itl_pooled, itl_request_mean, itl_token_weighted},
    latency::{e2el, end_of_stream, schedule_lag, scheduled_latency, token_span, tpot, ttfot, ttft, ttft_of_choice},
    mean::{mean, median, standard_deviation},
    quantile::{Probability, QuantileMethod, quantile},
    steady_state::{LoopKind, SteadyState},
    throughput::{
        decode_tps, mean_concurrency, ms_per_output_token, output_throughput, prompt_throughput, prompt_tps, qps,
        request_throughput,
    },
};

/// A duration in seconds, correctly rounded: nanoseconds are exact in an `f64` up to 104 days.
#[must_use]
pub fn seconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e9
}
