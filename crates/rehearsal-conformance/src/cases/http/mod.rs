//! H-01 … H-03: headers, ids and lifecycle.

mod lifecycle;
mod orca;
mod request_id;

use crate::check::Check;

pub(super) const CHECKS: [Check; 3] = [request_id::CHECK, orca::CHECK, lifecycle::CHECK];
