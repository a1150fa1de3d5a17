//! `--reasoning-parser`: the formats that are imitated.

use std::str::FromStr;

use serde_json::{Map, Value};
use thiserror::Error;

use super::{
    engine,
    tags::{self, TagStream, Tags},
    thinking::Thinking,
};

/// How a model writes its reasoning.
///
/// These are the formats with one pair of tags. Others are refused by name rather than read wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasoningParser {
    /// `<think>…</think>`. Up to 0.13, a whole reply needs both tags; since its parser is built on vLLM's parser engine, a reply begins with
    /// reasoning whether or not it says so, and a tool call ends it.
    Qwen3,
    /// `<think>…</think>` where the first tag may be missing.
    DeepseekR1,
    /// The same for a request that turns thinking on (`chat_template_kwargs`), all content for others.
    DeepseekV3,
    /// Like [`ReasoningParser::DeepseekV3`], thinking unless it is turned off.
    Holo2,
    /// `<seed:think>…</seed:think>`.
    SeedOss,
}

impl ReasoningParser {
    /// The tags around reasoning.
    pub(super) const fn tags(self) -> Tags {
        match self {
            Self::Qwen3 | Self::DeepseekR1 | Self::DeepseekV3 | Self::Holo2 => {
                Tags { start: "<think>", end: "</think>" }
            }
            Self::SeedOss => Tags { start: "<seed:think>", end: "</seed:think>" },
        }
    }

    /// Whether text before any tag is reasoning.
    pub(super) const fn starts_with_reasoning(self) -> bool {
        !matches!(self, Self::Qwen3)
    }

    /// Reasoning of nothing.
    pub(crate) fn empty_reasoning(self) -> String {
        let Tags { start, end } = self.tags();
        [start, end].concat()
    }

    /// What a request's template variables and its prompt say about reasoning.
    pub(crate) fn thinking(self, kwargs: &Map<String, Value>, prompt: &str) -> Thinking {
        let is = |key: &str, default: bool| kwargs.get(key).and_then(Value::as_bool).unwrap_or(default);
        let on = match self {
            Self::Qwen3 => is("enable_thinking", true),
            Self::DeepseekV3 => is("thinking", false) || is("enable_thinking", false),
            Self::Holo2 => is("thinking", true) && is("enable_thinking", true),
            Self::DeepseekR1 | Self::SeedOss => true,
        };
        if !on {
            return Thinking::Off;
        }
        // earlier turns of the conversation may hold tags, too
        let turn = prompt.rsplit("<|im_start|>").next().unwrap_or(prompt);
        let Tags { start, end } = self.tags();
        match (turn.rfind(start), turn.rfind(end)) {
            (started, Some(ended)) if started.is_none_or(|started| started < ended) => Thinking::Over,
            _ => Thinking::Expected,
        }
    }

    /// Reasoning and content of a whole reply, by the parsers of vLLM 0.13.
    pub(crate) fn split_tagged(self, thinking: Thinking, text: &str) -> (Option<String>, Option<String>) {
        match self {
            Self::DeepseekV3 | Self::Holo2 if thinking == Thinking::Off => (None, Some(text.to_owned())),
            Self::Qwen3 => {
                let Tags { start, end } = self.tags();
                if text.contains(start) && text.contains(end) {
                    let (reasoning, content) = tags::split(self.tags(), text);
                    // an end before the start leaves a text without an end
                    if content.is_some() || text.ends_with(end) {
                        return (reasoning, content);
                    }
                }
                (None, Some(text.to_owned()))
            }
            _ => tags::split(self.tags(), text),
        }
    }

    /// The same by those of vLLM 0.32.
    pub(crate) fn split(self, thinking: Thinking, text: &str) -> (Option<String>, Option<String>) {
        match self {
            _ if thinking == Thinking::Off => (None, Some(text.to_owned())),
            Self::Qwen3 | Self::SeedOss => engine::split(self.tags(), text),
            _ => tags::split(self.tags(), text),
        }
    }

    /// A growing reply, by the parsers of vLLM 0.13.
    pub(crate) fn tag_stream(self, thinking: Thinking) -> TagStream {
        match (self, thinking) {
            (Self::DeepseekV3 | Self::Holo2, Thinking::Off) => TagStream::without_reasoning(self.tags()),
            _ => TagStream::new(self.tags(), self.starts_with_reasoning()),
        }
    }
}

/// A format that is not imitated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "the reasoning format `{name}` is not imitated; use `qwen3`, `deepseek_r1`, `deepseek_v3`, `holo2` or `seed_oss`"
)]
pub struct UnknownReasoningParser {
    /// As given.
    pub name: String,
}

impl FromStr for ReasoningParser {
    type Err = UnknownReasoningParser;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "qwen3" => Ok(Self::Qwen3),
            "deepseek_r1" => Ok(Self::DeepseekR1),
            "deepseek_v3" => Ok(Self::DeepseekV3),
            "holo2" => Ok(Self::Holo2),
            "seed_oss" => Ok(Self::SeedOss),
            _ => Err(UnknownReasoningParser { name: name.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(
        parser: ReasoningParser,
        text: &str,
        old: (Option<&str>, Option<&str>),
        new: (Option<&str>, Option<&str>),
    ) {
        let owned = |(reasoning, content): (Option<&str>, Option<&str>)| {
            (reasoning.map(str::to_owned), content.map(str::to_owned))
        };
        assert_eq!(parser.split_tagged(Thinking::Expected, text), owned(old), "0.13: {text}");
        assert_eq!(parser.split(Thinking::Expected, text), owned(new), "0.32: {text}");
    }

    /// The first, second and fourth are recorded.
    #[test]
    fn a_whole_reply_is_split_as_its_version_does() {
        let both = (Some("\nhm."), Some("\n\nyes"));
        check(ReasoningParser::Qwen3, "<think>\nhm.</think>\n\nyes", both, both);
        check(ReasoningParser::Qwen3, "<think>\nhm", (None, Some("<think>\nhm")), (Some("\nhm"), None));
        check(ReasoningParser::Qwen3, "hm</think>", (None, Some("hm</think>")), (Some("hm"), None));
        let call = "<tool_call>{}</tool_call>";
        check(ReasoningParser::Qwen3, call, (None, Some(call)), (None, Some(call)));
        check(ReasoningParser::DeepseekR1, "hm</think>yes", (Some("hm"), Some("yes")), (Some("hm"), Some("yes")));
        check(ReasoningParser::DeepseekR1, "hm", (Some("hm"), None), (Some("hm"), None));
    }

    #[test]
    fn the_last_turn_of_the_prompt_may_have_ended_the_reasoning() {
        let thinking = |prompt: &str| ReasoningParser::Qwen3.thinking(&Map::new(), prompt);
        assert_eq!(thinking("<|im_start|>assistant\n"), Thinking::Expected);
        assert_eq!(thinking("<|im_start|>assistant\n<think>\n\n</think>\n\n"), Thinking::Over);
        assert_eq!(
            thinking("<|im_start|>assistant\n</think>a<|im_end|><|im_start|>assistant\n<think>"),
            Thinking::Expected
        );
        let off = json!({"enable_thinking": false});
        assert_eq!(ReasoningParser::Qwen3.thinking(off.as_object().unwrap(), ""), Thinking::Off);
    }
}
