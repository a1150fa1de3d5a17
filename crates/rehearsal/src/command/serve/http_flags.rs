//! The HTTP server's flags, as the fake's own types.

use std::{
    fs,
    net::{SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
};

use rehearsal::fake::{
    ClientCertificates, Tls,
    api::{Cors, Credentials},
};

use crate::{args::HttpFlags, exit::Expected};

/// A host name is looked up; the first of its addresses is taken.
pub(super) fn address(flags: &HttpFlags) -> Result<SocketAddr, Expected> {
    let host = flags.host.trim_start_matches('[').trim_end_matches(']');
    let unknown = |reason: String| {
        Expected::usage(format!("--host {host}: {reason}; write an address such as 127.0.0.1 or 0.0.0.0"))
    };
    let mut addresses = (host, flags.port).to_socket_addrs().map_err(|error| unknown(error.to_string()))?;
    addresses.next().ok_or_else(|| unknown("no address".to_owned()))
}

/// Key and certificates, if HTTPS is asked for.
pub(super) fn tls(flags: &HttpFlags) -> Result<Option<Tls>, Expected> {
    let (key, chain) = match (&flags.ssl_keyfile, &flags.ssl_certfile) {
        (None, None) => return Ok(None),
        // a certificate's file may hold the key, too, as for Python's `load_cert_chain`
        (key, Some(chain)) => (read("--ssl-keyfile", key.as_ref().unwrap_or(chain))?, read("--ssl-certfile", chain)?),
        (Some(_), None) => return Err(Expected::usage("--ssl-keyfile needs a certificate: add --ssl-certfile")),
    };
    let signers = flags.ssl_ca_certs.as_deref().map(|path| read("--ssl-ca-certs", path)).transpose()?;
    let clients = match flags.ssl_cert_reqs {
        0 => ClientCertificates::Ignored,
        1 => ClientCertificates::Optional,
        _ => ClientCertificates::Required,
    };
    if clients != ClientCertificates::Ignored && signers.is_none() {
        return Err(Expected::usage("--ssl-cert-reqs needs the certificates of those who sign: add --ssl-ca-certs"));
    }
    Tls::from_pem(&key, &chain, signers.as_deref(), clients)
        .map(Some)
        .map_err(|error| Expected::usage(format!("HTTPS: {error}")))
}

/// Who may ask from other origins.
pub(super) fn cors(flags: &HttpFlags) -> Result<Cors, Expected> {
    Ok(Cors {
        origins: flags.allowed_origins.as_deref().map(|text| list("--allowed-origins", text)).transpose()?,
        methods: list("--allowed-methods", &flags.allowed_methods)?,
        headers: list("--allowed-headers", &flags.allowed_headers)?,
        credentials: if flags.allow_credentials { Credentials::Allowed } else { Credentials::Refused },
    })
}

fn list(flag: &str, text: &str) -> Result<Vec<String>, Expected> {
    serde_json::from_str(text)
        .map_err(|_| Expected::usage(format!("{flag} {text}: write a JSON list of texts, such as '[\"*\"]'")))
}

fn read(flag: &str, path: &Path) -> Result<Vec<u8>, Expected> {
    fs::read(path).map_err(|error| Expected::usage(format!("{flag} {}: {error}", PathBuf::from(path).display())))
}
