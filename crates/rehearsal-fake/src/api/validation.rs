//! Validation errors, worded as pydantic and `FastAPI` word them in the version answered as.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    error::ApiError,
    python::{repr, str_repr},
    python_json::Beyond,
};
use crate::version::{ErrorCode, Features, PydanticErrors};

/// Where a route's handler stands in vLLM's source: validation errors of old versions say it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handler {
    pub(super) path: &'static str,
    pub(super) function: &'static str,
    /// Line of `vllm/entrypoints/utils.py`, as recorded from 0.13.0.
    pub(super) line: u32,
}

/// The path of that file in the image `vllm/vllm-openai`.
const SOURCE_FILE: &str = "/usr/local/lib/python3.12/dist-packages/vllm/entrypoints/utils.py";

/// How many problems newer versions name, and how much of each (`entrypoints/serve/exception_handling/handlers/validation.py` of 0.32.0).
const MAX_PROBLEMS: usize = 10;
const MAX_PROBLEM_CHARS: usize = 1000;
const MAX_INPUT_CHARS: usize = 200;

/// A text cut to so many characters, and said to be.
fn bounded(text: &str, max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max) {
        Some((end, _)) => Cow::Owned(format!("{}...[truncated]", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// One element of the path to the value at fault.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Loc {
    Key(String),
    Index(usize),
    /// A variant of a field's type, which only old versions tell.
    Variant(&'static str),
}

impl From<&str> for Loc {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

/// One of pydantic's errors.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    pub(super) kind: &'static str,
    /// Below `body`.
    pub(super) loc: Vec<Loc>,
    pub(super) message: String,
    pub(super) input: Value,
    /// The inside of `ctx`, as Python writes it.
    pub(super) context: Option<String>,
}

impl Problem {
    /// A value of the wrong kind.
    pub(super) fn new(kind: &'static str, loc: Vec<Loc>, message: impl Into<String>, input: &Value) -> Self {
        Self { kind, loc, message: message.into(), input: input.clone(), context: None }
    }

    /// A required key that is absent from `object`.
    pub(super) fn missing(key: &str, object: &Value) -> Self {
        Self::new("missing", vec![key.into()], "Field required", object)
    }

    /// A value that is none of those that the field takes.
    pub(super) fn literal(loc: Vec<Loc>, expected: &[&str], input: &Value) -> Self {
        let quoted: Vec<String> = expected.iter().map(|value| format!("'{value}'")).collect();
        let expected = match quoted.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        };
        let problem = Self::new("literal_error", loc, format!("Input should be {expected}"), input);
        Self { context: Some(format!("'expected': {}", str_repr(&expected))), ..problem }
    }

    /// A value that a field's own validator refuses.
    pub(super) fn value(loc: Vec<Loc>, message: &str, input: &Value) -> Self {
        let problem = Self::new("value_error", loc, format!("Value error, {message}"), input);
        Self { context: Some(format!("'error': ValueError({})", str_repr(message))), ..problem }
    }

    /// A rule about several fields; the whole body is its input.
    fn rule(message: &str, body: &Value) -> Self {
        let problem = Self::new("value_error", Vec::new(), format!("Value error, {message}"), body);
        Self { context: Some(format!("'error': ValueError({})", str_repr(message))), ..problem }
    }

    /// `{'type': …}` as Python prints it.
    fn quoted(&self) -> String {
        let mut loc = vec![str_repr("body")];
        loc.extend(self.loc.iter().map(|loc| match loc {
            Loc::Key(key) => str_repr(key),
            Loc::Index(index) => index.to_string(),
            Loc::Variant(variant) => str_repr(variant),
        }));
        let loc = if loc.len() == 1 { format!("({},)", loc.concat()) } else { format!("({})", loc.join(", ")) };
        self.written(&loc, &repr(&self.input))
    }

    /// The same as newer versions print it: a dotted path, and no container's contents.
    fn brief(&self) -> String {
        let input = match &self.input {
            Value::Object(fields) => str_repr(&format!("<dict of {} items>", fields.len())),
            Value::Array(items) => str_repr(&format!("<list of {} items>", items.len())),
            Value::String(text) => {
                let text = Beyond::parse(text).map_or(text.as_str(), Beyond::repr);
                str_repr(&bounded(text, MAX_INPUT_CHARS))
            }
            other => str_repr(&bounded(&repr(other), MAX_INPUT_CHARS)),
        };
        bounded(&self.written(&str_repr(&self.path()), &input), MAX_PROBLEM_CHARS).into_owned()
    }

    fn written(&self, loc: &str, input: &str) -> String {
        let Self { kind, message, context, .. } = self;
        let context = context.as_ref().map_or_else(String::new, |context| format!(", 'ctx': {{{context}}}"));
        format!("{{'type': '{kind}', 'loc': {loc}, 'msg': {}, 'input': {input}{context}}}", str_repr(message))
    }

    fn path(&self) -> String {
        let mut path = "body".to_owned();
        for loc in &self.loc {
            match loc {
                Loc::Key(key) => path.extend([".", key]),
                Loc::Index(index) => path.extend([".", &index.to_string()]),
                Loc::Variant(_) => {}
            }
        }
        path
    }
}

/// The answer to a body that does not fit the request's type.
pub(super) fn invalid(features: &Features, handler: Handler, problems: &[Problem]) -> ApiError {
    let Some(first) = problems.first() else { return ApiError::invalid_body("the body is invalid") };
    if features.error_code == ErrorCode::Name {
        let field = first.path().trim_start_matches("body").trim_start_matches('.').to_owned();
        let field = if field.is_empty() { field } else { format!("{field}: ") };
        return ApiError::invalid_body(format!(
            "Failed to deserialize the JSON body into the target type: {field}{}",
            first.message
        ));
    }
    let count = problems.len();
    let plural = if count == 1 { "" } else { "s" };
    let write = |write: fn(&Problem) -> String| problems.iter().map(write).collect::<Vec<_>>();
    match features.pydantic_errors {
        PydanticErrors::Quoted => {
            let quoted = write(Problem::quoted);
            let Handler { path, function, line } = handler;
            let (lines, list) = (quoted.join("\n  "), quoted.join(", "));
            let message = format!(
                "{count} validation error{plural}:\n  {lines}\n\n  File \"{SOURCE_FILE}\", line {line}, in {function}\n    POST {path} [{list}]"
            );
            ApiError::invalid_body(message).about(&first.path())
        }
        PydanticErrors::Brief => {
            let mut lines = write(Problem::brief);
            if MAX_PROBLEMS < count {
                lines.truncate(MAX_PROBLEMS);
                lines.push(format!("...and {} more errors", count - MAX_PROBLEMS));
            }
            let lines = lines.join("\n  ");
            ApiError::invalid_body(format!("{count} validation error{plural}:\n  {lines}")).about(&first.path())
        }
    }
}

/// A rule about several fields that a body breaks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule<'a> {
    /// The field that newer versions name, if they name one.
    pub(super) param: Option<&'a str>,
    /// Its value, where they tell it.
    pub(super) value: Option<i64>,
    pub(super) message: &'a str,
}

/// The answer to a body that breaks a rule about several of its fields.
pub(super) fn broken_rule(features: &Features, handler: Handler, rule: Rule<'_>, body: &Value) -> ApiError {
    let Rule { param, value, message } = rule;
    match features.pydantic_errors {
        PydanticErrors::Quoted => {
            let error = invalid(features, handler, &[Problem::rule(message, body)]);
            param.map_or(error.clone(), |param| error.about(param))
        }
        PydanticErrors::Brief if features.error_code == ErrorCode::Name => ApiError::bad_request(message),
        PydanticErrors::Brief => match (param, value) {
            (None, _) => ApiError::bad_request(message),
            (Some(param), None) => ApiError::bad_field(param, format!("{message} (parameter={param})")),
            (Some(param), Some(value)) => ApiError::bad_value(features, param, &value.to_string(), message),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::version::Wire;

    const HANDLER: Handler = Handler { path: "/v1/completions", function: "create_completion", line: 518 };

    #[track_caller]
    fn check(version: &str, expect: &str) {
        let wire = Wire::of(version.parse().unwrap()).unwrap();
        let problem = Problem::new("float_parsing", vec!["temperature".into()], "no number", &json!("hot"));
        let Some(error) = invalid(&wire.features, HANDLER, &[problem]).json(&wire.features) else {
            panic!("an object")
        };
        assert_eq!(error["error"]["message"], expect);
    }

    #[test]
    fn newer_versions_name_ten_problems_and_bound_each() {
        let features = Wire::of("0.32.0".parse().unwrap()).unwrap().features;
        let long = json!("x".repeat(300));
        let problem = |index: usize| Problem::new("int_type", vec![Loc::Index(index)], "no", &long);
        let problems: Vec<Problem> = (0..12).map(problem).collect();
        let message = invalid(&features, HANDLER, &problems).json(&features).unwrap()["error"]["message"].to_string();
        assert_eq!(message.matches("'type'").count(), 10);
        assert!(
            message.starts_with("\"12 validation errors:") && message.ends_with("  ...and 2 more errors\""),
            "{message}"
        );
        assert!(message.contains(&format!("'{}...[truncated]'", "x".repeat(200))));
    }

    #[test]
    fn old_versions_quote_the_input_twice_and_new_ones_once() {
        check(
            "0.13.0",
            "1 validation error:\n  {'type': 'float_parsing', 'loc': ('body', 'temperature'), 'msg': 'no number', 'input': 'hot'}\n\n  \
             File \"/usr/local/lib/python3.12/dist-packages/vllm/entrypoints/utils.py\", line 518, in create_completion\n    \
             POST /v1/completions [{'type': 'float_parsing', 'loc': ('body', 'temperature'), 'msg': 'no number', 'input': 'hot'}]",
        );
        check(
            "0.32.0",
            "1 validation error:\n  {'type': 'float_parsing', 'loc': 'body.temperature', 'msg': 'no number', 'input': 'hot'}",
        );
    }
}
