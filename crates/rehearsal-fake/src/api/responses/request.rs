//! The body of `/v1/responses`: read and checked as pydantic does, and made the body of a chat.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    echo,
    tools::{chat_tool_choice, chat_tools, echoed},
};
use crate::{
    api::{
        chat_request::ChatRequest,
        error::ApiError,
        fields::Fields,
        limits::Wanted,
        rules::Rules,
        sampling::Sampling,
        validation::{Handler, Loc, Problem, invalid},
    },
    version::{Overflow, ShapeName, ToollessChoice, Wire},
};

/// The route.
pub(super) const RESPONSES: Handler = Handler { path: "/v1/responses", function: "create_responses", line: 328 };

/// What a request may ask to have included.
const INCLUDABLE: [&str; 6] = [
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
    "file_search_call.results",
    "message.input_image.image_url",
    LOGPROBS,
    "reasoning.encrypted_content",
];

const LOGPROBS: &str = "message.output_text.logprobs";

/// A response as asked for.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the names and types of vLLM's request fields")]
pub(super) struct ResponsesRequest {
    pub(super) model: Option<String>,
    pub(super) id: Option<String>,
    pub(super) input: Value,
    pub(super) instructions: Option<String>,
    pub(super) previous: Option<String>,
    pub(super) streams: bool,
    pub(super) stores: bool,
    pub(super) background: bool,
    pub(super) max_output_tokens: Option<i64>,
    /// Alternatives of each token's log probability, if they are asked for.
    pub(super) top_logprobs: Option<i64>,
    pub(super) tools: Vec<Value>,
    /// What the answer repeats.
    pub(super) echo: BTreeMap<&'static str, Value>,
    truncates: bool,
    priority: i64,
    /// The members that the chat has under the same name.
    shared: Map<String, Value>,
}

impl ResponsesRequest {
    /// Reads the body: first the rules about several fields, then each field.
    pub(super) fn read(wire: &Wire, mut body: Map<String, Value>) -> Result<Self, ApiError> {
        check_rules(wire, &mut body)?;
        let body = &body;
        let mut fields = Fields::new(body, wire.features.coercion);
        let background = fields.bool("background").unwrap_or(false);
        let includes_logprobs = read_include(&mut fields);
        let input = read_input(&mut fields, body);
        let instructions = fields.string("instructions").map(str::to_owned);
        let max_output_tokens = fields.int("max_output_tokens");
        let max_tool_calls = fields.int("max_tool_calls");
        let metadata = read_metadata(&mut fields);
        let model = fields.string("model").map(str::to_owned);
        let parallel_tool_calls = fields.bool("parallel_tool_calls").unwrap_or(true);
        let previous = fields.string("previous_response_id").map(str::to_owned);
        let reasoning = echo::reasoning(wire, fields.object("reasoning"));
        let service_tier = read_word(&mut fields, "service_tier", &["auto", "default", "flex", "scale", "priority"]);
        let stores = fields.bool("store").unwrap_or(true);
        let streams = fields.bool("stream").unwrap_or(false);
        let (temperature, top_p) = echo::sampled(fields.float("temperature"), fields.float("top_p"));
        let text = echo::text(wire, fields.object("text"));
        let tools = read_tools(&mut fields);
        let top_logprobs = fields.int("top_logprobs").unwrap_or(0);
        let truncation = read_word(&mut fields, "truncation", &["auto", "disabled"]);
        let user = fields.string("user");
        let tool_choice = fields.value("tool_choice").cloned().unwrap_or_else(|| "auto".into());
        let shared = read_shared(wire, &mut fields, body);
        let penalty = |key: &str| shared.get(key).and_then(Value::as_f64).unwrap_or(0.0);
        let top_logprobs = includes_logprobs.then_some(top_logprobs);
        let echo = BTreeMap::from([
            ("instructions", instructions.as_deref().into()),
            ("metadata", metadata),
            ("parallel_tool_calls", parallel_tool_calls.into()),
            ("temperature", temperature.into()),
            ("tool_choice", echo::tool_choice(&tool_choice)),
            ("tools", echoed(wire, &tools).into()),
            ("top_p", top_p.into()),
            ("background", background.into()),
            ("max_tool_calls", max_tool_calls.into()),
            ("previous_response_id", previous.as_deref().into()),
            ("reasoning", reasoning),
            ("service_tier", service_tier.unwrap_or("auto").into()),
            ("text", text),
            ("top_logprobs", top_logprobs.into()),
            ("truncation", truncation.unwrap_or("disabled").into()),
            ("user", user.into()),
            ("presence_penalty", penalty("presence_penalty").into()),
            ("frequency_penalty", penalty("frequency_penalty").into()),
        ]);
        let request = Self {
            model,
            id: fields.string("request_id").map(str::to_owned),
            input,
            instructions,
            previous,
            streams,
            stores,
            background,
            max_output_tokens,
            top_logprobs,
            tools,
            echo,
            truncates: truncation == Some("auto"),
            priority: fields.int("priority").unwrap_or(0),
            shared,
        };
        let problems = fields.into_problems();
        if problems.is_empty() { Ok(request) } else { Err(invalid(&wire.features, RESPONSES, &problems)) }
    }

