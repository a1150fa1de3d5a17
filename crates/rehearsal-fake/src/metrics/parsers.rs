//! How often tool parsers were asked: the frontend's own family, which only a server with a parser has.

use super::text::{Exposition, Label};
use crate::tools::Invocations;

/// Whether a parser read a whole reply or a step of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParserMode {
    /// Once a step.
    Streaming,
    /// Once a choice.
    NonStreaming,
}

/// The counts of chats; those of other endpoints stay 0 until they have parsers.
#[derive(Debug, Default)]
pub(crate) struct ParserMetrics {
    streaming: Invocations,
    non_streaming: Invocations,
}

impl ParserMetrics {
    pub(crate) fn parsed(&mut self, mode: ParserMode, invocations: Invocations) {
        let counted = match mode {
            ParserMode::Streaming => &mut self.streaming,
            ParserMode::NonStreaming => &mut self.non_streaming,
        };
        counted.with_call += invocations.with_call;
        counted.without_call += invocations.without_call;
    }

    /// Name, help text and labels of vLLM 0.32.0 (`parser/metrics.py`).
    pub(crate) fn write(&self, page: &mut Exposition, model: &str) {
        let mut samples: Vec<([Label<'_>; 4], f64)> = Vec::new();
        for (mode, counted) in [("streaming", self.streaming), ("non_streaming", self.non_streaming)] {
            for (outcome, count) in [("tool_call", counted.with_call), ("no_tool_call", counted.without_call)] {
                for request_type in ["chat_completions", "responses", "other"] {
                    let labels =
                        [("mode", mode), ("model_name", model), ("outcome", outcome), ("request_type", request_type)];
                    let count = if request_type == "chat_completions" { count } else { 0 };
                    samples.push((labels, count as f64));
                }
            }
        }
        let samples: Vec<(&[Label<'_>], f64)> =
            samples.iter().map(|(labels, count)| (labels.as_slice(), *count)).collect();
        page.counter(
            "vllm:tool_call_parser_invocations",
            "Total number of ToolParser invocations. Non-streaming increments once per choice; streaming increments once per delta.",
            &samples,
        );
    }
}
