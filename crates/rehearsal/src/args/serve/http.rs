//! vLLM's flags of the HTTP server.

use std::path::PathBuf;

use clap::Args;

/// Where and how it listens.
#[derive(Args, Debug)]
#[command(next_help_heading = "vLLM: HTTP")]
pub(crate) struct HttpFlags {
    /// Name or address to listen on
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1")]
    pub(crate) host: String,

    /// Port to listen on; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8000)]
    pub(crate) port: u16,

    /// Unix socket to listen on, in place of --host and --port
    #[arg(long, value_name = "PATH")]
    pub(crate) uds: Option<PathBuf>,

    /// Key that requests to /v1 must bring as a bearer token; several are taken
    #[arg(long, value_name = "KEY")]
    pub(crate) api_key: Vec<String>,

    /// Path under which a proxy shows the server
    #[arg(long, value_name = "PATH", default_value = "")]
    pub(crate) root_path: String,

    /// Origins that browsers may ask from, as a JSON list [default: all until 0.13, none in 0.32]
    #[arg(long, value_name = "JSON")]
    pub(crate) allowed_origins: Option<String>,

    /// Methods that such pages may use, as a JSON list
    #[arg(long, value_name = "JSON", default_value = "[\"*\"]")]
    pub(crate) allowed_methods: String,

    /// Headers that such pages may send, as a JSON list
    #[arg(long, value_name = "JSON", default_value = "[\"*\"]")]
    pub(crate) allowed_headers: String,

    /// Such pages may send cookies
    #[arg(long)]
    pub(crate) allow_credentials: bool,

    /// Private key for HTTPS, a PEM file
    #[arg(long, value_name = "FILE")]
    pub(crate) ssl_keyfile: Option<PathBuf>,

    /// Certificate chain for HTTPS, a PEM file
    #[arg(long, value_name = "FILE")]
    pub(crate) ssl_certfile: Option<PathBuf>,

    /// Certificates of those who sign clients' certificates, a PEM file
    #[arg(long, value_name = "FILE")]
    pub(crate) ssl_ca_certs: Option<PathBuf>,

    /// Whether clients need a certificate: 0 no, 1 if they have one, 2 yes
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=2))]
    pub(crate) ssl_cert_reqs: u8,

    /// Let open requests end for so many seconds when told to stop [0.32: 0 aborts them]
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) shutdown_timeout: u32,

    /// No /docs, no /openapi.json
    #[arg(long)]
    pub(crate) disable_fastapi_docs: bool,

    /// No line for each answered request
    #[arg(long)]
    pub(crate) disable_uvicorn_access_log: bool,
}
