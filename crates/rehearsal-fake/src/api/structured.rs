//! What a request wants its text to be: `response_format` and `structured_outputs`, read, refused, compiled.

use serde_json::{Map, Value};

use super::{
    context::Context,
    error::ApiError,
    fields::Fields,
    python::{repr, str_repr},
    validation::{Loc, Problem},
};
use crate::{
    structured::{Constraint, Gate, Grammar},
    version::{Features, PydanticErrors},
};

/// What vLLM says to several constraints at once.
pub(super) const ONE_CONSTRAINT: &str =
    "You can only use one kind of constraints for structured outputs ('json', 'regex' or 'choice').";

/// How pydantic names the models that `response_format` may be.
const MODEL: Loc = Loc::Variant("function-wrap[__log_extra_fields__()]");

/// The members of `structured_outputs` that constrain, in vLLM's order.
const KINDS: [&str; 6] = ["json", "regex", "choice", "grammar", "json_object", "structural_tag"];

/// Kinds of constraints under `structured_outputs` of which the request's type admits one.
pub(super) fn constraints(body: &Map<String, Value>) -> usize {
    let given = body.get("structured_outputs").and_then(Value::as_object);
    let is_there = |kind: &&str| given.is_some_and(|given| given.get(*kind).is_some_and(|value| !value.is_null()));
    ["json", "regex", "choice"].iter().filter(|kind| is_there(kind)).count()
}

/// Whether a JSON schema is asked for and not given.
pub(super) fn lacks_schema(response_format: &Value) -> bool {
    let wants_schema = response_format.get("type").is_some_and(|kind| kind == "json_schema");
    wants_schema && response_format.get("json_schema").is_none_or(Value::is_null)
}

/// A JSON schema that is asked for and not given trips an assertion of vLLM's, whose exception has no text.
pub(super) fn check_schema(response_format: &Value) -> Result<(), ApiError> {
    if lacks_schema(response_format) { Err(ApiError::internal("")) } else { Ok(()) }
}

/// A constraint as asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct StructuredRequest(Option<Constraint>);

impl StructuredRequest {
    /// Reads both fields; `response_format` wins.
    pub(super) fn read(fields: &mut Fields<'_>, features: &Features) -> Self {
        let outputs = read_outputs(fields, features);
        Self(read_format(fields).or(outputs))
    }

