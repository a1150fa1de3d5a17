//! `prompt`: a string, a list of strings, token ids, or a list of lists of token ids.

use serde_json::Value;

use super::{
    fields::Fields,
    validation::{Loc, Problem},
};

/// One prompt of a completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PromptInput {
    /// Text.
    Text(String),
    /// Token ids; they may be no ids of the vocabulary.
    Tokens(Vec<i64>),
}

/// The variants of the field's type, as pydantic names them in the path of an error.
const VARIANTS: [(&str, &str, &str); 4] = [
    ("list[int]", "list_type", "Input should be a valid list"),
    ("list[list[int]]", "list_type", "Input should be a valid list"),
    ("str", "string_type", "Input should be a valid string"),
    ("list[str]", "list_type", "Input should be a valid list"),
];

/// The prompts of a request, or a problem for each way in which they are none.
pub(super) fn read_prompts(fields: &mut Fields<'_>) -> Vec<PromptInput> {
    let Some(value) = fields.value("prompt") else { return Vec::new() };
    if let Some(prompts) = parse(value) {
        return prompts;
    }
    match value.as_array() {
        Some(items) => mixed(fields, items),
        None => {
            for (variant, kind, message) in VARIANTS {
                fields.problem(Problem::new(kind, vec!["prompt".into(), Loc::Variant(variant)], message, value));
            }
        }
    }
    Vec::new()
}

fn parse(value: &Value) -> Option<Vec<PromptInput>> {
    let items = match value {
        Value::String(text) => return Some(vec![PromptInput::Text(text.clone())]),
        Value::Array(items) => items,
        _ => return None,
    };
    if items.is_empty() {
        return Some(Vec::new());
    }
    let texts = items.iter().map(|item| item.as_str().map(|text| PromptInput::Text(text.to_owned()))).collect();
    let ids = || ids(value).map(|ids| vec![PromptInput::Tokens(ids)]);
    let lists = || items.iter().map(|item| self::ids(item).map(PromptInput::Tokens)).collect();
    let texts: Option<Vec<PromptInput>> = texts;
    texts.or_else(ids).or_else(lists)
}

fn ids(value: &Value) -> Option<Vec<i64>> {
    value.as_array()?.iter().map(Value::as_i64).collect()
}

/// A list of which no variant takes all items: what each variant says of each item that it does not take.
fn mixed(fields: &mut Fields<'_>, items: &[Value]) {
    for (index, item) in items.iter().enumerate() {
        let problem = match item {
            Value::Number(number) if number.is_i64() => continue,
            Value::String(_) => {
                ("int_parsing", "Input should be a valid integer, unable to parse string as an integer")
            }
            _ => ("int_type", "Input should be a valid integer"),
        };
        let loc = vec!["prompt".into(), Loc::Variant("list[int]"), Loc::Index(index)];
        fields.problem(Problem::new(problem.0, loc, problem.1, item));
    }
    for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.is_array()) {
        let loc = vec!["prompt".into(), Loc::Variant("list[list[int]]"), Loc::Index(index)];
        fields.problem(Problem::new("list_type", loc, "Input should be a valid list", item));
    }
    let whole = Value::Array(items.to_vec());
    let loc = vec!["prompt".into(), Loc::Variant("str")];
    fields.problem(Problem::new("string_type", loc, "Input should be a valid string", &whole));
    for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.is_string()) {
        let loc = vec!["prompt".into(), Loc::Variant("list[str]"), Loc::Index(index)];
        fields.problem(Problem::new("string_type", loc, "Input should be a valid string", item));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::version::Coercion;

    #[track_caller]
    fn check(prompt: &Value, expect: Option<Vec<PromptInput>>, problems: usize) {
        let body = json!({ "prompt": prompt });
        let mut fields = Fields::new(body.as_object().unwrap(), Coercion::Lax);
        assert_eq!(read_prompts(&mut fields), expect.unwrap_or_default(), "{body}");
        assert_eq!(fields.into_problems().len(), problems, "{body}");
    }

    /// The numbers of problems are recorded.
    #[test]
    fn four_forms_are_taken_and_others_are_refused_once_a_form() {
        let text = |text: &str| PromptInput::Text(text.to_owned());
        check(&json!("a"), Some(vec![text("a")]), 0);
        check(&json!(["a", "b"]), Some(vec![text("a"), text("b")]), 0);
        check(&json!([1, 2]), Some(vec![PromptInput::Tokens(vec![1, 2])]), 0);
        check(&json!([[1], [2]]), Some(vec![PromptInput::Tokens(vec![1]), PromptInput::Tokens(vec![2])]), 0);
        check(&json!([]), None, 0);
        check(&json!(5), None, 4);
        check(&json!(["Hello", [1, 2]]), None, 5);
    }
}
