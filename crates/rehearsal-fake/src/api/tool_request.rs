//! What a chat says about tools: `tools`, `tool_choice`, `parallel_tool_calls`, `include_reasoning`.

use serde_json::{Map, Value, json};

use super::{
    error::ApiError,
    fields::Fields,
    options::{FrontendOptions, UnchosenTools},
    python::repr,
    rules::Rules,
    validation::{Loc, Problem},
};
use crate::{
    structured::Constraint,
    tools::{Reading, ToolChoice},
    version::{EmptyTools, Features, ReplyParsing},
};

/// How a named tool is asked for, which errors repeat.
const USAGE: &str = "Correct usage: `{\"type\": \"function\", \"function\": {\"name\": \"my_function\"}}`";

/// A chat's tools as asked for.
#[derive(Clone, Debug)]
pub(super) struct ToolRequest {
    pub(super) choice: ToolChoice,
    /// Definitions as pydantic would dump them: absent members are null.
    pub(super) definitions: Vec<Value>,
    pub(super) parallel_tool_calls: bool,
    pub(super) include_reasoning: bool,
}

impl ToolRequest {
    pub(super) fn read(fields: &mut Fields<'_>, features: &Features, body: &Map<String, Value>) -> Self {
        Self {
            choice: ToolChoice::of(body),
            definitions: read_definitions(fields, features.reply_parsing),
            parallel_tool_calls: fields.bool("parallel_tool_calls").unwrap_or(true),
            include_reasoning: fields.bool("include_reasoning").unwrap_or(true),
        }
    }

    /// Refuses a choice that the server was not set up for.
    pub(super) fn check(&self, features: &Features, options: &FrontendOptions) -> Result<(), ApiError> {
        if options.tool_parser().is_some() {
            return Ok(());
        }
        let forced = match &self.choice {
            ToolChoice::Auto => {
                return Err(ApiError::bad_request(
                    "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set",
                ));
            }
            ToolChoice::Required => "\"required\"".to_owned(),
            ToolChoice::Named(name) => format!("function \"{name}\""),
            ToolChoice::None | ToolChoice::Null => return Ok(()),
        };
        match features.reply_parsing {
            ReplyParsing::Separate => Ok(()),
            ReplyParsing::Unified => {
                Err(ApiError::bad_request(format!("tool_choice={forced} requires --tool-call-parser to be set")))
            }
        }
    }

    /// The definitions that the prompt names.
    pub(super) fn in_prompt(&self, options: &FrontendOptions) -> Option<Value> {
        let left_out = options.unchosen_tools == UnchosenTools::LeftOut && self.choice == ToolChoice::None;
        (!left_out && !self.definitions.is_empty()).then(|| self.definitions.clone().into())
    }

