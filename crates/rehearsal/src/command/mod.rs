//! One file a command: arguments in, exit code out.

mod api_key;
pub(crate) mod bench;
pub(crate) mod calibrate;
pub(crate) mod check;
mod client;
pub(crate) mod compare;
pub(crate) mod diff;
pub(crate) mod explain;
mod fake;
pub(crate) mod forecast;
mod interrupt;
pub(crate) mod merge;
mod mutants;
pub(crate) mod page;
pub(crate) mod record;
mod recording;
pub(crate) mod report;
pub(crate) mod self_test;
pub(crate) mod serve;
mod setup;
mod suite_run;
