//! Rules about several fields of a body (pydantic's validators with `mode="before"`): those that chats and completions share, and how a
//! broken one is answered.

use serde_json::{Map, Value};

use super::{
    error::ApiError,
    python::{python_type, repr},
    structured::{ONE_CONSTRAINT, constraints, lacks_schema},
    validation::{Handler, Rule, broken_rule},
};
use crate::version::{Features, InternalErrors, LogprobTypes, MissingSchema};

/// A body under examination.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    features: &'a Features,
    handler: Handler,
    body: &'a Map<String, Value>,
}

impl<'a> Rules<'a> {
    pub(super) fn new(features: &'a Features, handler: Handler, body: &'a Map<String, Value>) -> Self {
        Self { features, handler, body }
    }

    /// A field that is there and not null.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.body.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn refuse(&self, param: &str, message: &str) -> Result<(), ApiError> {
        self.broken(Rule { param: Some(param), value: None, message })
    }

    pub(super) fn refuse_value(&self, param: &str, value: i64, message: &str) -> Result<(), ApiError> {
        self.broken(Rule { param: Some(param), value: Some(value), message })
    }

    fn broken(&self, rule: Rule<'_>) -> Result<(), ApiError> {
        Err(broken_rule(self.features, self.handler, rule, &Value::Object(self.body.clone())))
    }

    /// Fields that a validator compares with numbers before their types are checked.
    pub(super) fn numbers(&self, keys: [&str; 2]) -> Result<(), ApiError> {
        let is_number = |value: &Value| value.is_number() || value.is_boolean();
        let wrong = keys.into_iter().find_map(|key| Some((key, self.get(key).filter(|value| !is_number(value))?)));
        let Some((key, value)) = wrong else { return Ok(()) };
        if self.features.logprob_types == LogprobTypes::Unchecked {
            let sign = if key == "prompt_logprobs" && self.streams() { '>' } else { '<' };
            let kind = python_type(value);
            return Err(self.exception(&format!("'{sign}' not supported between instances of '{kind}' and 'int'")));
        }
        // `f"{value}"` of a text has no quotes
        let value = value.as_str().map_or_else(|| repr(value), str::to_owned);
        Err(ApiError::bad_value(self.features, key, &value, &format!("`{key}` must be an integer.")))
    }

    fn streams(&self) -> bool {
        self.get("stream").is_some_and(|stream| *stream != Value::Bool(false))
    }

    /// An exception of Python's that no validator expects: the endpoint of old releases, which answers for
    /// its own, does not see it, and the last handler of newer ones does.
    fn exception(&self, message: &str) -> ApiError {
        match self.features.internal_errors {
            InternalErrors::Caught => ApiError::Uncaught,
            InternalErrors::Uncaught => ApiError::internal(message),
        }
    }

    /// What only a stream may have, and what it may not.
    pub(super) fn streaming(&self) -> Result<(), ApiError> {
        let streams = self.streams();
        let has_options = match self.get("stream_options") {
            Some(Value::Object(options)) => !options.is_empty(),
            other => other.is_some(),
        };
        if has_options && !streams {
            return self.refuse("stream_options", "Stream options can only be defined when `stream=True`.");
        }
        let Some(prompt_logprobs) = self.get("prompt_logprobs").and_then(Value::as_i64) else { return Ok(()) };
        if streams && (0 < prompt_logprobs || prompt_logprobs == -1) {
            return self.refuse("prompt_logprobs", "`prompt_logprobs` are not available when `stream=True`.");
        }
        if prompt_logprobs < -1 {
            let message = "`prompt_logprobs` must be a positive value or -1.";
            return self.refuse_value("prompt_logprobs", prompt_logprobs, message);
        }
        Ok(())
    }

    /// A JSON schema, where one is asked for.
    pub(super) fn schema(&self) -> Result<(), ApiError> {
        let lacks = self.get("response_format").is_some_and(lacks_schema);
        if lacks && self.features.missing_schema == MissingSchema::Refused {
            let message = "When response_format type is 'json_schema', the 'json_schema' field must be provided.";
            return self.refuse("response_format", message);
        }
        Ok(())
    }

    /// A validator asks for the members of `structured_outputs` before its type is checked (`check_structured_outputs_count`).
    ///
    /// Seen on real servers on 2026-11-24: 0.13.0 answers 500 in plain text, 0.32.0 with this message.
    pub(super) fn structured_members(&self) -> Result<(), ApiError> {
        match self.get("structured_outputs").filter(|value| !value.is_object()) {
            Some(value) => Err(self.exception(&format!("'{}' object has no attribute 'get'", python_type(value)))),
            None => Ok(()),
        }
    }

    /// One constraint on the text at most.
    pub(super) fn one_constraint(&self) -> Result<(), ApiError> {
        self.structured_members()?;
        if 1 < constraints(self.body) {
            // chats raise a bare ValueError (`entrypoints/openai/chat_completion/protocol.py`)
            let param = (self.handler.path == "/v1/completions").then_some("structured_outputs");
            return self.broken(Rule { param, value: None, message: ONE_CONSTRAINT });
        }
        Ok(())
    }

    /// A salt, if there is one, is a text.
    pub(super) fn cache_salt(&self) -> Result<(), ApiError> {
        if self.get("cache_salt").is_some_and(|salt| salt.as_str().is_none_or(str::is_empty)) {
            return self.refuse("cache_salt", "Parameter 'cache_salt' must be a non-empty string if provided.");
        }
        Ok(())
    }
}
