//! The server through its doors: start-up, virtual time, slow and lost readers, faults, bad input, metrics.

#![expect(clippy::float_cmp, reason = "counters, and sums of virtual time, are exact")]

mod bad_input;
mod beams;
mod client;
mod doors;
mod faults;
mod frontend_flags;
mod images;
mod lifecycle;
mod metrics;
mod network;
mod steering;
mod structured;
mod talk;
mod termination;
mod virtual_time;
