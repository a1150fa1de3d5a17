//! How the replies to a chat are read: by the parsers that the server was started with.

use super::{
    super::context::Context,
    call_reader::CallReader,
    reasoning_reader::ReasoningReader,
    refusal::Refusal,
    reply::ReplyReader,
    tool::{Calls, Tool},
};
use crate::{reasoning::ReasoningParser, structured::Constraint, tokenizer::Tokenizer, tools::ToolCallParser};

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

/// What holds the model to the calls that a request demands, in the parser's format.
pub(super) fn demanded(context: &Context, tools: &[Tool], calls: &Calls, once: bool) -> Option<Constraint> {
    let parser = context.app.frontend.tool_call_parser?;
    let is_demanded = |tool: &&Tool| match calls {
        Calls::None | Calls::Auto => false,
        Calls::Required => true,
        Calls::Named(name) => tool.function.name == *name,
    };
    let format = |tool: &Tool| parser.call_formats(&tool.function.name, &tool.function.parameters);
    let tags: Vec<_> = tools.iter().filter(is_demanded).flat_map(format).collect();
    let once = once || matches!(calls, Calls::Named(_));
    (!tags.is_empty()).then_some(Constraint::Calls { tags, once })
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
