//! The messages of a conversation.

use serde::{Deserialize, Serialize, de::Error as _};
use serde_json::{Map, Value};

use super::{refusal::Refusal, tool::Tool, violations::Violations};

/// One message. It is read as an object first, so that errors in it stand behind its end.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "Map<String, Value>", untagged)]
pub(super) enum ChatMessage {
    Known(KnownMessage),
    Other(OtherMessage),
}

/// A message of a role that only the template may know.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct OtherMessage {
    role: String,
    content: MessageContent,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// Roles whose messages have fields of their own.
const ROLES: [&str; 6] = ["system", "user", "assistant", "tool", "function", "developer"];

impl TryFrom<Map<String, Value>> for ChatMessage {
    type Error = serde_json::Error;

    fn try_from(message: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let role = message.get("role").ok_or_else(|| serde_json::Error::missing_field("role"))?;
        let known = role.as_str().is_some_and(|role| ROLES.contains(&role));
        let message = Value::Object(message);
        if known {
            serde_json::from_value(message).map(Self::Known)
        } else {
            serde_json::from_value(message).map(Self::Other)
        }
    }
}

/// A message; its `role` says which.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub(super) enum KnownMessage {
    System {
        content: MessageContent,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    User {
        content: MessageContent,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    Assistant {
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<MessageContent>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tool_calls: Option<Vec<ToolCall>>,
        #[serde(alias = "reasoning_content", alias = "thinking", skip_serializing_if = "Option::is_none")]
        reasoning: Option<String>,
    },
    Tool {
        content: MessageContent,
        tool_call_id: String,
    },
    Function {
        content: String,
        name: String,
    },
    Developer {
        content: MessageContent,
        #[serde(skip_serializing_if = "Option::is_none")]
        tools: Option<Vec<Tool>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
}

/// A text, or parts of which not all need be text.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum MessageContent {
    Text(String),
    Parts(Vec<ContentPart>),
}

/// One part of a message's content.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ContentPart {
    Text { text: String },
    ImageUrl { image_url: Source },
    VideoUrl { video_url: Source },
    AudioUrl { audio_url: Source },
    InputAudio { input_audio: Recording },
}

/// Where a picture, film or sound comes from.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Source {
    url: String,
}

/// A sound as base64.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Recording {
    data: String,
}

/// A call that the assistant made.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct ToolCall {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    function: Called,
}

/// The function that was called.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Called {
    name: String,
    #[serde(default)]
    arguments: Option<String>,
}

impl MessageContent {
    /// The texts of its parts, one a line.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Parts(parts) => {
                let texts = parts.iter().filter_map(|part| match part {
                    ContentPart::Text { text } => Some(text.as_str()),
                    _ => None,
                });
                texts.collect::<Vec<_>>().join("\n")
            }
        }
    }

    /// The kind of the first part that is no text.
    fn medium(&self) -> Option<&'static str> {
        let Self::Parts(parts) = self else { return None };
        parts.iter().find_map(|part| match part {
            ContentPart::Text { .. } => None,
            ContentPart::ImageUrl { .. } => Some("image_url"),
            ContentPart::VideoUrl { .. } => Some("video_url"),
            ContentPart::AudioUrl { .. } => Some("audio_url"),
            ContentPart::InputAudio { .. } => Some("input_audio"),
        })
    }
}

impl ChatMessage {
    /// Its content, which an assistant's message may lack.
    fn content(&self) -> Option<&MessageContent> {
        match self {
            Self::Other(message) => Some(&message.content),
            Self::Known(KnownMessage::Assistant { content, .. }) => content.as_ref(),
            Self::Known(KnownMessage::Function { .. }) => None,
            Self::Known(
                KnownMessage::System { content, .. }
                | KnownMessage::User { content, .. }
                | KnownMessage::Tool { content, .. }
                | KnownMessage::Developer { content, .. },
            ) => Some(content),
        }
    }

    /// The tools that a developer's message brings along.
    pub(super) fn tools(&self) -> &[Tool] {
        match self {
            Self::Known(KnownMessage::Developer { tools: Some(tools), .. }) => tools,
            _ => &[],
        }
    }

