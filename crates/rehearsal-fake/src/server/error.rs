//! Why a server does not start.

use std::{io, net::SocketAddr, path::PathBuf};

use crate::{
    driver::ClockError, engine::EngineConfigError, profile::StartRefusal, version::CompatError, version::VllmVersion,
};

/// Why a fake server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be had.
    #[error("cannot listen on {address}: {source}; choose another port, or 0 for a free one")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The Unix socket cannot be had.
    #[error("cannot listen on `{}`: {source}; choose another path, or remove what is there", path.display())]
    BindUnix {
        /// The path asked for.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// vLLM would not start on that machine; the message is its own.
    #[error(transparent)]
    Refused(#[from] StartRefusal),
    /// The engine's settings contradict each other.
    #[error(transparent)]
    Engine(#[from] EngineConfigError),
    /// The pacing does not fit the runtime's clock.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The version is unknown.
    #[error(transparent)]
    Version(#[from] CompatError),
    /// The version does not know the flag and refuses to start with it.
    #[error(
        "{flag}: argument is not implemented in Rust frontend yet (vLLM {version}); leave it out or choose another version"
    )]
    Flag {
        /// The flag.
        flag: &'static str,
        /// The version.
        version: VllmVersion,
    },
    /// That version does not know the flag.
    #[error(
        "{flag} is not in the Python frontend of vLLM {version}: leave it out or choose {since} or later, Python frontend"
    )]
    UnknownFlag {
        /// The flag.
        flag: &'static str,
        /// The version.
        version: VllmVersion,
        /// The first release that has it.
        since: &'static str,
    },
    /// Virtual time was asked for over TCP.
    #[error(
        "virtual pacing works in memory only, since the paused clock jumps while bytes are on their way: use `start_in_memory()`"
    )]
    VirtualOverTcp,
    /// A server without a name for its model.
    #[error("`served_model_names` is empty: name the model")]
    NoModelName,
}