    /// The chat that answers, with these messages.
    pub(super) fn chat(&self, wire: &Wire, messages: Vec<Value>) -> Result<ChatRequest, ApiError> {
        let mut body = self.shared.clone();
        let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
        put("messages", messages.into());
        put("priority", self.priority.into());
        if self.truncates {
            put("truncate_prompt_tokens", Value::from(-1));
        }
        let tools = chat_tools(wire, &self.tools);
        if !tools.is_empty() {
            put("tools", tools.clone().into());
            put("tool_choice", chat_tool_choice(self.echo.get("tool_choice").unwrap_or(&Value::Null)));
        }
        let continues = super::input::continues_last(&self.input);
        put("continue_final_message", continues.into());
        put("add_generation_prompt", (!continues).into());
        let mut chat = ChatRequest::read(&wire.features, &body)?;
        if !tools.is_empty() {
            chat.render.tools = Some(tools.into());
        }
        chat.top_logprobs = self.top_logprobs.unwrap_or(0);
        // older versions take the smaller of what is asked for and what fits; newer ones refuse what no prompt would leave
        chat.wanted = match wire.features.max_tokens_overflow {
            Overflow::Refused => None,
            Overflow::Clamped => self.max_output_tokens.map(|tokens| Wanted { tokens, field: "max_output_tokens" }),
        };
        Ok(chat)
    }
}

/// The validators of `ResponsesRequest` with `mode="before"`, the last one first.
fn check_rules(wire: &Wire, body: &mut Map<String, Value>) -> Result<(), ApiError> {
    if wire.features.responses_toolless_choice == ToollessChoice::None {
        check_tools(wire, body)?;
    }
    let rules = Rules::new(&wire.features, RESPONSES, body);
    rules.cache_salt()?;
    if rules.get("prompt").is_some() {
        rules.refuse("prompt", "prompt template is not supported")?;
    }
    let is_true = |value: &Value| value.as_bool().unwrap_or(true);
    if rules.get("background").is_some_and(is_true) && body.get("store").is_some_and(|store| !is_true(store)) {
        rules.refuse("background", "background can only be used when `store` is true")?;
    }
    Ok(())
}

/// Without tools the choice is `none`, and a choice of a tool is refused, as is one of a tool that is not there.
fn check_tools(wire: &Wire, body: &mut Map<String, Value>) -> Result<(), ApiError> {
    const NOT_FOUND: &str = "Tool choice 'function' not found in 'tools' parameter.";
    let tools = body.get("tools").and_then(Value::as_array).cloned().unwrap_or_default();
    let choice = body.get("tool_choice").cloned().unwrap_or_else(|| "auto".into());
    let rules = Rules::new(&wire.features, RESPONSES, body);
    let named = choice.get("type").is_some_and(|kind| kind == "function");
    if named {
        let name = choice.get("name");
        let known = name.is_some() && tools.iter().any(|tool| tool.get("name") == name);
        return if known { Ok(()) } else { rules.refuse("tool_choice", NOT_FOUND) };
    }
    if tools.is_empty() && choice == "required" {
        return rules.refuse("tool_choice", "Tool choice 'required' must be specified with 'tools' parameter.");
    }
    if tools.is_empty() && (choice == "auto" || choice == "none") {
        body.insert("tool_choice".to_owned(), "none".into());
    }
    Ok(())
}

