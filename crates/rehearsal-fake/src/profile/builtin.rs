//! The profiles that come with the crate.

/// A file of `profiles/`.
macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!("../../profiles/", $name, ".toml")))
    };
}

/// Those a caller can name.
const PROFILES: &[(&str, &str)] = &[
    file!("instant"),
    file!("b200-llama3-70b-fp8-tp1"),
    file!("h100-llama3-70b-fp8-tp2"),
    file!("h100-llama3-70b-fp8-tp4"),
    file!("h100-llama3-70b-fp8-tp8"),
    file!("h100-qwen3-32b-bf16-tp2"),
    file!("h100-qwen3-32b-bf16-tp4"),
    file!("h100-qwen3-32b-bf16-tp8"),
    file!("h200-llama3-70b-fp8-tp1"),
    file!("h200-llama3-70b-fp8-tp2"),
    file!("h200-llama3-70b-fp8-tp4"),
    file!("h200-llama3-70b-fp8-tp8"),
    file!("report-tp1"),
    file!("report-tp2"),
    file!("rtxpro6000-72b-fp8-tp1"),
    file!("rtxpro6000-72b-fp8-tp2"),
    file!("rtxpro6000-72b-fp8-tp4"),
    file!("rtxpro6000-72b-fp8-roofline-tp1"),
    file!("rtxpro6000-72b-fp8-roofline-tp2"),
    file!("rtxpro6000-72b-fp8-amdahl-tp1"),
    file!("rtxpro6000-72b-fp8-amdahl-tp2"),
    file!("rtxpro6000-72b-fp8-bandwidth-tp1"),
    file!("rtxpro6000-72b-fp8-bandwidth-tp2"),
];

/// Those that others extend.
const BASES: &[(&str, &str)] = &[
    file!("b200-llama3-70b-fp8"),
    file!("h100-llama3-70b-fp8"),
    file!("h100-qwen3-32b-bf16"),
    file!("h200-llama3-70b-fp8"),
    file!("rtxpro6000-72b-fp8"),
];

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PROFILES.iter().map(|(name, _)| *name)
}

pub(super) fn text(name: &str) -> Option<&'static str> {
    find(PROFILES, name)
}

/// The text of a profile or of a base.
pub(super) fn any_text(name: &str) -> Option<&'static str> {
    text(name).or_else(|| find(BASES, name))
}

fn find(files: &'static [(&str, &str)], name: &str) -> Option<&'static str> {
    files.iter().find(|(other, _)| *other == name).map(|(_, text)| *text)
}