    /// What the engine refuses before it compiles anything (`_validate_structured_output`).
    pub(super) fn check(&self) -> Result<(), ApiError> {
        match &self.0 {
            Some(Constraint::Choice(choices)) if choices.is_empty() => {
                Err(ApiError::bad_request("Choice '[]' cannot be an empty list"))
            }
            Some(Constraint::Grammar(grammar)) if grammar.trim().is_empty() => {
                Err(ApiError::bad_request("structured_outputs.grammar cannot be an empty string"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn constraint(&self) -> Option<&Constraint> {
        self.0.as_ref()
    }
}

/// A compiled constraint, and when it begins to count.
#[derive(Clone, Debug)]
pub(super) struct Structured {
    pub(super) grammar: Grammar,
    pub(super) gate: Option<Gate>,
}

impl Structured {
    /// Compiles the constraint, or says what is wrong with it.
    pub(super) fn compile(context: &Context, constraint: &Constraint, gate: Option<Gate>) -> Result<Self, ApiError> {
        let grammar = context.grammars().and_then(|grammars| grammars.compile(constraint));
        let grammar = grammar.map_err(|error| ApiError::bad_request(format!("Grammar error: {}", error.0)))?;
        Ok(Self { grammar, gate })
    }
}

fn read_outputs(fields: &mut Fields<'_>, features: &Features) -> Option<Constraint> {
    let given = fields.value("structured_outputs")?;
    let read = fields.within("structured_outputs", |outputs| {
        let json = outputs.value("json").cloned();
        let regex = outputs.string("regex").map(str::to_owned);
        let choice = outputs.strings("choice");
        let grammar = outputs.string("grammar").map(str::to_owned);
        let object = outputs.bool("json_object");
        let json = match json {
            // a schema as text; one that is none is refused with the rest of what is no schema
            Some(Value::String(text)) => Some(serde_json::from_str(&text).unwrap_or(Value::String(text))),
            json => json,
        };
        json.map(Constraint::Json)
            .or(regex.map(Constraint::Regex))
            .or(choice.map(Constraint::Choice))
            .or(grammar.map(Constraint::Grammar))
            .or(object.filter(|object| *object).map(|_| Constraint::JsonObject))
    })?;
    if let Some(message) = miscounted(given.as_object()?, features) {
        let context = Some(format!("'error': ValueError({})", str_repr(&message)));
        let message = format!("Value error, {message}");
        fields.problem(Problem {
            context,
            ..Problem::new("value_error", vec!["structured_outputs".into()], message, given)
        });
    }
    read
}

/// `StructuredOutputsParams.__post_init__`.
fn miscounted(given: &Map<String, Value>, features: &Features) -> Option<String> {
    let is_there = |kind: &&&str| given.get(**kind).is_some_and(|value| !value.is_null());
    let old = features.pydantic_errors == PydanticErrors::Quoted;
    let (must, which) = match KINDS.iter().filter(is_there).count() {
        0 if old => return None,
        0 => ("must", "none are"),
        1 => return None,
        _ => ("can only", "multiple are"),
    };
    let mut dict: Vec<(&str, Value)> = KINDS[..5].iter().map(|kind| (*kind, Value::Null)).collect();
    if old {
        dict.push(("disable_fallback", false.into()));
    }
    dict.extend([("disable_any_whitespace", false.into()), ("disable_additional_properties", false.into())]);
    dict.extend([("whitespace_pattern", Value::Null), ("structural_tag", Value::Null)]);
    dict.extend([("_backend", Value::Null), ("_backend_was_auto", false.into())]);
    let dict: Map<String, Value> =
        dict.into_iter().map(|(key, default)| (key.to_owned(), given.get(key).cloned().unwrap_or(default))).collect();
    let dict = repr(&Value::Object(dict));
    Some(format!("You {must} use one kind of structured outputs constraint but {which} specified: {dict}"))
}

/// The constraint of `response_format`; `text` is none, and a structural tag leaves the text before its triggers free.
fn read_format(fields: &mut Fields<'_>) -> Option<Constraint> {
    let format = fields.value("response_format")?;
    let models = [plain_problems(format), tag_problems(format), legacy_tag_problems(format)];
    if models.iter().all(|problems| !problems.is_empty()) {
        for problem in models.into_iter().flatten() {
            fields.problem(problem);
        }
        return None;
    }
    match format.get("type").and_then(Value::as_str)? {
        "json_object" => Some(Constraint::JsonObject),
        "json_schema" => {
            format.pointer("/json_schema/schema").filter(|schema| !schema.is_null()).cloned().map(Constraint::Json)
        }
        _ => None,
    }
}

fn loc(keys: &[&str]) -> Vec<Loc> {
    let mut loc = vec!["response_format".into(), MODEL];
    loc.extend(keys.iter().map(|key| Loc::from(*key)));
    loc
}

fn not_an_object(format: &Value) -> Option<Problem> {
    let message = "Input should be a valid dictionary or object to extract fields from";
    (!format.is_object()).then(|| Problem::new("model_attributes_type", loc(&[]), message, format))
}

fn literal(format: &Value, expected: &str, known: &[&str]) -> Option<Problem> {
    match format.get("type") {
        None => Some(Problem::new("missing", loc(&["type"]), "Field required", format)),
        Some(kind) if kind.as_str().is_some_and(|kind| known.contains(&kind)) => None,
        Some(kind) => {
            let problem = Problem::new("literal_error", loc(&["type"]), format!("Input should be {expected}"), kind);
            let quote = if expected.contains('\'') { '"' } else { '\'' };
            Some(Problem { context: Some(format!("'expected': {quote}{expected}{quote}")), ..problem })
        }
    }
}

/// `ResponseFormat`.
fn plain_problems(format: &Value) -> Vec<Problem> {
    if let Some(problem) = not_an_object(format) {
        return vec![problem];
    }
    let mut problems: Vec<Problem> =
        literal(format, "'text', 'json_object' or 'json_schema'", &["text", "json_object", "json_schema"])
            .into_iter()
            .collect();
    let Some(schema) = format.get("json_schema").filter(|schema| !schema.is_null()) else { return problems };
    if !schema.is_object() {
        let message = "Input should be a valid dictionary or object to extract fields from";
        problems.push(Problem::new("model_attributes_type", loc(&["json_schema"]), message, schema));
        return problems;
    }
    match schema.get("name") {
        None => problems.push(Problem::new("missing", loc(&["json_schema", "name"]), "Field required", schema)),
        Some(Value::String(_)) => {}
        Some(name) => {
            let message = "Input should be a valid string";
            problems.push(Problem::new("string_type", loc(&["json_schema", "name"]), message, name));
        }
    }
    if let Some(inner) = schema.get("schema").filter(|inner| !inner.is_null() && !inner.is_object()) {
        let message = "Input should be a valid dictionary";
        problems.push(Problem::new("dict_type", loc(&["json_schema", "schema"]), message, inner));
    }
    problems
}

/// `StructuralTagResponseFormat`.
fn tag_problems(format: &Value) -> Vec<Problem> {
    tagged(format, &["format"])
}

/// `LegacyStructuralTagResponseFormat`.
fn legacy_tag_problems(format: &Value) -> Vec<Problem> {
    tagged(format, &["structures", "triggers"])
}

fn tagged(format: &Value, required: &[&str]) -> Vec<Problem> {
    if let Some(problem) = not_an_object(format) {
        return vec![problem];
    }
    let mut problems: Vec<Problem> = literal(format, "'structural_tag'", &["structural_tag"]).into_iter().collect();
    for key in required {
        match (format.get(*key), *key) {
            (None, key) => problems.push(Problem::new("missing", loc(&[key]), "Field required", format)),
            (Some(Value::Array(_)), _) | (Some(_), "format") => {}
            (Some(other), key) => {
                problems.push(Problem::new("list_type", loc(&[key]), "Input should be a valid list", other));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::version::Wire;

    #[test]
    fn one_constraint_is_enough() {
        let count = |outputs: Value| constraints(json!({ "structured_outputs": outputs }).as_object().unwrap());
        assert_eq!(count(json!({"regex": "a", "choice": ["a"]})), 2);
        assert_eq!(count(json!({"regex": "a", "choice": null})), 1);
        assert_eq!(count(Value::Null), 0);
    }

    #[test]
    fn a_schema_has_to_be_there() {
        assert!(check_schema(&json!({"type": "json_schema"})).is_err());
        assert!(check_schema(&json!({"type": "json_schema", "json_schema": {}})).is_ok());
        assert!(check_schema(&Value::Null).is_ok());
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "literals read better without `&`")]
    fn check(body: Value, expect: Result<Option<Constraint>, &[&str]>) {
        let features = Wire::of("0.13.0".parse().unwrap()).unwrap().features;
        let mut fields = Fields::new(body.as_object().unwrap(), features.coercion);
        let read = StructuredRequest::read(&mut fields, &features);
        let problems = fields.into_problems();
        let kinds: Vec<&str> = problems.iter().map(|problem| problem.kind).collect();
        match expect {
            Ok(constraint) => assert_eq!((kinds, read.0), (vec![], constraint), "{body}"),
            Err(expect) => assert_eq!(kinds, expect, "{body}"),
        }
    }

    /// The kinds of errors of an unknown type are recorded.
    #[test]
    fn formats_are_read_as_any_of_their_models() {
        let schema = json!({"type": "object"});
        check(json!({"response_format": {"type": "text"}}), Ok(None));
        check(json!({"response_format": {"type": "json_object"}}), Ok(Some(Constraint::JsonObject)));
        check(
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}}),
            Ok(Some(Constraint::Json(schema))),
        );
        check(json!({"response_format": {"type": "structural_tag", "structures": [], "triggers": []}}), Ok(None));
        check(
            json!({"response_format": {"type": "xml"}}),
            Err(&["literal_error", "literal_error", "missing", "literal_error", "missing", "missing"]),
        );
        check(json!({"structured_outputs": {"regex": "a", "grammar": "b"}}), Err(&["value_error"]));
        check(json!({"structured_outputs": {"json": "{}"}}), Ok(Some(Constraint::Json(json!({})))));
    }
}
