//! What is shown while a run goes on.

use std::{
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
};

use clap::Args;

/// The live view.
#[derive(Args, Debug)]
#[command(next_help_heading = "While it runs")]
pub(crate) struct LiveFlags {
    /// Serve the run's figures for Prometheus at /metrics while it goes on (`OpenMetrics`, with vLLM's own buckets): 9464 is
    /// on this machine only, 0.0.0.0:9464 for others, too
    #[arg(long, value_name = "[ADDRESS:]PORT", conflicts_with_all = ["fake", "sweep", "search"])]
    pub(crate) metrics_port: Option<Listen>,
}

/// Where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listen(pub(crate) SocketAddr);

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let on_this_machine = text.parse().map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        on_this_machine
            .or_else(|_| text.parse())
            .map(Self)
            .map_err(|_| format!("`{text}` is no port; write 9464, or 0.0.0.0:9464 for all of the machine's addresses"))
    }
}
