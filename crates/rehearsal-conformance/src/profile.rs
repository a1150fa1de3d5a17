//! Which server's habits a SHOULD is held against.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A family of servers whose answers were recorded and are the expectation of every SHOULD.
///
/// There is no single behaviour of vLLM: of 240 identical requests the two Python frontends answer 99 differently, so an
/// expectation that is more than arithmetic or protocol belongs to one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum ServerProfile {
    /// vLLM's Python frontend as of 0.13.0.
    #[serde(rename = "py-0.13")]
    Py013,
    /// vLLM's Python frontend as of 0.32.0.
    #[serde(rename = "py-0.32")]
    Py032,
    /// vLLM's Rust frontend as of 0.32.0.
    #[serde(rename = "rs-0.32")]
    Rs032,
    /// No vLLM: what OpenAI's API documents, for any server that says it is compatible. What is vLLM's own is skipped.
    #[serde(rename = "openai-spec")]
    OpenAiSpec,
}

impl ServerProfile {
    /// Every profile: vLLM's, oldest first, and OpenAI's.
    pub const ALL: [Self; 4] = [Self::Py013, Self::Py032, Self::Rs032, Self::OpenAiSpec];

    /// Those of vLLM, oldest first.
    pub const VLLM: [Self; 3] = [Self::Py013, Self::Py032, Self::Rs032];

    /// The profile's name on the command line and in reports.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Py013 => "py-0.13",
            Self::Py032 => "py-0.32",
            Self::Rs032 => "rs-0.32",
            Self::OpenAiSpec => "openai-spec",
        }
    }

    /// Whether the server is held to a vLLM, and may be asked for what only vLLM has.
    #[must_use]
    pub fn is_vllm(self) -> bool {
        self != Self::OpenAiSpec
    }

    /// The profile that fits what a server says about itself. `openai-spec` has to be chosen: no server says that it keeps to it.
    #[must_use]
    pub fn detect(identity: &Identity) -> Detection {
        let rust = identity.rust_frontend_version.is_some() || identity.owned_by.as_deref() == Some("vllm-frontend-rs");
        let version = identity.version.as_deref().and_then(minor_version);
        match (rust, version) {
            (true, Some((0, 32))) => Detection::new(Self::Rs032, Certainty::Exact),
            (true, _) => Detection::new(Self::Rs032, Certainty::Nearest),
            (false, Some((0, 13))) => Detection::new(Self::Py013, Certainty::Exact),
            (false, Some((0, 32))) => Detection::new(Self::Py032, Certainty::Exact),
            // 0.18.1 turned `include_usage` off by default (vLLM #36379), the change that most cases see
            (false, Some((0, minor))) if minor < 18 => Detection::new(Self::Py013, Certainty::Nearest),
            (false, Some(_)) => Detection::new(Self::Py032, Certainty::Nearest),
            (false, None) => Detection::new(Self::Py032, Certainty::Assumed),
        }
    }
}

impl fmt::Display for ServerProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// The name is not one of a profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown profile `{0}`; use auto, py-0.13, py-0.32, rs-0.32 or openai-spec")]
pub struct UnknownProfile(String);

impl FromStr for ServerProfile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        Self::ALL.into_iter().find(|profile| profile.label() == name).ok_or_else(|| UnknownProfile(name.to_owned()))
    }
}

/// What a server says about itself at `/version` and `/v1/models`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// `version` of `/version`.
    pub version: Option<String>,
    /// `rust_frontend_version` of `/version`: only vLLM's Rust frontend has it.
    pub rust_frontend_version: Option<String>,
    /// `owned_by` of the model.
    pub owned_by: Option<String>,
}

/// A profile and how well it fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Detection {
    /// The profile whose expectations hold.
    pub profile: ServerProfile,
    /// Why this one.
    pub certainty: Certainty,
}

impl Detection {
    pub(crate) fn new(profile: ServerProfile, certainty: Certainty) -> Self {
        Self { profile, certainty }
    }
}

/// How a profile was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// The caller named it.
    Chosen,
    /// The server's version is the recorded one.
    Exact,
    /// The server's version lies between or beyond the recorded ones; differences may be the version's.
    Nearest,
    /// The server does not say what it is.
    Assumed,
}

