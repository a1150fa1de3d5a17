//! The body of `/v1/chat/completions`, read and checked.

use serde_json::{Map, Value};

use super::{
    beam_search::Beams,
    context::Context,
    error::ApiError,
    fields::Fields,
    limits::{Truncation, Wanted, read_truncation},
    logprobs::{self, TokenNames},
    message_schema,
    options::FrontendOptions,
    rules::Rules,
    sampling::Sampling,
    stream_options::{StreamRequest, read_stream, with_interval},
    structured::{StructuredRequest, check_schema},
    tool_request::{ToolRequest, check_tool_usage},
    validation::{Handler, Problem, invalid},
};
use crate::{
    chat_template::RenderOptions,
    tools::Reading,
    version::{Coercion, Features, NullMessages, SeveralChoices, ZeroMaxCompletionTokens},
};

/// The route of this request.
pub(super) const CHAT: Handler =
    Handler { path: "/v1/chat/completions", function: "create_chat_completion", line: 477 };

/// A chat as asked for.
#[derive(Clone, Debug)]
pub(super) struct ChatRequest {
    pub(super) model: Option<String>,
    pub(super) messages: Value,
    pub(super) sampling: Sampling,
    pub(super) wanted: Option<Wanted>,
    pub(super) stream: Option<StreamRequest>,
    pub(super) logprobs: Option<logprobs::Wanted>,
    /// `top_logprobs` as sent, for its limit.
    pub(super) top_logprobs: i64,
    pub(super) prompt_logprobs: Option<i64>,
    pub(super) return_token_ids: bool,
    pub(super) truncation: Truncation,
    pub(super) cache_salt: Option<String>,
    pub(super) priority: i32,
    pub(super) render: RenderOptions,
    pub(super) echo: bool,
    pub(super) beams: Option<Beams>,
    pub(super) tools: ToolRequest,
    pub(super) own_template: bool,
    pub(super) structured: StructuredRequest,
    pub(super) mm_processor_kwargs: Option<Map<String, Value>>,
    response_format: Value,
}

impl ChatRequest {
    /// Reads the body: first the rules about several fields, then each field, as pydantic does.
    pub(super) fn read(features: &Features, body: &Map<String, Value>) -> Result<Self, ApiError> {
        check_rules(features, body)?;
        let mut fields = Fields::new(body, features.coercion);
        let messages = read_messages(features, &mut fields, body);
        let wanted = read_max_tokens(features, &mut fields);
        let chatty = fields.bool("logprobs").unwrap_or(false);
        let top_logprobs = fields.int("top_logprobs").unwrap_or(0);
        let names = match fields.bool("return_tokens_as_token_ids") {
            Some(true) => TokenNames::Ids,
            _ => TokenNames::Text,
        };
        let stream = read_stream(&mut fields);
        let request = Self {
            model: fields.string("model").map(str::to_owned),
            messages,
            sampling: Sampling::read(&mut fields, features),
            wanted,
            stream: with_interval(features, &mut fields, stream),
            logprobs: chatty.then(|| logprobs::Wanted { top: u32::try_from(top_logprobs).unwrap_or(0), names }),
            top_logprobs,
            prompt_logprobs: fields.int("prompt_logprobs"),
            return_token_ids: fields.bool("return_token_ids").unwrap_or(false),
            truncation: read_truncation(features, &mut fields),
            cache_salt: fields.string("cache_salt").map(str::to_owned),
            priority: fields.int("priority").and_then(|priority| i32::try_from(priority).ok()).unwrap_or(0),
            render: RenderOptions {
                add_generation_prompt: fields.bool("add_generation_prompt").unwrap_or(true),
                continue_final_message: fields.bool("continue_final_message").unwrap_or(false),
                tools: None,
                kwargs: fields.object("chat_template_kwargs").cloned().unwrap_or_default(),
            },
            echo: fields.bool("echo").unwrap_or(false),
            beams: Beams::read(features, &mut fields),
            tools: ToolRequest::read(&mut fields, features, body),
            structured: StructuredRequest::read(&mut fields, features),
            response_format: fields.value("response_format").cloned().unwrap_or_default(),
            own_template: fields.value("chat_template").is_some(),
            mm_processor_kwargs: fields.object("mm_processor_kwargs").cloned(),
        };
        read_reasoning_effort(&mut fields, &features.reasoning_efforts);
        let problems = fields.into_problems();
        if problems.is_empty() { Ok(request) } else { Err(invalid(features, CHAT, &problems)) }
    }

