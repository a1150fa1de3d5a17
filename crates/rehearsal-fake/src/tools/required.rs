//! `tool_choice: "required"` where the reply is a JSON array of `{"name": …, "parameters": …}` (vLLM 0.13).

use serde_json::Value;

use super::{
    message::{CallDelta, MessageDelta, Slot, ToolCall},
    partial_json::{CutStrings, complete},
    reading::ParseError,
};
use crate::api::python::{dumps, python_type, repr, str_repr};

/// Where pydantic explains an error, with the version that the recorded server had.
const MANUAL: &str = "https://errors.pydantic.dev/2.14/v/";

/// What pydantic calls the type of the array.
const TYPE: &str = "list[function-wrap[__log_extra_fields__()]]";

/// The calls of a whole reply, or what pydantic says about it.
pub(super) fn extract(text: &str) -> Result<Vec<ToolCall>, ParseError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| refused("", &format!("Invalid JSON: {error}"), "json_invalid", &str_repr(text), "str"))?;
    let Value::Array(items) = &value else {
        return Err(refused("", "Input should be a valid array", "list_type", &repr(&value), python_type(&value)));
    };
    let mut calls = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let Some(name) = item.get("name").and_then(Value::as_str) else {
            let place = format!("{index}.function-wrap[__log_extra_fields__()].name\n");
            return Err(refused(&place, "Field required", "missing", &repr(item), python_type(item)));
        };
        let arguments = dumps(item.get("parameters").unwrap_or(&Value::Null));
        calls.push(ToolCall { name: name.to_owned(), arguments });
    }
    // an assertion of vLLM's whose exception has no text
    if calls.is_empty() { Err(ParseError::Crash) } else { Ok(calls) }
}

/// One error of pydantic's as `str(ValidationError)` has it.
fn refused(place: &str, message: &str, kind: &str, input: &str, input_type: &str) -> ParseError {
    let input = shortened(input);
    ParseError::Refused(format!(
        "1 validation error for {TYPE}\n{place}  {message} [type={kind}, input_value={input}, input_type={input_type}]\n    \
         For further information visit {MANUAL}{kind}"
    ))
}

/// The first 25 and the last 24 characters of what is longer than 50, as pydantic shortens an input.
fn shortened(repr: &str) -> String {
    let count = repr.chars().count();
    if count <= 50 {
        return repr.to_owned();
    }
    let first: String = repr.chars().take(25).collect();
    let last: String = repr.chars().skip(count - 24).collect();
    format!("{first}...{last}")
}

/// One choice of a stream.
#[derive(Clone, Debug, Default)]
pub(super) struct RequiredStream {
    name_sent: bool,
}

impl RequiredStream {
    /// What a step adds: `before` and `after` are all texts around it.
    pub(super) fn push(&mut self, before: &str, after: &str, delta: &str) -> Result<Option<MessageDelta>, ParseError> {
        if after.is_empty() {
            return Ok(None);
        }
        check_start(after)?;
        let Some(Value::Array(items)) = complete(after, CutStrings::Kept) else {
            self.name_sent = false;
            return Ok(None);
        };
        let Some(last) = items.last().and_then(Value::as_object) else {
            self.name_sent = false;
            return Ok(None);
        };
        let (new, finishes) = within_call(before, delta);
        let index = items.len() - 1;
        if !(finishes || last.contains_key("name") && last.contains_key("parameters")) {
            self.name_sent = false;
            return Ok(None);
        }
        if self.name_sent {
            let call = CallDelta { index, name: Slot::Null, arguments: Some(new.clone()), opens: false };
            return Ok((!new.is_empty()).then(|| MessageDelta::call(call)));
        }
        let written = after.rsplit_once("\"parameters\":").map_or("", |(_, rest)| rest.trim_start());
        let (arguments, _) = within_call(before, written);
        let named = if finishes && !last.contains_key("parameters") {
            items.len().checked_sub(2).and_then(|index| items.get(index)?.as_object())
        } else {
            Some(last)
        };
        let Some(name) = named.and_then(|call| call.get("name")?.as_str()) else { return Ok(None) };
        self.name_sent = true;
        let name = Slot::Text(name.to_owned());
        Ok(Some(MessageDelta::call(CallDelta { index, opens: true, name, arguments: Some(arguments) })))
    }
}

