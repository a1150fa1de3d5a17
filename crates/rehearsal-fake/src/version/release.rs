//! The number of a vLLM release, and which of its two HTTP frontends answers.

use std::{fmt, str::FromStr};

use super::{CompatError, Wire};

/// The number of a vLLM release, such as `0.13.0`; ordered as releases are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    major: u32,
    minor: u32,
    patch: u32,
}

impl FromStr for Release {
    type Err = CompatError;

    fn from_str(text: &str) -> Result<Self, CompatError> {
        let bad = || CompatError::NotARelease(text.to_owned());
        // a local build such as `0.13.0+cpu` answers as its release
        let bare = text.split('+').next().unwrap_or(text);
        let mut parts = bare.split('.').map(str::parse::<u32>);
        let mut part = || parts.next().transpose().map_err(|_| bad());
        let (major, minor, patch) = (part()?.ok_or_else(bad)?, part()?.ok_or_else(bad)?, part()?.unwrap_or(0));
        if parts.next().is_some() { Err(bad()) } else { Ok(Self { major, minor, patch }) }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Which of vLLM's HTTP frontends answers: the Python one (uvicorn, `FastAPI`), or its own Rust one, in the tree since 0.22.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Frontend {
    /// `vllm serve` as everyone knows it.
    #[default]
    Python,
    /// The frontend started with `VLLM_USE_RUST_FRONTEND`.
    Rust,
}

/// A release and a frontend that the fake can answer as; made by parsing, so it is always one of the table's.
///
/// ```
/// use rehearsal_fake::version::VllmVersion;
///
/// let version: VllmVersion = "0.32.0-rust".parse()?;
/// assert_eq!(version.to_string(), "0.32.0-rust");
/// assert!("0.5.0".parse::<VllmVersion>().is_err());
/// # Ok::<(), rehearsal_fake::version::CompatError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VllmVersion {
    pub(super) release: Release,
    pub(super) frontend: Frontend,
}

impl VllmVersion {
    /// The release and frontend, refused when the compatibility table does not reach there.
    pub fn new(release: Release, frontend: Frontend) -> Result<Self, CompatError> {
        let version = Self { release, frontend };
        Wire::of(version).map(|_| version)
    }

    /// The release number.
    #[must_use]
    pub fn release(self) -> Release {
        self.release
    }

    /// The frontend.
    #[must_use]
    pub fn frontend(self) -> Frontend {
        self.frontend
    }
}

impl Default for VllmVersion {
    /// 0.13.0, the release behind the report, with the Python frontend.
    fn default() -> Self {
        Self { release: Release { major: 0, minor: 13, patch: 0 }, frontend: Frontend::Python }
    }
}

impl FromStr for VllmVersion {
    type Err = CompatError;

    fn from_str(text: &str) -> Result<Self, CompatError> {
        let (release, frontend) = match text.strip_suffix("-rust") {
            Some(release) => (release, Frontend::Rust),
            None => (text, Frontend::Python),
        };
        Self::new(release.parse()?, frontend)
    }
}

impl fmt::Display for VllmVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.frontend {
            Frontend::Python => write!(f, "{}", self.release),
            Frontend::Rust => write!(f, "{}-rust", self.release),
        }
    }
}
