//! Clients as targets: a server that plays hostile streams with known timing, and what a load tool or SDK reports of them against the truth.
//!
//! Each [`ClientCase`] is a cycle of streams that are played in turn, one a request. A [`PlayedServer`] plays them to a client in another process;
//! [`own_client`] plays them to this project's load generator, in memory and on the paused clock, where the truth is exact. What the client
//! reports is read into [`Reported`], whatever its form, and [`ClientSuite`] judges it.
//!
//! The truth comes from the streams and from the instants at which their bytes were written, never from the code that measures.

mod case;
mod catalogue;
mod judge;
mod own;
mod play;
mod readers;
mod reported;
mod server;
mod suite;
mod truth;

pub use case::ClientCase;
pub use catalogue::client_cases;
pub use own::{OWN_REQUESTS, own_client};
pub use play::{Play, Played};
pub use readers::{ReportForm, UnknownReportForm};
pub use reported::Reported;
pub use server::PlayedServer;
pub use suite::{ClientRun, ClientSuite, ClientUnderTest};
pub use truth::{TokenTruth, Truth};
