//! The catalogue: one small file a case, one folder a family.

mod choices;
mod stop;
mod stream;
mod usage;

use crate::check::Check;

/// Every case, in the catalogue's order.
pub(crate) fn standard() -> Vec<Check> {
    let families: [&[Check]; 4] = [&usage::CHECKS, &stream::CHECKS, &choices::CHECKS, &stop::CHECKS];
    families.concat()
}
