//! The catalogue: one small file a case, one folder a family.

mod usage;

use crate::check::Check;

/// Every case, in the catalogue's order.
pub(crate) fn standard() -> Vec<Check> {
    let families: [&[Check]; 1] = [&usage::CHECKS];
    families.concat()
}
