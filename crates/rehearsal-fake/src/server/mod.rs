//! The server around the engine: [`FakeVllm`], its builder, and its doors.
//!
//! **Here:** what a running server is made of ([`App`](app::App)), listening over TCP and in memory, start-up and shutdown. **Not here, on
//! purpose:** what the routes answer (`api`), and anything that waits for the engine's time (`driver`).

mod admission;
mod app;
mod builder;
mod connector;
mod door;
mod edge;
mod error;
mod handle;
mod listen;
mod observer;
mod stats_log;
mod tls;

pub(crate) use admission::Admission;
pub(crate) use app::App;
pub use app::{AccessLog, StatsLog};
pub use builder::{FakeVllmBuilder, MemoryCheck};
pub use connector::{Connector, InMemoryStream};
pub use error::StartError;
pub use handle::{FakeVllm, ShutdownReport};
pub use tls::{ClientCertificates, Tls, TlsError};
