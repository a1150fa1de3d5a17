//! The catalogue: one small file a case or row of cases, one folder a family.

mod cache;
mod choices;
mod errors;
mod framing;
mod http;
mod limits;
mod messages;
mod metrics;
mod parsing;
mod responses;
mod stop;
mod stream;
mod usage;

use crate::check::Check;

/// Every case, in the catalogue's order.
pub(crate) fn standard() -> Vec<Check> {
    let families: [&[Check]; 13] = [
        &usage::CHECKS,
        &stream::CHECKS,
        &choices::CHECKS,
        &stop::CHECKS,
        &cache::CHECKS,
        &parsing::CHECKS,
        &limits::CHECKS,
        &errors::CHECKS,
        &framing::CHECKS,
        &http::CHECKS,
        &metrics::CHECKS,
        &responses::CHECKS,
        &messages::CHECKS,
    ];
    families.concat()
}