fn read_include(fields: &mut Fields<'_>) -> bool {
    let included = fields.strings("include").unwrap_or_default();
    for (index, word) in included.iter().enumerate().filter(|(_, word)| !INCLUDABLE.contains(&word.as_str())) {
        let loc = vec!["include".into(), Loc::Index(index)];
        fields.problem(Problem::literal(loc, &INCLUDABLE, &word.as_str().into()));
    }
    included.iter().any(|word| word == LOGPROBS)
}

/// A text or a list of items.
fn read_input(fields: &mut Fields<'_>, body: &Map<String, Value>) -> Value {
    const KEY: &str = "input";
    const ITEMS: Loc = Loc::Variant("list[union[EasyInputMessageParam,Message,...]]");
    let Some(input) = body.get(KEY) else {
        fields.problem(Problem::missing(KEY, &Value::Object(body.clone())));
        return Value::Null;
    };
    let no_text =
        || Problem::new("string_type", vec![KEY.into(), Loc::Variant("str")], "Input should be a valid string", input);
    match input {
        Value::String(_) => {}
        Value::Array(items) => {
            let wrong = items.iter().enumerate().filter(|(_, item)| !item.is_object());
            let mut problems: Vec<Problem> = wrong
                .map(|(index, item)| {
                    let loc = vec![KEY.into(), ITEMS, Loc::Index(index)];
                    Problem::new("dict_type", loc, "Input should be a valid dictionary", item)
                })
                .collect();
            if !problems.is_empty() {
                problems.insert(0, no_text());
            }
            fields.problems(problems);
        }
        other => {
            fields.problem(no_text());
            fields.problem(Problem::new("list_type", vec![KEY.into(), ITEMS], "Input should be a valid list", other));
        }
    }
    input.clone()
}

/// Texts by name.
fn read_metadata(fields: &mut Fields<'_>) -> Value {
    const KEY: &str = "metadata";
    let Some(metadata) = fields.value(KEY) else { return Value::Null };
    let Some(members) = metadata.as_object() else {
        fields.problem(Problem::new("dict_type", vec![KEY.into()], "Input should be a valid dictionary", metadata));
        return Value::Null;
    };
    for (name, value) in members.iter().filter(|(_, value)| !value.is_string()) {
        let loc = vec![KEY.into(), name.as_str().into()];
        fields.problem(Problem::new("string_type", loc, "Input should be a valid string", value));
    }
    metadata.clone()
}

fn read_word<'a>(fields: &mut Fields<'a>, key: &str, words: &[&str]) -> Option<&'a str> {
    let value = fields.value(key)?;
    let word = value.as_str().filter(|word| words.contains(word));
    if word.is_none() {
        fields.problem(Problem::literal(vec![key.into()], words, value));
    }
    word
}

fn read_tools(fields: &mut Fields<'_>) -> Vec<Value> {
    const KEY: &str = "tools";
    let tools = match fields.value(KEY) {
        None => return Vec::new(),
        Some(Value::Array(tools)) => tools,
        Some(other) => {
            fields.problem(Problem::new("list_type", vec![KEY.into()], "Input should be a valid list", other));
            return Vec::new();
        }
    };
    for (index, tool) in tools.iter().enumerate() {
        let at = |rest: &str| vec![KEY.into(), Loc::Index(index), rest.into()];
        match tool.get("type") {
            Some(kind) if kind == "function" && tool.get("name").is_none() => {
                fields.problem(Problem::new("missing", at("name"), "Field required", tool));
            }
            Some(_) => {}
            None => fields.problem(Problem::new("missing", at("type"), "Field required", tool)),
        }
    }
    tools.clone()
}

/// The members that a chat has too, as far as the version takes them here. Their types are checked here, where the route is known.
fn read_shared(wire: &Wire, fields: &mut Fields<'_>, body: &Map<String, Value>) -> Map<String, Value> {
    let mut shared = Map::new();
    for slot in &wire.shapes.get(ShapeName::ResponsesFields).slots {
        shared.extend(body.get(&slot.key).map(|value| (slot.key.clone(), value.clone())));
    }
    let mut own = Fields::new(&shared, wire.features.coercion);
    Sampling::read(&mut own, &wire.features);
    // the answer repeats these: they are read, and complained about, already
    let is_new =
        |problem: &Problem| !["temperature", "top_p"].iter().any(|key| problem.loc.first() == Some(&Loc::from(*key)));
    fields.problems(own.into_problems().into_iter().filter(is_new));
    for key in ["cache_salt", "chat_template_kwargs"] {
        shared.extend(body.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    fields.object("chat_template_kwargs");
    shared
}