    /// Whether the assistant says it.
    pub(super) fn is_assistants(&self) -> bool {
        matches!(self, Self::Known(KnownMessage::Assistant { .. }))
    }

    /// Refuses what has a type but no meaning here.
    pub(super) fn check_meaning(&self) -> Result<(), Refusal> {
        match self {
            Self::Known(KnownMessage::Function { .. }) => Err(Refusal::invalid("Function messages are not supported.")),
            Self::Known(KnownMessage::Assistant { content, tool_calls, reasoning, .. }) => {
                if content.as_ref().and_then(MessageContent::medium).is_some() {
                    return Err(Refusal::invalid("Only text content parts are supported for assistant messages."));
                }
                let calls = tool_calls.as_deref().unwrap_or_default();
                if calls.iter().any(|call| call.kind != "function") {
                    return Err(Refusal::invalid("Only function tool calls are supported."));
                }
                if content.is_none() && calls.is_empty() && reasoning.as_ref().is_none_or(String::is_empty) {
                    return Err(Refusal::invalid(
                        "Assistant messages must contain text, reasoning content, or tool_calls.",
                    ));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Refuses what the model or its template cannot take, when the conversation is rendered.
    pub(super) fn check_rendering(&self) -> Result<(), Refusal> {
        if let Some(medium) = self.content().and_then(MessageContent::medium) {
            return Err(Refusal::invalid(format!("unsupported multimodal content: {medium}")));
        }
        let Self::Known(KnownMessage::Assistant { tool_calls: Some(calls), .. }) = self else { return Ok(()) };
        for call in calls {
            let arguments = call.function.arguments.as_deref().unwrap_or("{}");
            if let Err(error) = serde_json::from_str::<Value>(arguments) {
                return Err(Refusal::Server(format!(
                    "failed to submit chat request: chat template error: assistant tool call `{}` has invalid JSON arguments: {error}",
                    call.id
                )));
            }
        }
        Ok(())
    }
}

/// The text of the last message where it is the assistant's: what `echo` repeats.
pub(super) fn last_reply(messages: &[ChatMessage]) -> Option<String> {
    let ChatMessage::Known(KnownMessage::Assistant { content: Some(content), .. }) = messages.last()? else {
        return None;
    };
    Some(content.text()).filter(|text| !text.is_empty())
}

/// There is a message, and the user's have content.
pub(super) fn check_messages(messages: &Vec<ChatMessage>, rules: &mut Violations) {
    let nothing = |message: &ChatMessage| {
        let ChatMessage::Known(KnownMessage::User { content, .. }) = message else { return None };
        match content {
            MessageContent::Text(text) if text.is_empty() => Some("message content cannot be empty"),
            MessageContent::Parts(parts) if parts.is_empty() => Some("message content parts cannot be empty"),
            _ => None,
        }
    };
    if messages.is_empty() {
        rules.custom("messages", messages, "messages cannot be empty");
    } else if let Some(words) = messages.iter().find_map(nothing) {
        rules.custom("messages", messages, words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(messages: &str, expect: &str) {
        let error = serde_json::from_str::<Vec<ChatMessage>>(messages).unwrap_err();
        assert_eq!(error.to_string(), expect);
    }

    /// Recorded, but for the columns, which here count from the list.
    #[test]
    fn errors_in_a_message_stand_behind_its_end() {
        refused(r#"[{"content": "hi"}]"#, "missing field `role` at line 1 column 19");
        refused(r#"[{"role": "user"}]"#, "missing field `content` at line 1 column 18");
        refused(
            r#"[{"role": "user", "content": 3}]"#,
            "data did not match any variant of untagged enum MessageContent at line 1 column 32",
        );
    }

    #[test]
    fn a_message_of_any_role_is_one() {
        let text = r#"[{"role":"robot","content":"hi"},{"role":"user","content":[{"type":"text","text":"a"}]}]"#;
        let messages: Vec<ChatMessage> = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&messages).unwrap(), text);
    }
}
