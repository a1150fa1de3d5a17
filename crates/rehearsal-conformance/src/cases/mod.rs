//! The catalogue: one small file a case, one folder a family.

mod stream;
mod usage;

use crate::check::Check;

/// Every case, in the catalogue's order.
pub(crate) fn standard() -> Vec<Check> {
    let families: [&[Check]; 2] = [&usage::CHECKS, &stream::CHECKS];
    families.concat()
}