/// One value for each profile: a row's expected column.
///
/// ```
/// use rehearsal_conformance::{ByProfile, ServerProfile};
///
/// let code = ByProfile::each("a number", "a number", "a string").openai("a string or null");
/// assert_eq!(code.of(ServerProfile::OpenAiSpec), "a string or null");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByProfile<T> {
    /// For [`ServerProfile::Py013`].
    pub py_0_13: T,
    /// For [`ServerProfile::Py032`].
    pub py_0_32: T,
    /// For [`ServerProfile::Rs032`].
    pub rs_0_32: T,
    /// For [`ServerProfile::OpenAiSpec`]; `None` where OpenAI's API says nothing, and a case is skipped.
    pub openai: Option<T>,
}

impl<T: Copy> ByProfile<T> {
    /// The same value on every server, of whatever make.
    pub const fn same(value: T) -> Self {
        Self::vllm(value).openai(value)
    }

    /// The same value on every vLLM; OpenAI's API says nothing.
    pub const fn vllm(value: T) -> Self {
        Self::each(value, value, value)
    }

    /// The values in the order py-0.13, py-0.32, rs-0.32; OpenAI's API says nothing.
    pub const fn each(py_0_13: T, py_0_32: T, rs_0_32: T) -> Self {
        Self { py_0_13, py_0_32, rs_0_32, openai: None }
    }

    /// What OpenAI's API documents.
    #[must_use]
    pub const fn openai(self, value: T) -> Self {
        Self { py_0_13: self.py_0_13, py_0_32: self.py_0_32, rs_0_32: self.rs_0_32, openai: Some(value) }
    }

    /// The value of one profile. Where OpenAI's API says nothing, that of vLLM's newer Python frontend: a case is then not run, so
    /// that nothing hangs on it.
    pub fn of(self, profile: ServerProfile) -> T {
        match profile {
            ServerProfile::Py013 => self.py_0_13,
            ServerProfile::Py032 => self.py_0_32,
            ServerProfile::Rs032 => self.rs_0_32,
            ServerProfile::OpenAiSpec => self.openai.unwrap_or(self.py_0_32),
        }
    }

    /// Whether there is a value for this profile.
    pub fn speaks_of(self, profile: ServerProfile) -> bool {
        profile.is_vllm() || self.openai.is_some()
    }
}

/// `0.13.1+cpu` → (0, 13).
fn minor_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    let major = parts.next()?.parse().ok()?;
    let digits = parts.next()?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    Some((major, digits[..end].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(version: Option<&str>, rust: Option<&str>, owned_by: &str, profile: ServerProfile, certainty: Certainty) {
        let identity = Identity {
            version: version.map(Into::into),
            rust_frontend_version: rust.map(Into::into),
            owned_by: Some(owned_by.into()),
        };
        assert_eq!(ServerProfile::detect(&identity), Detection { profile, certainty });
    }

    #[test]
    fn a_server_is_known_by_version_owner_and_rust_frontend() {
        check(Some("0.13.0"), None, "vllm", ServerProfile::Py013, Certainty::Exact);
        check(Some("0.13.0+cpu"), None, "vllm", ServerProfile::Py013, Certainty::Exact);
        check(Some("0.9.2"), None, "vllm", ServerProfile::Py013, Certainty::Nearest);
        check(Some("0.17.1"), None, "vllm", ServerProfile::Py013, Certainty::Nearest);
        check(Some("0.18.1"), None, "vllm", ServerProfile::Py032, Certainty::Nearest);
        check(Some("0.32.0"), None, "vllm", ServerProfile::Py032, Certainty::Exact);
        check(Some("0.32.0"), Some("0.32.0"), "vllm", ServerProfile::Rs032, Certainty::Exact);
        check(Some("0.33.0"), None, "vllm-frontend-rs", ServerProfile::Rs032, Certainty::Nearest);
        check(Some("1.0.0"), None, "vllm", ServerProfile::Py032, Certainty::Nearest);
        check(None, None, "llamacpp", ServerProfile::Py032, Certainty::Assumed);
        check(Some("nightly"), None, "vllm", ServerProfile::Py032, Certainty::Assumed);
    }

    #[test]
    fn names_round_trip() {
        for profile in ServerProfile::ALL {
            assert_eq!(profile.label().parse(), Ok(profile));
        }
        assert_eq!(
            "py-0.14".parse::<ServerProfile>().unwrap_err().to_string(),
            "unknown profile `py-0.14`; use auto, py-0.13, py-0.32, rs-0.32 or openai-spec"
        );
    }
}
