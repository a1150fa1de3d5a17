//! From the URL of an image to its bytes (`vllm/multimodal/utils.py`, `MediaConnector`).

use std::{
    io,
    net::IpAddr,
    path::{Component, Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use thiserror::Error;

/// Why there are no bytes, in vLLM's words; each kind has its status.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum SourceError {
    /// A value that is wrong.
    #[error("{0}")]
    Value(String),
    /// Something that this server does not do.
    #[error("{0}")]
    Refused(String),
    /// Something that vLLM has not written.
    #[error("{0}")]
    NotImplemented(String),
    /// Bytes that cannot be had.
    #[error("{0}")]
    Unreachable(String),
}

/// The bytes behind a URL.
pub(crate) fn fetch(url: &str, local_media: Option<&Path>) -> Result<Vec<u8>, SourceError> {
    // schemes are case-insensitive
    let scheme = url.split_once(':').map_or_else(String::new, |(scheme, _)| scheme.to_ascii_lowercase());
    let rest = url.get(scheme.len() + 1..).unwrap_or_default();
    match scheme.as_str() {
        "data" => inline(rest),
        "http" | "https" => Err(SourceError::Unreachable(unreachable(&scheme, rest.trim_start_matches('/')))),
        "file" => local(rest.trim_start_matches("//"), local_media),
        _ => Err(SourceError::Value("The URL must be either a HTTP, data or file URL.".to_owned())),
    }
}

/// `data:image/png;base64,…`.
fn inline(rest: &str) -> Result<Vec<u8>, SourceError> {
    let unpack = || SourceError::Value("not enough values to unpack (expected 2, got 1)".to_owned());
    let (head, data) = rest.split_once(',').ok_or_else(unpack)?;
    let (_, encoding) = head.split_once(';').ok_or_else(unpack)?;
    if encoding != "base64" {
        return Err(SourceError::NotImplemented("Only base64 data URLs are supported for now.".to_owned()));
    }
    // `pybase64` looks at the length first
    if !data.len().is_multiple_of(4) {
        return Err(SourceError::Value("Incorrect padding".to_owned()));
    }
    STANDARD.decode(data).map_err(|_| SourceError::Value("Non-base64 digit found".to_owned()))
}

/// What `aiohttp` says when nobody answers: an address refuses, a name is not resolved.
fn unreachable(scheme: &str, rest: &str) -> String {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let default = if scheme == "https" { 443 } else { 80 };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(default)),
        _ => (authority, default),
    };
    let host = host.trim_matches(['[', ']']);
    let reason = match host.parse() {
        Ok(IpAddr::V4(address)) => format!("Connect call failed ('{address}', {port})"),
        Ok(IpAddr::V6(address)) => format!("Connect call failed ('{address}', {port}, 0, 0)"),
        Err(_) => "Temporary failure in name resolution".to_owned(),
    };
    format!("Cannot connect to host {host}:{port} ssl:default [{reason}]")
}

/// A file below the folder of `--allowed-local-media-path`.
fn local(path: &str, allowed: Option<&Path>) -> Result<Vec<u8>, SourceError> {
    let Some(allowed) = allowed else {
        return Err(SourceError::Refused("Cannot load local files without `--allowed-local-media-path`.".to_owned()));
    };
    // as far as it exists, with links and `..` resolved, so that nothing outside is reached
    let path = Path::new(path);
    let resolved = path.canonicalize().unwrap_or_else(|_| lexical(path));
    let allowed = allowed.canonicalize().unwrap_or_else(|_| allowed.to_owned());
    if !resolved.starts_with(&allowed) {
        let (path, allowed) = (resolved.display(), allowed.display());
        return Err(SourceError::Value(format!(
            "The file path {path} must be a subpath of `--allowed-local-media-path {allowed}`."
        )));
    }
    std::fs::read(&resolved).map_err(|error| {
        SourceError::Unreachable(match error.kind() {
            io::ErrorKind::NotFound => format!("[Errno 2] No such file or directory: '{}'", resolved.display()),
            _ => error.to_string(),
        })
    })
}

/// The path without `.` and `..`.
fn lexical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir => {}
            other => clean.push(other),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(url: &str, expect: &str) {
        assert_eq!(fetch(url, None).expect_err("it has no bytes").to_string(), expect);
    }

    /// The first three texts are recorded from 0.13.0 and 0.32.0.
    #[test]
    fn a_url_without_bytes_is_refused_in_the_words_of_vllm() {
        refused("data:image/png;base64,@@@@", "Non-base64 digit found");
        refused(
            "http://127.0.0.1:1/x.png",
            "Cannot connect to host 127.0.0.1:1 ssl:default [Connect call failed ('127.0.0.1', 1)]",
        );
        refused("file:///etc/hostname", "Cannot load local files without `--allowed-local-media-path`.");
        refused("data:image/png;base64,abc", "Incorrect padding");
        refused("data:text/plain,hello", "not enough values to unpack (expected 2, got 1)");
        refused("ftp://a/b", "The URL must be either a HTTP, data or file URL.");
        refused(
            "https://[::1]/b",
            "Cannot connect to host ::1:443 ssl:default [Connect call failed ('::1', 443, 0, 0)]",
        );
    }

    #[test]
    fn the_bytes_of_a_data_url_are_decoded() {
        assert_eq!(fetch("data:image/png;base64,aGVsbG8=", None), Ok(b"hello".to_vec()));
    }

    #[test]
    fn only_files_below_the_allowed_folder_are_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.png"), b"pixels").unwrap();
        let url = |name: &str| format!("file://{}/{name}", folder.path().display());
        assert_eq!(fetch(&url("a.png"), Some(folder.path())), Ok(b"pixels".to_vec()));
        assert!(matches!(fetch(&url("../a.png"), Some(folder.path())), Err(SourceError::Value(_))));
        assert!(matches!(fetch(&url("b.png"), Some(folder.path())), Err(SourceError::Unreachable(_))));
    }
}
