//! The catalogue: one file a case.

use crate::check::Check;

/// Every case, in the catalogue's order.
pub(crate) fn standard() -> Vec<Check> {
    vec![]
}
