//! What a reply has to be.

use llguidance::api::TopLevelGrammar;
use serde_json::{Map, Value, json};

/// One constraint on a reply.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constraint {
    /// JSON of this schema.
    Json(Value),
    /// A JSON object.
    JsonObject,
    /// All of the text matches this regular expression.
    Regex(String),
    /// One of these texts.
    Choice(Vec<String>),
    /// A grammar in Lark's notation, or in the EBNF of `llama.cpp` and xgrammar.
    Grammar(String),
    /// Calls of tools, each a text before JSON of a schema and one behind it; at least one.
    Calls {
        /// The calls that may come.
        tags: Vec<TaggedSchema>,
        /// Whether only one comes.
        once: bool,
    },
}

/// JSON between two texts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TaggedSchema {
    pub(crate) begin: String,
    pub(crate) schema: Value,
    pub(crate) end: String,
}

impl Constraint {
    /// The same as `llguidance` takes it.
    pub(super) fn grammar(&self) -> TopLevelGrammar {
        match self {
            Self::Json(schema) => TopLevelGrammar::from_json_schema(like_xgrammar(schema)),
            Self::JsonObject => TopLevelGrammar::from_json_schema(like_xgrammar(&json!({"type": "object"}))),
            Self::Regex(regex) => TopLevelGrammar::from_regex(regex),
            Self::Choice(choices) => {
                let choices: Vec<String> = choices.iter().map(|choice| escaped(choice)).collect();
                TopLevelGrammar::from_regex(&choices.join("|"))
            }
            Self::Grammar(grammar) => TopLevelGrammar::from_lark(as_lark(grammar)),
            Self::Calls { tags, once } => {
                let call = |tag: &TaggedSchema| {
                    let (begin, end) = (Value::from(tag.begin.as_str()), Value::from(tag.end.as_str()));
                    format!("({begin} %json {} {end})", like_xgrammar(&tag.schema))
                };
                let calls: Vec<String> = tags.iter().map(call).collect();
                let repeated = if *once { "" } else { "+" };
                TopLevelGrammar::from_lark(format!("start: ({}){repeated}", calls.join(" | ")))
            }
        }
    }
}

/// The schema read as xgrammar, vLLM's first choice, reads it: white space without carriage returns, and no members but the named ones
/// (`strict_mode` of `GrammarCompiler.compile_json_schema`).
fn like_xgrammar(schema: &Value) -> Value {
    let mut schema = schema.clone();
    close_objects(&mut schema);
    if let Value::Object(schema) = &mut schema {
        schema.insert("x-guidance".to_owned(), json!({"whitespace_pattern": "[ \\n\\t]+"}));
    }
    schema
}

fn close_objects(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(close_objects),
        Value::Object(members) => {
            let names_members = members.get("properties").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
            let open = ["additionalProperties", "unevaluatedProperties", "patternProperties"];
            if names_members && !open.iter().any(|key| members.contains_key(*key)) {
                members.insert("additionalProperties".to_owned(), false.into());
            }
            for (key, value) in members.iter_mut() {
                match key.as_str() {
                    // data, not schemas
                    "enum" | "const" | "default" | "examples" | "required" => {}
                    // names of members, whose values are schemas
                    "properties" | "$defs" | "definitions" | "patternProperties" => {
                        value.as_object_mut().unwrap_or(&mut Map::new()).values_mut().for_each(close_objects);
                    }
                    _ => close_objects(value),
                }
            }
        }
        _ => {}
    }
}

/// The text as a regular expression.
fn escaped(text: &str) -> String {
    let mut regex = String::new();
    for character in text.chars() {
        if "\\.+*?()|[]{}^$#&-~/\"".contains(character) {
            regex.push('\\');
        }
        regex.push(character);
    }
    regex
}

/// A grammar in Lark's notation: rules written with `::=` get its `:`, names that are no names there a form that is, and `root` becomes
/// `start`.
fn as_lark(grammar: &str) -> String {
    if !grammar.contains("::=") {
        return grammar.to_owned();
    }
    let mut lark = String::new();
    for line in grammar.lines() {
        let (name, rule) = match line.split_once("::=") {
            Some((name, rule)) => (Some(name.trim()), rule),
            None => (None, line),
        };
        if let Some(name) = name {
            lark.push_str(&rule_name(name));
            lark.push_str(": ");
        }
        write_rule(&mut lark, rule);
        lark.push('\n');
    }
    lark
}

fn rule_name(name: &str) -> String {
    if name == "root" { "start".to_owned() } else { name.to_lowercase().replace('-', "_") }
}

/// The right-hand side of a rule: character classes become regular expressions, comments and quoted texts stay.
fn write_rule(lark: &mut String, rule: &str) {
    let mut rest = rule;
    while let Some(character) = rest.chars().next() {
        let len = match character {
            '"' => quoted_len(rest, '"'),
            '[' => quoted_len(rest, ']'),
            '#' => return,
            _ if character.is_alphabetic() || character == '_' => {
                rest.find(|c: char| !(c.is_alphanumeric() || "_-".contains(c))).unwrap_or(rest.len())
            }
            _ => character.len_utf8(),
        };
        let (piece, after) = rest.split_at(len);
        match character {
            '[' => lark.extend(["/", &piece.replace('/', "\\/"), "/"]),
            _ if character.is_alphabetic() || character == '_' => lark.push_str(&rule_name(piece)),
            _ => lark.push_str(piece),
        }
        rest = after;
    }
}

/// Bytes up to and with the next `end` that no backslash stands before.
fn quoted_len(text: &str, end: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == end => return at + character.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_the_members_they_name_and_no_others() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "object", "properties": {"enum": {"type": "string"}}}}});
        let closed = like_xgrammar(&schema);
        assert_eq!(closed["additionalProperties"], false);
        assert_eq!(closed["properties"]["a"]["additionalProperties"], false);
        assert_eq!(like_xgrammar(&json!({"type": "object"})).get("additionalProperties"), None);
        let open = json!({"type": "object", "properties": {"a": {}}, "additionalProperties": true});
        assert_eq!(like_xgrammar(&open)["additionalProperties"], true);
    }

    #[test]
    fn ebnf_becomes_lark() {
        let lark = as_lark("root ::= \"a\" my-Rule* # why\nmy-Rule ::= [0-9/]+ | \"x ::\"");
        assert_eq!(lark, "start:  \"a\" my_rule* \nmy_rule:  /[0-9\\/]/+ | \"x ::\"\n");
        assert_eq!(as_lark("start: \"a\""), "start: \"a\"");
    }
}
