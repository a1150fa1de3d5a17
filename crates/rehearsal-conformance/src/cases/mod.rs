//! The catalogue: one small file a case or row of cases, one folder a family.

mod cache;
mod choices;
mod errors;
mod framing;
mod http;
mod limits;
mod metrics;
mod stop;
mod stream;
mod usage;

use crate::check::Check;

/// Every case, in the catalogue's order.
pub(crate) fn standard() -> Vec<Check> {
    let families: [&[Check]; 10] = [
        &usage::CHECKS,
        &stream::CHECKS,
        &choices::CHECKS,
        &stop::CHECKS,
        &cache::CHECKS,
        &limits::CHECKS,
        &errors::CHECKS,
        &framing::CHECKS,
        &http::CHECKS,
        &metrics::CHECKS,
    ];
    families.concat()
}