    /// What a forced call makes of the text: JSON of the tool's parameters, or a list of calls, up to 0.13; since then calls in the
    /// format of the parser.
    pub(super) fn constraint(&self, features: &Features, options: &FrontendOptions) -> Option<Constraint> {
        let parser = options.tool_parser()?;
        let named = |tool: &&Value| match &self.choice {
            ToolChoice::Named(name) => tool.pointer("/function/name").and_then(Value::as_str) == Some(name),
            choice => *choice == ToolChoice::Required,
        };
        let tools: Vec<&Value> = self.definitions.iter().filter(named).collect();
        let (first, once) = (tools.first()?, matches!(self.choice, ToolChoice::Named(_)));
        let parameters =
            |tool: &Value| tool.pointer("/function/parameters").filter(|schema| !schema.is_null()).cloned();
        if features.reply_parsing == ReplyParsing::Unified {
            let name =
                |tool: &Value| tool.pointer("/function/name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let any = || json!({"type": "object"});
            let tags =
                tools.iter().flat_map(|tool| parser.call_formats(&name(tool), &parameters(tool).unwrap_or_else(any)));
            return Some(Constraint::Calls { tags: tags.collect(), once: once || !self.parallel_tool_calls });
        }
        if once {
            return parameters(first).map(Constraint::Json);
        }
        Some(Constraint::Json(calls_schema(&tools)))
    }

    /// Whether special tokens stay in the text because a tag may be one (`adjust_request` of the parsers).
    pub(super) fn shows_special_tokens(&self, features: &Features, options: &FrontendOptions) -> bool {
        let tools = options.tool_parser().is_some() && !self.definitions.is_empty() && self.choice != ToolChoice::None;
        tools || options.reasoning_parser.is_some() && features.reply_parsing == ReplyParsing::Unified
    }

    /// How replies to this chat are read.
    pub(super) fn reading(
        &self,
        features: &Features,
        options: &FrontendOptions,
        kwargs: &Map<String, Value>,
        prompt: &str,
    ) -> Reading {
        let thinking = options.reasoning_parser.map(|parser| parser.thinking(kwargs, prompt));
        Reading {
            tools: options.tool_parser(),
            reasoning: options.reasoning_parser,
            choice: self.choice.clone(),
            include_reasoning: self.include_reasoning,
            parallel_tool_calls: self.parallel_tool_calls,
            thinking: thinking.unwrap_or_default(),
            ..Reading::plain(features.reply_parsing)
        }
    }
}

/// The array of calls that `tool_choice: "required"` asks for (`_get_json_schema_from_tools` of vLLM 0.13).
fn calls_schema(tools: &[&Value]) -> Value {
    let mut definitions = Map::new();
    let calls: Vec<Value> = tools
        .iter()
        .map(|tool| {
            let parameters = tool.pointer("/function/parameters").filter(|schema| !schema.is_null());
            let mut parameters = parameters.cloned().unwrap_or_else(|| json!({"type": "object", "properties": {}}));
            if let Some(Value::Object(own)) = parameters.as_object_mut().and_then(|all| all.shift_remove("$defs")) {
                definitions.extend(own);
            }
            let name = tool.pointer("/function/name");
            json!({
                "properties": {"name": {"type": "string", "enum": [name]}, "parameters": parameters},
                "required": ["name", "parameters"],
            })
        })
        .collect();
    let mut schema = json!({"type": "array", "minItems": 1, "items": {"type": "object", "anyOf": calls}});
    if let (Value::Object(schema), false) = (&mut schema, definitions.is_empty()) {
        schema.insert("$defs".to_owned(), definitions.into());
    }
    schema
}

/// `tools` as `ChatCompletionToolsParam` dumps them.
fn read_definitions(fields: &mut Fields<'_>, parsing: ReplyParsing) -> Vec<Value> {
    let Some(tools) = fields.value("tools") else { return Vec::new() };
    let Some(tools) = tools.as_array() else {
        fields.problem(Problem::new("list_type", vec!["tools".into()], "Input should be a valid list", tools));
        return Vec::new();
    };
    let mut all = Vec::with_capacity(tools.len());
    for (index, tool) in tools.iter().enumerate() {
        let loc = |key: &str| vec!["tools".into(), Loc::Index(index), key.into()];
        let Some(function) = tool.get("function") else {
            fields.problem(Problem::new("missing", loc("function"), "Field required", tool));
            continue;
        };
        if !function.get("name").is_some_and(Value::is_string) {
            let mut loc = loc("function");
            loc.push("name".into());
            let problem = match function.get("name") {
                None => Problem::new("missing", loc, "Field required", function),
                Some(name) => Problem::new("string_type", loc, "Input should be a valid string", name),
            };
            fields.problem(problem);
            continue;
        }
        if let Some(kind) = tool.get("type").filter(|kind| *kind != "function") {
            let problem = Problem::new("literal_error", loc("type"), "Input should be 'function'", kind);
            fields.problem(Problem { context: Some("'expected': \"'function'\"".to_owned()), ..problem });
        }
        let function = dumped(
            parsing,
            function,
            &[("name", Value::Null), ("description", Value::Null), ("parameters", Value::Null)],
        );
        let mut tool = dumped(parsing, tool, &[("type", "function".into()), ("function", Value::Null)]);
        if let Some(slot) = tool.get_mut("function") {
            *slot = function;
        }
        all.push(tool);
    }
    all
}

/// Members that newer versions dump when they are not null.
const OPTIONAL: [&str; 2] = ["strict", "defer_loading"];

/// The object with these members first, absent ones at their default, and its others behind them; newer versions drop what they do not
/// know.
fn dumped(parsing: ReplyParsing, object: &Value, members: &[(&str, Value)]) -> Value {
    let mut dumped = Map::new();
    for (key, default) in members {
        dumped.insert((*key).to_owned(), object.get(*key).unwrap_or(default).clone());
    }
    for (key, value) in object.as_object().into_iter().flatten() {
        let known = OPTIONAL.contains(&key.as_str()) && !value.is_null();
        if parsing == ReplyParsing::Separate || known {
            dumped.entry(key.as_str()).or_insert_with(|| value.clone());
        }
    }
    Value::Object(dumped)
}

/// `ChatCompletionRequest.check_tool_usage`.
pub(super) fn check_tool_usage(rules: &Rules<'_>, empty: EmptyTools) -> Result<(), ApiError> {
    let tools = rules.get("tools");
    if empty == EmptyTools::Refused && tools.and_then(Value::as_array).is_some_and(Vec::is_empty) {
        let message =
            "`tools` must not be an empty array. Either provide at least one tool or omit the field entirely.";
        return rules.refuse("tools", message);
    }
    let Some(choice) = rules.get("tool_choice").filter(|choice| *choice != "none") else { return Ok(()) };
    let Some(tools) = tools else {
        return rules.refuse("tool_choice", "When using `tool_choice`, `tools` must be set.");
    };
    let function = match choice {
        Value::Object(choice) => choice.get("function"),
        Value::String(choice) if choice == "auto" || choice == "required" => return Ok(()),
        other => {
            let said = other.as_str().map_or_else(|| repr(other), str::to_owned);
            let message = format!(
                "Invalid value for `tool_choice`: {said}! Only named tools, \"none\", \"auto\" or \"required\" are supported."
            );
            return rules.refuse("tool_choice", &message);
        }
    };
    let Some(Value::Object(function)) = function else {
        let said = repr(function.unwrap_or(&Value::Null));
        return rules.refuse(
            "tool_choice.function",
            &format!("Invalid value for `function`: `{said}` in `tool_choice`! {USAGE}"),
        );
    };
    let Some(name) = function.get("name") else {
        let message = format!("Expected field `name` in `function` in `tool_choice`! {USAGE}");
        return rules.refuse("tool_choice.function.name", &message);
    };
    if name.as_str().is_none_or(str::is_empty) {
        let said = name.as_str().map_or_else(|| repr(name), str::to_owned);
        let message = format!("Invalid `name` in `function`: `{said}` in `tool_choice`! {USAGE}");
        return rules.refuse("tool_choice.function.name", &message);
    }
    let is_there = |tool: &Value| tool.pointer("/function/name") == Some(name);
    if tools.as_array().is_some_and(|tools| tools.iter().any(is_there)) {
        return Ok(());
    }
    rules.refuse("tool_choice", "The tool specified in `tool_choice` does not match any of the specified `tools`")
}
