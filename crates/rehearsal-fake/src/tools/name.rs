//! `--tool-call-parser`: the formats that are imitated.

use std::str::FromStr;

use serde_json::Value;
use thiserror::Error;

use crate::structured::TaggedSchema;

/// How a model writes tool calls.
///
/// vLLM has some forty formats; these are the ones that this crate reads. Others are refused by name rather than read wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolCallParser {
    /// `<tool_call>{"name": …, "arguments": …}</tool_call>`: Hermes, Qwen2.5, Qwen3. `qwen3_json` is another name for it.
    Hermes,
    /// The same between `<longcat_tool_call>` tags.
    Longcat,
}

impl ToolCallParser {
    /// The tags around a call.
    pub(crate) const fn tags(self) -> Tags {
        match self {
            Self::Hermes => Tags { start: "<tool_call>", end: "</tool_call>" },
            Self::Longcat => Tags { start: "<longcat_tool_call>", end: "</longcat_tool_call>" },
        }
    }
}

impl ToolCallParser {
    /// The two ways to write a call, with line feeds inside the tags and without (`_hermes_tool_tags` of vLLM 0.32).
    pub(crate) fn call_formats(self, name: &str, parameters: &Value) -> [TaggedSchema; 2] {
        let Tags { start, end } = self.tags();
        ["\n", ""].map(|line_feed| TaggedSchema {
            begin: format!("{start}{line_feed}{{\"name\": \"{name}\", \"arguments\": "),
            schema: parameters.clone(),
            end: format!("}}{line_feed}{end}"),
        })
    }
}

/// What opens and closes a tool call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tags {
    pub(crate) start: &'static str,
    pub(crate) end: &'static str,
}

/// A format that is not imitated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the tool-call format `{name}` is not imitated; use `hermes`, `qwen3_json` or `longcat`")]
pub struct UnknownToolCallParser {
    /// As given.
    pub name: String,
}

impl FromStr for ToolCallParser {
    type Err = UnknownToolCallParser;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "hermes" | "qwen3_json" => Ok(Self::Hermes),
            "longcat" => Ok(Self::Longcat),
            _ => Err(UnknownToolCallParser { name: name.to_owned() }),
        }
    }
}
