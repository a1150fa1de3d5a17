//! The input of a response as the messages of a chat (`entrypoints/openai/responses/utils.py`).

use serde_json::{Map, Value, json};

use crate::{api::error::ApiError, version::ResponsesHistory};

/// What came before: the messages of the response that this one continues, and its output.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Past {
    pub(super) messages: Vec<Value>,
    pub(super) output: Vec<Value>,
}

/// All messages of the chat.
pub(super) fn chat_messages(
    history: ResponsesHistory,
    instructions: Option<&str>,
    past: &Past,
    input: &Value,
) -> Result<Vec<Value>, ApiError> {
    let mut chat = Vec::new();
    if let Some(instructions) = instructions.filter(|instructions| !instructions.is_empty()) {
        chat.push(json!({"role": "system", "content": instructions}));
    }
    // the instructions of an earlier response are not those of this one; old versions kept them
    let keeps = |message: &&Value| history == ResponsesHistory::Separate || !has(message, "role", "system");
    chat.extend(past.messages.iter().filter(keeps).cloned());
    for item in past.output.iter().filter(|item| has(item, "type", "message")) {
        let contents = item.get("content").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        chat.extend(contents.iter().map(|content| json!({"role": "assistant", "content": content.get("text")})));
    }
    match input {
        Value::String(text) => chat.push(json!({"role": "user", "content": text})),
        Value::Array(items) => {
            let mut turns = Vec::new();
            for item in items {
                add(history, item, &mut turns)?;
            }
            chat.append(&mut turns);
        }
        _ => {}
    }
    Ok(chat)
}

/// Whether the last item is one that the model is to go on with.
pub(super) fn continues_last(input: &Value) -> bool {
    let Some(last) = input.as_array().and_then(|items| items.last()) else { return false };
    let kind = last.get("type").and_then(Value::as_str).unwrap_or("message");
    let status = last.get("status").and_then(Value::as_str).unwrap_or_default();
    ["message", "reasoning"].contains(&kind) && ["in_progress", "incomplete"].contains(&status)
}

fn has(value: &Value, key: &str, expect: &str) -> bool {
    value.get(key).is_some_and(|value| value == expect)
}

fn add(history: ResponsesHistory, item: &Value, turns: &mut Vec<Value>) -> Result<(), ApiError> {
    match item.get("type").and_then(Value::as_str) {
        Some("function_call") => {
            let function = json!({"name": item.get("name"), "arguments": item.get("arguments")});
            let call = json!({"id": item.get("call_id"), "function": function, "type": "function"});
            if let Some(turn) = open_turn(history, turns) {
                match turn.get_mut("tool_calls").and_then(Value::as_array_mut) {
                    Some(calls) => calls.push(call),
                    None => {
                        turn.insert("tool_calls".to_owned(), json!([call]));
                    }
                }
            } else {
                turns.push(json!({"role": "assistant", "tool_calls": [call]}));
            }
        }
        Some("function_call_output") => {
            turns.push(json!({"role": "tool", "content": item.get("output"), "tool_call_id": item.get("call_id")}));
        }
        Some("reasoning") => {
            if item.get("encrypted_content").is_some_and(|content| !content.is_null()) {
                return Err(ApiError::bad_request("Encrypted content is not supported."));
            }
            let text = first_text(item.get("content")).or_else(|| first_text(item.get("summary"))).unwrap_or_default();
            say(history, "reasoning", text, turns);
        }
        _ if has(item, "role", "assistant") => match item.get("content") {
            Some(Value::Array(contents)) => {
                say(history, "content", first_text(Some(&contents.clone().into())).unwrap_or_default(), turns);
            }
            content => {
                say(history, "content", content.and_then(Value::as_str).unwrap_or_default().to_owned(), turns);
            }
        },
        _ => turns.push(item.clone()),
    }
    Ok(())
}

fn first_text(parts: Option<&Value>) -> Option<String> {
    let part = parts?.as_array()?.first()?;
    part.as_str().or_else(|| part.get("text")?.as_str()).map(str::to_owned)
}

/// Puts what the assistant said or thought into its turn if that has none of the kind yet, else into a turn of its own.
fn say(history: ResponsesHistory, key: &str, text: String, turns: &mut Vec<Value>) {
    match open_turn(history, turns).filter(|turn| turn.get(key).is_none_or(Value::is_null)) {
        Some(turn) => {
            turn.insert(key.to_owned(), text.into());
        }
        None => turns.push(json!({"role": "assistant", key: text})),
    }
}

/// The assistant's turn at the end, if items are merged.
fn open_turn(history: ResponsesHistory, turns: &mut [Value]) -> Option<&mut Map<String, Value>> {
    let turn = turns.last_mut().and_then(Value::as_object_mut)?;
    let is_open = history == ResponsesHistory::Merged && turn.get("role").is_some_and(|role| role == "assistant");
    is_open.then_some(turn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "literals read better without `&`")]
    fn check(history: ResponsesHistory, input: Value, expect: Value) {
        let chat = chat_messages(history, Some("s"), &Past::default(), &input).expect("a right input");
        assert_eq!(Value::from(chat), expect);
    }

    #[test]
    fn a_text_is_the_users() {
        let expect = json!([{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}]);
        check(ResponsesHistory::Merged, json!("hi"), expect);
    }

    #[test]
    fn items_of_one_turn_are_merged_by_newer_versions() {
        let input = json!([
            {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "h"}]},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "4"},
        ]);
        let call = json!([{"id": "c", "function": {"name": "f", "arguments": "{}"}, "type": "function"}]);
        let system = json!({"role": "system", "content": "s"});
        let output = json!({"role": "tool", "content": "4", "tool_call_id": "c"});
        let merged = json!({"role": "assistant", "reasoning": "h", "tool_calls": call});
        check(ResponsesHistory::Merged, input.clone(), json!([system, merged, output]));
        let (thought, called) =
            (json!({"role": "assistant", "reasoning": "h"}), json!({"role": "assistant", "tool_calls": call}));
        check(ResponsesHistory::Separate, input, json!([system, thought, called, output]));
    }

    #[test]
    fn the_past_comes_before_the_input_and_without_its_instructions() {
        let past = Past {
            messages: vec![json!({"role": "system", "content": "old"}), json!({"role": "user", "content": "a"})],
            output: vec![json!({"type": "reasoning"}), json!({"type": "message", "content": [{"text": "b"}]})],
        };
        let chat = chat_messages(ResponsesHistory::Merged, None, &past, &json!("c")).expect("a right input");
        let expect = json!([
            {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}
        ]);
        assert_eq!(Value::from(chat), expect);
    }

    #[test]
    fn thoughts_that_cannot_be_read_are_refused() {
        let input = json!([{"type": "reasoning", "encrypted_content": "x"}]);
        assert!(chat_messages(ResponsesHistory::Merged, None, &Past::default(), &input).is_err());
    }
}