/// The Python package that completes cut JSON looks for brackets first; with text before them its result is no JSON, and that error is not
/// caught.
fn check_start(text: &str) -> Result<(), ParseError> {
    let trimmed = text.trim_start();
    let Some(bracket) = trimmed.find(['"', '[', ']', '{', '}']) else { return Ok(()) };
    if bracket == 0 || trimmed.get(bracket..).is_some_and(|rest| rest.starts_with('"')) {
        return Ok(());
    }
    let blank = text.get(..text.len() - trimmed.len()).unwrap_or_default();
    let lines = blank.matches('\n').count() + 1;
    let column = blank.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    let skipped = blank.chars().count();
    Err(ParseError::Refused(format!("Expecting value: line {lines} column {column} (char {skipped})")))
}

/// What of `delta` belongs to the object of a call: all but the brace that closes it and what stands between calls. Also whether a call ends.
fn within_call(before: &str, delta: &str) -> (String, bool) {
    let mut level = before.chars().fold(0_i64, |level, character| match character {
        '{' => level + 1,
        '}' => level - 1,
        _ => level,
    });
    let (mut kept, mut passed_zero) = (String::new(), false);
    for character in delta.chars() {
        match character {
            '{' => {
                level += 1;
                passed_zero = level == 0;
            }
            '}' => {
                level -= 1;
                passed_zero = level == 0;
            }
            _ => {}
        }
        if level != 0 {
            kept.push(character);
        } else if character == ',' {
            break;
        }
    }
    (kept, passed_zero)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_that_is_no_json_is_refused_in_the_words_of_pydantic() {
        let text = "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Berlin\", \"unit\": \"celsius\"}}\n</tool_call>";
        let expect = "1 validation error for list[function-wrap[__log_extra_fields__()]]\n  Invalid JSON: expected value at line 1 column 1 \
                      [type=json_invalid, input_value='<tool_call>\\n{\"name\": \"g...elsius\"}}\\n</tool_call>', input_type=str]\n    \
                      For further information visit https://errors.pydantic.dev/2.14/v/json_invalid";
        assert_eq!(extract(text), Err(ParseError::Refused(expect.to_owned())));
    }

    #[test]
    fn calls_of_a_whole_array_are_read() {
        let calls = extract("[{\"name\": \"f\", \"parameters\": {\"a\":1}}, {\"name\": \"g\"}]").unwrap();
        let call = |name: &str, arguments: &str| ToolCall { name: name.to_owned(), arguments: arguments.to_owned() };
        assert_eq!(calls, [call("f", "{\"a\": 1}"), call("g", "null")]);
        assert_eq!(extract("[]"), Err(ParseError::Crash));
    }

    #[test]
    fn a_growing_array_gives_names_and_then_arguments() {
        let mut stream = RequiredStream::default();
        let mut text = String::new();
        let mut parts = Vec::new();
        for token in [
            "[{\"name\": \"f\"",
            ", \"parameters\": ",
            "{\"a\": ",
            "\"x\"",
            "}}",
            ", {\"name\": \"g\", \"parameters\": {",
            "}}]",
        ] {
            let before = text.clone();
            text.push_str(token);
            let delta = stream.push(&before, &text, token).unwrap();
            for call in delta.into_iter().flat_map(|delta| delta.tool_calls) {
                parts.push((
                    call.index,
                    call.name.text().unwrap_or_default().to_owned(),
                    call.arguments.unwrap_or_default(),
                ));
            }
        }
        let part = |index: usize, name: &str, arguments: &str| (index, name.to_owned(), arguments.to_owned());
        assert_eq!(parts[..3], [part(0, "f", "{\"a\": "), part(0, "", "\"x\""), part(0, "", "}")]);
        assert_eq!(parts[3].0, 1);
    }

    #[test]
    fn text_before_the_array_is_an_error_that_nothing_catches() {
        let mut stream = RequiredStream::default();
        assert_eq!(stream.push("", "<tool_call>", "<tool_call>"), Ok(None));
        let error = stream.push("<tool_call>", "<tool_call>\n{\"name\": ", "\n{\"name\": ");
        assert_eq!(error, Err(ParseError::Refused("Expecting value: line 1 column 1 (char 0)".to_owned())));
    }
}
