//! What pydantic says of a chat message that no type of message takes: `ChatCompletionMessageParam` of `vllm/entrypoints/chat_utils.py` is a
//! union of the messages of `openai.types.chat`, one of vLLM's own that takes any role, and `openai_harmony.Message`.

use serde_json::Value;

use super::validation::{Loc, Problem};

/// A member of the union: its fields in the order in which they are validated.
struct Member {
    class: &'static str,
    fields: &'static [Field],
}

/// A field of a member.
enum Field {
    /// `role`, which has to be this word.
    Role(&'static str),
    /// `content`: a string or a sequence of parts, whose type pydantic names thus.
    Content { needed: Needed, sequence: Sequence, parts: &'static str },
    /// A string under this key.
    Text(&'static str, Needed),
    /// Something to iterate over under this key.
    Iterable(&'static str),
    /// Any value under this key.
    Any(&'static str),
    /// A list under this key.
    List(&'static str),
}

/// Whether a field may be left out, or be null.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needed {
    Always,
    /// The key is needed, its value may be null.
    OrNull,
    /// The key may be absent; null is refused.
    OrAbsent,
    Never,
}

/// How pydantic takes a sequence.
#[derive(Clone, Copy)]
enum Sequence {
    Iterable,
    List,
}

const TEXT_PARTS: &str = "generator[ChatCompletionContentPartTextParam]";
const USER_PARTS: &str = "generator[union[ChatCompletionContentPartTextParam,ChatCompletionContentPartImageParam,\
                          ChatCompletionContentPartInputAudioParam,File]]";
const ASSISTANT_PARTS: &str =
    "generator[union[ChatCompletionContentPartTextParam,ChatCompletionContentPartRefusalParam]]";
const CUSTOM_PARTS: &str = "list[union[ChatCompletionContentPartTextParam,ChatCompletionContentPartImageParam,\
                            ChatCompletionContentPartInputAudioParam,File,ChatCompletionContentPartAudioParam,\
                            ChatCompletionContentPartVideoParam,ChatCompletionContentPartRefusalParam,\
                            CustomChatCompletionContentPILImageParam,CustomChatCompletionContentSimpleImageParam,\
                            ChatCompletionContentPartImageEmbedsParam,ChatCompletionContentPartAudioEmbedsParam,\
                            CustomChatCompletionContentSimpleAudioParam,CustomChatCompletionContentSimpleVideoParam,str,\
                            CustomThinkCompletionContentParam]]";

const fn content(needed: Needed, parts: &'static str) -> Field {
    Field::Content { needed, sequence: Sequence::Iterable, parts }
}

const NAME: Field = Field::Text("name", Needed::OrAbsent);

/// Its classes and their fields are those of 0.13.0 and 0.32.0 alike.
const MEMBERS: [Member; 8] = [
    Member {
        class: "ChatCompletionDeveloperMessageParam",
        fields: &[content(Needed::Always, TEXT_PARTS), Field::Role("developer"), NAME],
    },
    Member {
        class: "ChatCompletionSystemMessageParam",
        fields: &[content(Needed::Always, TEXT_PARTS), Field::Role("system"), NAME],
    },
    Member {
        class: "ChatCompletionUserMessageParam",
        fields: &[content(Needed::Always, USER_PARTS), Field::Role("user"), NAME],
    },
    Member {
        class: "ChatCompletionAssistantMessageParam",
        fields: &[
            Field::Role("assistant"),
            content(Needed::Never, ASSISTANT_PARTS),
            NAME,
            Field::Text("refusal", Needed::Never),
            Field::Iterable("tool_calls"),
        ],
    },
    Member {
        class: "ChatCompletionToolMessageParam",
        fields: &[
            content(Needed::Always, TEXT_PARTS),
            Field::Role("tool"),
            Field::Text("tool_call_id", Needed::Always),
        ],
    },
    Member {
        class: "ChatCompletionFunctionMessageParam",
        fields: &[Field::Text("content", Needed::OrNull), Field::Text("name", Needed::Always), Field::Role("function")],
    },
    Member {
        class: "CustomChatCompletionMessageParam",
        fields: &[
            Field::Text("role", Needed::Always),
            Field::Content { needed: Needed::OrAbsent, sequence: Sequence::List, parts: CUSTOM_PARTS },
            NAME,
            Field::Text("tool_call_id", Needed::Never),
            Field::Iterable("tool_calls"),
        ],
    },
    Member { class: "Message", fields: &[Field::Any("author"), Field::List("content")] },
];

/// The problems of a message, those of all members one after the other; none when a member takes it.
pub(super) fn problems(index: usize, message: &Value) -> Vec<Problem> {
    let mut all = Vec::new();
    for member in MEMBERS {
        let found = member.problems(index, message);
        if found.is_empty() {
            return Vec::new();
        }
        all.extend(found);
    }
    all
}

impl Member {
    fn problems(&self, index: usize, message: &Value) -> Vec<Problem> {
        let at = |rest: &[Loc]| {
            let mut loc = vec!["messages".into(), Loc::Index(index), self.class.into()];
            loc.extend_from_slice(rest);
            loc
        };
        if !message.is_object() {
            return vec![match self.class {
                "Message" => {
                    let expected = "Input should be a valid dictionary or instance of Message";
                    let problem = Problem::new("model_type", at(&[]), expected, message);
                    Problem { context: Some("'class_name': 'Message'".to_owned()), ..problem }
                }
                _ => Problem::new("dict_type", at(&[]), "Input should be a valid dictionary", message),
            }];
        }
        let missing = |key: &str| vec![Problem::new("missing", at(&[key.into()]), "Field required", message)];
        let mut all = Vec::new();
        for field in self.fields {
            all.extend(match field {
                Field::Role(word) => match message.get("role") {
                    None => missing("role"),
                    Some(role) if role == word => Vec::new(),
                    Some(role) => {
                        let expected = format!("Input should be '{word}'");
                        let problem = Problem::new("literal_error", at(&["role".into()]), expected, role);
                        vec![Problem { context: Some(format!("'expected': \"'{word}'\"")), ..problem }]
                    }
                },
                Field::Text(key, needed) => match message.get(*key) {
                    None if matches!(needed, Needed::Always | Needed::OrNull) => missing(key),
                    None | Some(Value::String(_)) => Vec::new(),
                    Some(Value::Null) if matches!(needed, Needed::Never | Needed::OrNull) => Vec::new(),
                    Some(other) => {
                        vec![Problem::new("string_type", at(&[(*key).into()]), "Input should be a valid string", other)]
                    }
                },
                Field::Content { needed, sequence, parts } => match message.get("content") {
                    None if *needed == Needed::Always => missing("content"),
                    None | Some(Value::String(_) | Value::Array(_)) => Vec::new(),
                    Some(Value::Null) if *needed == Needed::Never => Vec::new(),
                    Some(other) => {
                        let (kind, expected) = match sequence {
                            Sequence::Iterable => ("iterable_type", "Input should be iterable"),
                            Sequence::List => ("list_type", "Input should be a valid list"),
                        };
                        let at = |variant| at(&["content".into(), Loc::Variant(variant)]);
                        vec![
                            Problem::new("string_type", at("str"), "Input should be a valid string", other),
                            Problem::new(kind, at(parts), expected, other),
                        ]
                    }
                },
                Field::Iterable(key) => match message.get(*key) {
                    None | Some(Value::Null | Value::Array(_)) => Vec::new(),
                    Some(other) => {
                        vec![Problem::new("iterable_type", at(&[(*key).into()]), "Input should be iterable", other)]
                    }
                },
                Field::Any(key) => message.get(*key).map_or_else(|| missing(key), |_| Vec::new()),
                Field::List(key) => match message.get(*key) {
                    None | Some(Value::Array(_)) => Vec::new(),
                    Some(other) => {
                        vec![Problem::new("list_type", at(&[(*key).into()]), "Input should be a valid list", other)]
                    }
                },
            });
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(message: &Value, expect: usize) {
        assert_eq!(problems(0, message).len(), expect, "{message}");
    }

    /// The counts are those of vLLM 0.13.0 itself.
    #[test]
    fn a_message_that_no_member_takes_has_the_problems_of_all() {
        check(&json!({"content": "hi"}), 11);
        check(&json!({"role": "user", "content": null}), 19);
        check(&json!({"role": "user", "content": 3}), 22);
        check(&json!({"role": 5, "content": "x"}), 11);
        check(&json!({"role": "user", "content": "x", "name": 5}), 14);
        check(&json!({"role": "assistant", "content": null, "tool_calls": 5}), 21);
        check(&json!({}), 15);
        check(&json!("hi"), 8);
    }

    #[test]
    fn any_role_is_taken_and_content_may_be_absent() {
        check(&json!({"role": "robot", "content": "hi"}), 0);
        check(&json!({"role": "user"}), 0);
        check(&json!({"role": "assistant", "content": null}), 0);
        check(&json!({"role": "tool", "content": "x"}), 0);
    }
}
