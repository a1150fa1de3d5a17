//! `prompt`: a string, a list of strings, token ids, or a list of lists of token ids.

use serde_json::Value;

use super::{
    fields::{Fields, int},
    validation::{Loc, Problem},
};
use crate::version::{Coercion, Features, NegativeTokenIds};

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
pub(super) fn read_prompts(features: &Features, fields: &mut Fields<'_>) -> Vec<PromptInput> {
    let Some(value) = fields.value("prompt") else { return Vec::new() };
    let ids = TokenIds { coercion: fields.coercion(), least: least(features) };
    if let Some(prompts) = parse(value, ids) {
        return prompts;
    }
    match value.as_array() {
        Some(items) => mixed(fields, items, ids),
        None => {
            for (variant, kind, message) in VARIANTS {
                fields.problem(Problem::new(kind, vec!["prompt".into(), Loc::Variant(variant)], message, value));
            }
        }
    }
    Vec::new()
}

/// Which values are token ids.
#[derive(Clone, Copy)]
struct TokenIds {
    coercion: Coercion,
    least: i64,
}

impl TokenIds {
    /// The id, or pydantic's kind of problem, its message and context.
    fn read(self, value: &Value) -> Result<i64, (&'static str, &'static str, Option<&'static str>)> {
        let id = int(value, self.coercion).map_err(|(kind, message)| (kind, message, None))?;
        if id < self.least {
            return Err(("greater_than_equal", "Input should be greater than or equal to 0", Some("'ge': 0")));
        }
        Ok(id)
    }

    /// All ids of a list, no strings among them: those would rather be texts.
    fn list(self, value: &Value) -> Option<Vec<i64>> {
        value.as_array()?.iter().map(|item| self.read(item).ok().filter(|_| !item.is_string())).collect()
    }
}

fn least(features: &Features) -> i64 {
    match features.negative_token_ids {
        NegativeTokenIds::Fatal => i64::MIN,
        NegativeTokenIds::Refused => 0,
    }
}

fn parse(value: &Value, ids: TokenIds) -> Option<Vec<PromptInput>> {
    let items = match value {
        Value::String(text) => return Some(vec![PromptInput::Text(text.clone())]),
        Value::Array(items) => items,
        _ => return None,
    };
    if items.is_empty() {
        return Some(Vec::new());
    }
    let texts = items.iter().map(|item| item.as_str().map(|text| PromptInput::Text(text.to_owned()))).collect();
    let one = || ids.list(value).map(|ids| vec![PromptInput::Tokens(ids)]);
    let lists = || items.iter().map(|item| ids.list(item).map(PromptInput::Tokens)).collect();
    let texts: Option<Vec<PromptInput>> = texts;
    texts.or_else(one).or_else(lists)
}

/// A list of which no variant takes all items: what each variant says of each item that it does not take.
fn mixed(fields: &mut Fields<'_>, items: &[Value], ids: TokenIds) {
    for (index, item) in items.iter().enumerate() {
        no_id(fields, item, ids, vec!["prompt".into(), Loc::Variant("list[int]"), Loc::Index(index)]);
    }
    for (index, item) in items.iter().enumerate() {
        let loc = vec!["prompt".into(), Loc::Variant("list[list[int]]"), Loc::Index(index)];
        match item.as_array() {
            None => fields.problem(Problem::new("list_type", loc, "Input should be a valid list", item)),
            Some(inner) => {
                for (place, item) in inner.iter().enumerate() {
                    no_id(fields, item, ids, [loc.clone(), vec![Loc::Index(place)]].concat());
                }
            }
        }
    }
    let whole = Value::Array(items.to_vec());
    let loc = vec!["prompt".into(), Loc::Variant("str")];
    fields.problem(Problem::new("string_type", loc, "Input should be a valid string", &whole));
    for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.is_string()) {
        let loc = vec!["prompt".into(), Loc::Variant("list[str]"), Loc::Index(index)];
        fields.problem(Problem::new("string_type", loc, "Input should be a valid string", item));
    }
}

/// What pydantic says of a value that is no token id.
fn no_id(fields: &mut Fields<'_>, value: &Value, ids: TokenIds, loc: Vec<Loc>) {
    if let Err((kind, message, context)) = ids.read(value) {
        let problem = Problem::new(kind, loc, message, value);
        fields.problem(Problem { context: context.map(str::to_owned), ..problem });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::version::Wire;

    #[track_caller]
    fn check(prompt: &Value, expect: Option<Vec<PromptInput>>, problems: usize) {
        let body = json!({ "prompt": prompt });
        let mut fields = Fields::new(body.as_object().unwrap(), Coercion::Lax);
        let features = Wire::of("0.32.0".parse().unwrap()).unwrap().features;
        assert_eq!(read_prompts(&features, &mut fields), expect.unwrap_or_default(), "{body}");
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
        check(&json!([-1, 480]), None, 6);
        check(&json!([[1], [2, -3]]), None, 6);
        check(&json!([1.0, true]), Some(vec![PromptInput::Tokens(vec![1, 1])]), 0);
    }
}
