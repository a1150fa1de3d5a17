//! The body of `/v1/messages` and of `/v1/messages/count_tokens`: read as pydantic does, and made the body of a chat.

use serde_json::{Map, Value};

use super::{
    conversation::chat_messages,
    tools::{chat_tool_choice, chat_tools},
};
use crate::{
    api::{
        error::ApiError,
        fields::Fields,
        validation::{Handler, Loc, Problem, invalid},
    },
    version::{ShapeName, Wire},
};

/// The route of a message.
pub(super) const MESSAGES: Handler = Handler { path: "/v1/messages", function: "create_messages", line: 421 };

/// The route that counts; old versions, which say lines, do not have it.
pub(super) const COUNT_TOKENS: Handler =
    Handler { path: "/v1/messages/count_tokens", function: "count_tokens", line: 0 };

/// A message as asked for.
#[derive(Clone, Debug)]
pub(super) struct MessagesRequest {
    /// The body of the chat that answers it.
    pub(super) chat: Map<String, Value>,
    pub(super) streams: bool,
}

/// Whether tokens are to be generated, or counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Generate,
    Count,
}

impl MessagesRequest {
    /// Reads the body, and refuses it with every problem at once.
    pub(super) fn read(wire: &Wire, body: &Map<String, Value>, purpose: Purpose) -> Result<Self, ApiError> {
        let mut fields = Fields::new(body, wire.features.coercion);
        read_model(&mut fields, body);
        let messages = read_messages(wire, &mut fields, body);
        let streams = match purpose {
            Purpose::Generate => read_parameters(wire, &mut fields, body),
            Purpose::Count => false,
        };
        read_system(wire, &mut fields);
        let tools = read_tools(&mut fields);
        let choice = read_tool_choice(&mut fields);
        let problems = fields.into_problems();
        if !problems.is_empty() {
            let handler = if purpose == Purpose::Count { COUNT_TOKENS } else { MESSAGES };
            return Err(invalid(&wire.features, handler, &problems));
        }
        let mut chat = Map::new();
        let mut put = |key: &str, value: Value| chat.insert(key.to_owned(), value);
        put("model", body.get("model").cloned().unwrap_or_default());
        let results = wire.features.messages_tool_results;
        put("messages", chat_messages(results, body.get("system"), messages).into());
        if purpose == Purpose::Generate {
            for slot in &wire.shapes.get(ShapeName::MessagesFields).slots {
                let Some(value) = body.get(&slot.key) else { continue };
                put(if slot.key == "stop_sequences" { "stop" } else { &slot.key }, value.clone());
            }
            put("max_completion_tokens", body.get("max_tokens").cloned().unwrap_or_default());
        }
        if !tools.is_empty() {
            put("tools", chat_tools(tools).into());
            put("tool_choice", chat_tool_choice(choice));
        }
        Ok(Self { chat, streams })
    }
}

fn read_model(fields: &mut Fields<'_>, body: &Map<String, Value>) {
    const KEY: &str = "model";
    match body.get(KEY) {
        None => fields.problem(Problem::missing(KEY, &Value::Object(body.clone()))),
        Some(Value::String(model)) if model.is_empty() => {
            fields.problem(Problem::value(vec![KEY.into()], "Model is required", &model.as_str().into()));
        }
        Some(Value::String(_)) => {}
        Some(other) => {
            fields.problem(Problem::new("string_type", vec![KEY.into()], "Input should be a valid string", other));
        }
    }
}

fn read_messages<'a>(wire: &Wire, fields: &mut Fields<'_>, body: &'a Map<String, Value>) -> &'a [Value] {
    const KEY: &str = "messages";
    let messages = match body.get(KEY) {
        Some(Value::Array(messages)) => messages,
        Some(other) => {
            fields.problem(Problem::new("list_type", vec![KEY.into()], "Input should be a valid list", other));
            return &[];
        }
        None => {
            fields.problem(Problem::missing(KEY, &Value::Object(body.clone())));
            return &[];
        }
    };
    for (index, message) in messages.iter().enumerate() {
        fields.problems(message_problems(wire, message, &[KEY.into(), Loc::Index(index)]));
    }
    messages
}