    /// What the server refuses before it renders the prompt.
    pub(super) fn check(&self, features: &Features, options: &FrontendOptions) -> Result<(), ApiError> {
        if features.several_choices == SeveralChoices::Refused && self.sampling.n.is_some_and(|n| n != 1) {
            return Err(ApiError::bad_request("Only n=1 is supported."));
        }
        self.sampling.check_sequences(1)?;
        self.tools.check(features, options)?;
        check_schema(&self.response_format)?;
        if self.own_template {
            return Err(ApiError::bad_request(
                "Chat template is passed with request, but --trust-request-chat-template is not set. Refused request with untrusted chat \
                 template.",
            ));
        }
        Ok(())
    }
}

impl ChatRequest {
    /// How replies to this chat, whose prompt is this text, are read.
    pub(super) fn reading(&self, context: &Context, prompt: &str) -> Reading {
        let (features, options) = (context.features(), &context.app.frontend);
        let reading = self.tools.reading(features, options, &self.render.kwargs, prompt);
        reading.with_tag_tokens(&context.app.tokenizer)
    }
}

/// The validators of `ChatCompletionRequest` with `mode="before"`.
fn check_rules(features: &Features, body: &Map<String, Value>) -> Result<(), ApiError> {
    let rules = Rules::new(features, CHAT, body);
    if rules.structured_members().is_err() {
        // the validator of tools runs before the one that fails at this
        check_tool_usage(&rules, features.empty_tools)?;
        rules.structured_members()?;
    }
    rules.numbers(["prompt_logprobs", "top_logprobs"])?;
    rules.streaming()?;
    if let Some(top) = rules.get("top_logprobs").and_then(Value::as_i64) {
        if top < -1 {
            return rules.refuse_value("top_logprobs", top, "`top_logprobs` must be a positive value or -1.");
        }
        if (0 < top || top == -1) && rules.get("logprobs") != Some(&Value::Bool(true)) {
            return rules.refuse("top_logprobs", "when using `top_logprobs`, `logprobs` must be set to true.");
        }
    }
    check_tool_usage(&rules, features.empty_tools)?;
    rules.schema()?;
    rules.one_constraint()?;
    check_messages(features, body)?;
    rules.cache_salt()
}

/// A validator walks over the messages before their type is checked.
fn check_messages(features: &Features, body: &Map<String, Value>) -> Result<(), ApiError> {
    let kind = match (features.null_messages, body.get("messages")) {
        (NullMessages::NoList, _) | (_, None) => return Ok(()),
        (_, Some(Value::Null)) => "NoneType",
        (_, Some(Value::Bool(_))) => "bool",
        (_, Some(Value::Number(number))) if number.is_f64() => "float",
        (_, Some(Value::Number(_))) => "int",
        _ => return Ok(()),
    };
    Err(ApiError::bad_request(format!("'{kind}' object is not iterable")))
}

fn read_reasoning_effort(fields: &mut Fields<'_>, efforts: &str) {
    let efforts: Vec<&str> = efforts.split_whitespace().collect();
    let known = |value: &Value| value.as_str().is_some_and(|effort| efforts.contains(&effort));
    if let Some(value) = fields.value("reasoning_effort").filter(|value| !known(value)) {
        let expected = one_of(&efforts);
        let message = format!("Input should be {expected}");
        let problem = Problem::new("literal_error", vec!["reasoning_effort".into()], message, value);
        fields.problem(Problem { context: Some(format!("'expected': \"{expected}\"")), ..problem });
    }
}

/// `'a', 'b' or 'c'`, as pydantic lists what it takes.
fn one_of(values: &[&str]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn read_messages(features: &Features, fields: &mut Fields<'_>, body: &Map<String, Value>) -> Value {
    match body.get("messages") {
        Some(messages @ Value::Array(all)) => {
            for (index, message) in all.iter().enumerate() {
                if features.coercion == Coercion::Lax {
                    for problem in message_schema::problems(index, message) {
                        fields.problem(problem);
                    }
                } else if !message.get("role").is_some_and(Value::is_string) {
                    let loc = vec!["messages".into(), super::validation::Loc::Index(index), "role".into()];
                    fields.problem(Problem::new("missing", loc, "Field required", message));
                }
            }
            messages.clone()
        }
        Some(other) => {
            fields.problem(Problem::new("list_type", vec!["messages".into()], "Input should be a valid list", other));
            Value::Null
        }
        None => {
            fields.problem(Problem::missing("messages", &Value::Object(body.clone())));
            Value::Null
        }
    }
}

fn read_max_tokens(features: &Features, fields: &mut Fields<'_>) -> Option<Wanted> {
    let older = fields.int("max_tokens").map(|tokens| Wanted { tokens, field: "max_tokens" });
    let newer = fields.int("max_completion_tokens").map(|tokens| Wanted { tokens, field: "max_completion_tokens" });
    let ignored = features.zero_max_completion_tokens == ZeroMaxCompletionTokens::Ignored;
    newer.filter(|wanted| wanted.tokens != 0 || !ignored).or(older)
}
