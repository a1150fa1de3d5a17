//! H-01 … H-04: headers, ids and lifecycle.

mod lifecycle;
mod orca;
mod request_id;
mod start_up;

use crate::check::Check;

pub(super) const CHECKS: [Check; 4] = [request_id::CHECK, orca::CHECK, lifecycle::CHECK, start_up::CHECK];