fn message_problems(wire: &Wire, message: &Value, at: &[Loc]) -> Vec<Problem> {
    let Value::Object(object) = message else { return vec![not_an_object(at, message)] };
    let mut problems: Vec<Problem> =
        literal_problem(wire, ShapeName::MessagesRoles, object, at, "role").into_iter().collect();
    let at = below(at, ["content".into()]);
    match object.get("content") {
        None => problems.push(Problem::new("missing", at, "Field required", message)),
        Some(content) => problems.extend(content_problems(wire, content, &at)),
    }
    problems
}

/// A text, or a list of blocks.
fn content_problems(wire: &Wire, content: &Value, at: &[Loc]) -> Vec<Problem> {
    let no_text =
        Problem::new("string_type", below(at, [Loc::Variant("str")]), "Input should be a valid string", content);
    let at = below(at, [Loc::Variant("list[AnthropicContentBlock]")]);
    let blocks = match content {
        Value::String(_) => return Vec::new(),
        Value::Array(blocks) => blocks,
        other => return vec![no_text, Problem::new("list_type", at, "Input should be a valid list", other)],
    };
    let of_block = |(index, block): (usize, &Value)| {
        let at = below(&at, [Loc::Index(index)]);
        match block {
            Value::Object(object) => literal_problem(wire, ShapeName::MessagesBlocks, object, &at, "type"),
            other => Some(not_an_object(&at, other)),
        }
    };
    let problems: Vec<Problem> = blocks.iter().enumerate().filter_map(of_block).collect();
    if problems.is_empty() { problems } else { [vec![no_text], problems].concat() }
}

/// The parameters that only a message to be generated has, in the order of the request's type.
fn read_parameters(wire: &Wire, fields: &mut Fields<'_>, body: &Map<String, Value>) -> bool {
    const MAX_TOKENS: &str = "max_tokens";
    match body.get(MAX_TOKENS) {
        None => fields.problem(Problem::missing(MAX_TOKENS, &Value::Object(body.clone()))),
        Some(Value::Null) => {
            let message = "Input should be a valid integer";
            fields.problem(Problem::new("int_type", vec![MAX_TOKENS.into()], message, &Value::Null));
        }
        Some(sent) => {
            if fields.int(MAX_TOKENS).is_some_and(|tokens| tokens <= 0) {
                fields.problem(Problem::value(vec![MAX_TOKENS.into()], "max_tokens must be positive", sent));
            }
        }
    }
    if let Some(metadata) = fields.value("metadata").filter(|metadata| !metadata.is_object()) {
        let message = "Input should be a valid dictionary";
        fields.problem(Problem::new("dict_type", vec!["metadata".into()], message, metadata));
    }
    fields.strings("stop_sequences");
    let streams = fields.bool("stream").unwrap_or(false);
    fields.float("temperature");
    fields.int("top_k");
    fields.float("top_p");
    if wire.shapes.get(ShapeName::MessagesFields).slots.iter().any(|slot| slot.key == "chat_template_kwargs") {
        fields.object("chat_template_kwargs");
    }
    streams
}

fn read_system(wire: &Wire, fields: &mut Fields<'_>) {
    let Some(system) = fields.value("system") else { return };
    fields.problems(content_problems(wire, system, &["system".into()]));
}

fn read_tools<'a>(fields: &mut Fields<'a>) -> &'a [Value] {
    const KEY: &str = "tools";
    let tools = match fields.value(KEY) {
        None => return &[],
        Some(Value::Array(tools)) => tools,
        Some(other) => {
            fields.problem(Problem::new("list_type", vec![KEY.into()], "Input should be a valid list", other));
            return &[];
        }
    };
    for (index, tool) in tools.iter().enumerate() {
        fields.problems(tool_problems(tool, &[KEY.into(), Loc::Index(index)]));
    }
    tools
}

fn tool_problems(tool: &Value, at: &[Loc]) -> Vec<Problem> {
    let Value::Object(object) = tool else { return vec![not_an_object(at, tool)] };
    let name = match object.get("name") {
        None => Some(("missing", "Field required", tool)),
        Some(Value::String(_)) => None,
        Some(other) => Some(("string_type", "Input should be a valid string", other)),
    };
    let schema = match object.get("input_schema") {
        None => Some(("missing", "Field required", tool)),
        Some(Value::Object(_)) => None,
        Some(other) => Some(("dict_type", "Input should be a valid dictionary", other)),
    };
    let problem = |key: &str, (kind, message, input): (&'static str, &str, &Value)| {
        Problem::new(kind, below(at, [key.into()]), message, input)
    };
    let name = name.map(|found| problem("name", found));
    name.into_iter().chain(schema.map(|found| problem("input_schema", found))).collect()
}

