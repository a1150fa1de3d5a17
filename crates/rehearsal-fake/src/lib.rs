//! A fake vLLM: right about time and about `usage`, in your process.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use rehearsal_fake::FakeVllm;
//!
//! let fake = FakeVllm::start().await?;
//! let models = reqwest::get(format!("{}/v1/models", fake.base_url())).await?.text().await?;
//! assert!(models.contains("rehearsal"));
//! # Ok(())
//! # }
//! ```
//!
//! There are four doors to the same server: TCP ([`FakeVllmBuilder::start`]), memory ([`FakeVllmBuilder::start_in_memory`], exact on tokio's
//! paused clock), a service ([`FakeVllmBuilder::into_router`]), and the bare [`engine`].
//!
//! [`engine`] and [`profile`] stand alone, without tokio or HTTP (`--no-default-features`); everything else comes with the feature `server`.

pub mod engine;
pub mod profile;

#[cfg(feature = "server")]
pub mod api;
#[cfg(feature = "server")]
pub mod chat_template;
#[cfg(feature = "server")]
mod driver;
#[cfg(feature = "server")]
mod fault;
#[cfg(feature = "server")]
mod journal;
#[cfg(feature = "server")]
mod log;
#[cfg(feature = "server")]
mod metrics;
#[cfg(feature = "server")]
pub mod multimodal;
#[cfg(feature = "server")]
mod mutant;
#[cfg(feature = "server")]
pub mod reasoning;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "server")]
mod startup;
#[cfg(feature = "server")]
mod structured;
#[cfg(feature = "server")]
pub mod text;
#[cfg(feature = "server")]
pub mod tokenizer;
#[cfg(feature = "server")]
pub mod tools;
#[cfg(feature = "server")]
pub mod usage;
#[cfg(feature = "server")]
pub mod version;

#[cfg(feature = "server")]
pub use self::{
    api::FrontendOptions,
    driver::{ClockError, Lateness, Pacing},
    fault::{Fault, FaultRequest, FaultRule, UsageLie},
    journal::{JournalChoice, JournalEntry},
    log::{LogLevel, LogLine, LogProcess},
    mutant::{Mutant, MutantSetting, UnknownMutant},
    server::{
        AccessLog, ClientCertificates, Connector, FakeVllm, FakeVllmBuilder, InMemoryStream, MemoryCheck,
        ShutdownReport, StartError, StatsLog, Tls, TlsError,
    },
};
