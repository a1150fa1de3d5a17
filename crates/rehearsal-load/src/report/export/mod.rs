//! A recording in the file formats of other tools, for what people already have to read them.
//!
//! A file in a tool's format holds that tool's definitions, as [`recompute`](super::recompute) has them, so that its
//! readers compare like with like. llm-d's report and the table of requests hold ours.

mod aiperf;
mod guidellm;
mod llm_d;
mod table;
mod vllm;

use std::{fmt, str::FromStr};

use super::{Recording, html::to_html};

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExportFormat {
    /// Our own report.
    Native,
    /// The report's script.
    Seed,
    /// `vllm bench serve --save-result --save-detailed`, by the definitions of vLLM 0.33.
    Vllm,
    /// aiperf's `profile_export.jsonl`, a line a request.
    Aiperf,
    /// guidellm's `benchmarks.json`.
    Guidellm,
    /// llm-d's Benchmark Report 0.2.1.
    LlmD,
    /// A row a request, comma-separated.
    Csv,
    /// A page with charts, for people.
    Html,
}

impl ExportFormat {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Native, Self::Seed, Self::Vllm, Self::Aiperf, Self::Guidellm, Self::LlmD, Self::Csv, Self::Html];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Seed => "seed",
            Self::Vllm => "vllm",
            Self::Aiperf => "aiperf",
            Self::Guidellm => "guidellm",
            Self::LlmD => "llm-d",
            Self::Csv => "csv",
            Self::Html => "html",
        }
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no format's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no format `{name}`; known are {}", ExportFormat::ALL.map(ExportFormat::name).join(", "))]
pub struct UnknownFormat {
    name: String,
}

impl FromStr for ExportFormat {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat { name: name.to_owned() })
    }
}

impl Recording {
    /// The recording as a file of `format`, with a line break at the end.
    ///
    /// Formats with calendar times need to know when the run began; a log without that instant begins in 1970.
    #[must_use]
    pub fn export(&self, format: ExportFormat) -> String {
        let text = match format {
            ExportFormat::Native => pretty(&self.report()),
            ExportFormat::Seed => self.seed_report().to_json(),
            ExportFormat::Vllm => pretty(&vllm::result(self)),
            ExportFormat::Aiperf => aiperf::lines(self),
            ExportFormat::Guidellm => pretty(&guidellm::report(self)),
            ExportFormat::LlmD => pretty(&llm_d::report(self)),
            ExportFormat::Csv => table::csv(self),
            ExportFormat::Html => to_html(self),
        };
        if text.ends_with('\n') { text } else { text + "\n" }
    }
}

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).expect("figures and strings always have a JSON text")
}