fn read_tool_choice<'a>(fields: &mut Fields<'a>) -> Option<&'a Value> {
    const KEY: &str = "tool_choice";
    let choice = fields.value(KEY)?;
    let object = fields.object(KEY)?;
    let at = vec![KEY.into(), "type".into()];
    match object.get("type") {
        None => fields.problem(Problem::new("missing", at, "Field required", choice)),
        Some(kind) if !["auto", "any", "tool", "none"].iter().any(|known| kind == known) => {
            fields.problem(Problem::literal(at, &["auto", "any", "tool", "none"], kind));
        }
        Some(kind)
            if kind == "tool" && object.get("name").is_none_or(|name| name.as_str().is_none_or(str::is_empty)) =>
        {
            let message = "tool_choice.name is required when type is 'tool'";
            fields.problem(Problem::value(vec![KEY.into()], message, choice));
        }
        Some(_) => {}
    }
    Some(choice)
}

/// A member that is missing, or is none of the words of that list.
fn literal_problem(
    wire: &Wire,
    words: ShapeName,
    object: &Map<String, Value>,
    at: &[Loc],
    key: &str,
) -> Option<Problem> {
    let at = below(at, [key.into()]);
    let Some(value) = object.get(key) else {
        return Some(Problem::new("missing", at, "Field required", &object.clone().into()));
    };
    let words: Vec<&str> = wire.shapes.get(words).slots.iter().map(|slot| slot.key.as_str()).collect();
    let known = value.as_str().is_some_and(|value| words.contains(&value));
    (!known).then(|| Problem::literal(at, &words, value))
}

fn not_an_object(at: &[Loc], value: &Value) -> Problem {
    let message = "Input should be a valid dictionary or object to extract fields from";
    Problem::new("model_attributes_type", at.to_vec(), message, value)
}

fn below<const N: usize>(at: &[Loc], rest: [Loc; N]) -> Vec<Loc> {
    at.iter().cloned().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(version: &str, body: &Value) -> Result<MessagesRequest, String> {
        let wire = Wire::of(version.parse().expect("a version")).expect("one of the table");
        let object = body.as_object().expect("an object");
        MessagesRequest::read(&wire, object, Purpose::Generate).map_err(|error| {
            error.json(&wire.features).expect("an object")["error"]["message"].as_str().expect("a text").to_owned()
        })
    }

    #[test]
    fn a_message_is_a_chat_with_other_names() {
        let body = json!({
            "model": "tiny", "max_tokens": 5, "system": "s", "stop_sequences": ["x"], "stream": true,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}],
        });
        let request = read("0.32.0", &body).expect("a right body");
        assert!(request.streams);
        let expect = json!({
            "model": "tiny",
            "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}],
            "max_tokens": 5, "stop": ["x"], "max_completion_tokens": 5,
        });
        assert_eq!(Value::from(request.chat), expect);
    }

    #[test]
    fn all_problems_are_told_in_the_order_of_the_fields() {
        let body = json!({"messages": [{"role": "alien", "content": 3}], "max_tokens": 0, "tools": [{}]});
        let message = read("0.32.0", &body).expect_err("a wrong body");
        let said: Vec<&str> = message.lines().filter_map(|line| line.split("'msg': ").nth(1)).collect();
        assert_eq!(said.len(), 7, "{message}");
        assert!(message.starts_with("7 validation errors:\n  {'type': 'missing', 'loc': 'body.model'"), "{message}");
        assert!(said[1].starts_with("\"Input should be 'user', 'assistant' or 'system'\""), "{message}");
    }

    #[test]
    fn thinking_is_a_block_of_newer_versions_only() {
        let blocks = json!([{"type": "thinking", "thinking": "h"}, {"type": "text", "text": "m"}]);
        let body = json!({"model": "m", "max_tokens": 1, "messages": [{"role": "assistant", "content": blocks}]});
        assert!(read("0.13.0", &body).is_err());
        assert!(read("0.32.0", &body).is_ok());
    }
}
