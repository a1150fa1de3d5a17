//! How the replies to a chat are read: by the parsers that the server was started with.

use super::{
    super::context::Context, call_reader::CallReader, reasoning_reader::ReasoningReader, refusal::Refusal,
    reply::ReplyReader, tool::Calls,
};
use crate::{reasoning::ReasoningParser, tokenizer::Tokenizer, tools::ToolCallParser};

/// A reader for a reply to that prompt. Calls are looked for with a tool parser, whether or not the model was to choose by itself
/// (`--enable-auto-tool-choice`); without one they are refused.
pub(super) fn reader(context: &Context, calls: &Calls) -> Result<ReplyReader, Refusal> {
    let options = &context.app.frontend;
    let call_reader = match (calls, options.tool_call_parser) {
        (Calls::None, _) => None,
        (_, Some(ToolCallParser::Hermes)) => Some(CallReader::new("<tool_call>", "</tool_call>")),
        (_, Some(ToolCallParser::Longcat)) => Some(CallReader::new("<longcat_tool_call>", "</longcat_tool_call>")),
        (_, None) => {
            let message = "failed to submit chat request: tool parsing is disabled by frontend configuration";
            return Err(Refusal::Server(message.to_owned()));
        }
    };
    let reasoning = options.reasoning_parser.map(tags).map(|(start, end)| ReasoningReader::new(start, end));
    Ok(ReplyReader::new(reasoning, call_reader))
}

/// Whether the prompt ends inside of reasoning: the last tag behind its last special token opens it.
pub(super) fn is_thinking(context: &Context, prompt: &[u32]) -> bool {
    let Some((start, end)) = context.app.frontend.reasoning_parser.map(tags) else { return false };
    let tokenizer: &Tokenizer = &context.app.tokenizer;
    let tags = [start.as_bytes(), end.as_bytes()];
    let last = prompt
        .iter()
        .rev()
        .find(|token| tags.contains(&tokenizer.token_bytes(**token)) || tokenizer.is_special(**token));
    last.is_some_and(|token| tokenizer.token_bytes(*token) == start.as_bytes())
}

fn tags(parser: ReasoningParser) -> (&'static str, &'static str) {
    match parser {
        ReasoningParser::SeedOss => ("<seed:think>", "</seed:think>"),
        _ => ("<think>", "</think>"),
    }
}
