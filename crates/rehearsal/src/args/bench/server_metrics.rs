//! The server's own figures beside the client's.

use std::{str::FromStr, time::Duration};

use clap::Args;

use super::super::seconds::parse_seconds;

/// Whether and where the server's `/metrics` page is read.
#[derive(Args, Debug)]
#[command(next_help_heading = "The server's side")]
pub(crate) struct ServerFlags {
    /// Read vLLM's metrics before, during and after the run: `auto` is /metrics beside --base-url, `off` reads nothing, a
    /// URL names another page. A server without one is measured all the same. The API key is not sent there
    #[arg(long, value_name = "auto|off|URL", default_value = "auto")]
    pub(crate) server_metrics: ServerMetrics,

    /// Seconds between two readings
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = parse_seconds)]
    pub(crate) server_metrics_every: Duration,
}

/// Where the page is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ServerMetrics {
    /// Beside the API.
    Auto,
    /// Nothing is read.
    Off,
    /// Elsewhere.
    At(http::Uri),
}

impl FromStr for ServerMetrics {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "off" => Ok(Self::Off),
            url => match url.parse::<http::Uri>() {
                Ok(page) if page.scheme().is_some() && page.host().is_some() => Ok(Self::At(page)),
                _ => Err(format!("`{url}` is no address; write auto, off, or one like http://127.0.0.1:8000/metrics")),
            },
        }
    }
}
