//! The same requests in the definitions of other tools: what each of them would have reported of this very run.
//!
//! What a tool reads differently is in its file here, with the place in its source; what that means for a figure is
//! also in the table behind `definitions`. Nothing of a tool's overhead is imitated: the instants
//! are ours, only the arithmetic is theirs. A tokenizer of a tool's own is not imitated either; token counts are the
//! server's.

mod aiperf;
mod figures;
mod guidellm;
mod native;
mod script;
mod sglang;
mod vllm;

use std::{fmt, str::FromStr, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::figures::{ToolFigures, ToolStatistics};
use crate::client::RequestTimeline;

/// Whose definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Tool {
    /// Our own.
    #[serde(rename = "native")]
    Native,
    /// The report's own script.
    #[serde(rename = "seed")]
    Seed,
    /// `vllm bench serve` of vLLM 0.13.
    #[serde(rename = "vllm-0.13")]
    Vllm013,
    /// `vllm bench serve` of vLLM 0.33.
    #[serde(rename = "vllm-0.33")]
    Vllm033,
    /// guidellm 0.8.1.
    #[serde(rename = "guidellm")]
    Guidellm,
    /// aiperf 0.13.
    #[serde(rename = "aiperf")]
    Aiperf,
    /// `sglang.bench_serving` of sglang 0.5.23.
    #[serde(rename = "sglang")]
    Sglang,
}

impl Tool {
    /// All of them, our own first.
    pub const ALL: [Self; 7] =
        [Self::Native, Self::Seed, Self::Vllm013, Self::Vllm033, Self::Guidellm, Self::Aiperf, Self::Sglang];

    /// The name on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Seed => "seed",
            Self::Vllm013 => "vllm-0.13",
            Self::Vllm033 => "vllm-0.33",
            Self::Guidellm => "guidellm",
            Self::Aiperf => "aiperf",
            Self::Sglang => "sglang",
        }
    }

    /// What the tool makes of one request; `None` if it counts it as failed.
    fn read(self, request: &RequestTimeline) -> Option<Seen> {
        match self {
            Self::Native => native::read(request),
            Self::Seed => script::read(request),
            Self::Vllm013 => vllm::read_0_13(request),
            Self::Vllm033 => vllm::read_0_33(request),
            Self::Guidellm => guidellm::read(request),
            Self::Aiperf => aiperf::read(request),
            Self::Sglang => sglang::read(request),
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no tool's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no tool `{name}`; known are {}", Tool::ALL.map(Tool::name).join(", "))]
pub struct UnknownTool {
    name: String,
}

impl FromStr for Tool {
    type Err = UnknownTool;

    fn from_str(name: &str) -> Result<Self, UnknownTool> {
        Self::ALL.into_iter().find(|tool| tool.name() == name).ok_or_else(|| UnknownTool { name: name.to_owned() })
    }
}

/// What `tool` would report of `requests`, measured over `window`.
///
/// ```
/// use std::time::Duration;
/// use rehearsal_load::{RequestTimeline, Streaming, TokenUsage, Verdict, report::{Tool, recompute}};
///
/// let mut request = RequestTimeline::begun(0, Duration::ZERO, Duration::ZERO, Streaming::Off);
/// request.status = Some(200);
/// request.finished = Duration::from_secs(2);
/// request.usage = Some(TokenUsage::new(10, 4));
/// request.verdict = Verdict::Ok;
///
/// let figures = recompute(Tool::Seed, &[request], Duration::from_secs(2));
/// assert_eq!(figures.output_tokens_per_s, Some(2.0));
/// ```
#[must_use]
pub fn recompute(tool: Tool, requests: &[RequestTimeline], window: Duration) -> ToolFigures {
    ToolFigures::of(tool, requests, window)
}

/// What a tool makes of one request that it counts as a success.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) ttft: Option<Duration>,
    pub(super) e2el: Option<Duration>,
    pub(super) output_tokens: Option<u64>,
    /// Seconds for each token after the first.
    pub(super) per_token: Option<f64>,
    /// Seconds for each token, the first one's wait included.
    pub(super) overall_per_token: Option<f64>,
    pub(super) gaps: Vec<Duration>,
}

/// [`Tool::read`] for the exports.
pub(super) fn seen(tool: Tool, request: &RequestTimeline) -> Option<Seen> {
    tool.read(request)
}

/// The instants of the chunks that hold text; several tools see no others.
pub(super) fn chunks_with_text(request: &RequestTimeline) -> Vec<Duration> {
    let empty = &request.marks.empty;
    let chunks = request.chunks.iter().enumerate();
    chunks.filter(|(index, _)| empty.binary_search(index).is_err()).map(|(_, chunk)| chunk.at).collect()
}

fn gaps_between(instants: &[Duration]) -> Vec<Duration> {
    instants.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect()
}

/// Seconds of `span` for each of `count` tokens; `None` for no tokens.
fn share(span: Duration, count: u64) -> Option<f64> {
    (0 < count).then(|| crate::metrics::seconds(span) / count as f64)
}

/// Whether a client that only looks at HTTP is content: status 200 and a body that came to its end.
fn is_whole_http(request: &RequestTimeline) -> bool {
    request.status == Some(200) && request.marks.clean_end
}
