//! The part of the API's JSON that a timeline needs, parsed without building the rest.
//!
//! Hand-written visitors, because this is the hot path: a chunk of a stream costs no allocation. The same code reads
//! stream chunks and whole answers; unknown fields are skipped, fields of the wrong type are errors.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{FinishReason, ServerTimes, TokenUsage, server_times::ServerTimesWire, usage::UsageWire};

/// What one JSON document says. Reused from chunk to chunk.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Facts {
    pub(super) choices: Vec<ChoiceFacts>,
    /// Whether there is a `choices` array at all.
    pub(super) has_choices: bool,
    pub(super) usage: Option<TokenUsage>,
    /// The server's `metrics` of the request.
    pub(super) times: Option<ServerTimes>,
    /// The message of an error object.
    pub(super) error: Option<String>,
    /// Kept from the first document that states it.
    pub(super) model: Option<String>,
    is_error_object: bool,
    message: Option<String>,
}

/// One entry of `choices`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct ChoiceFacts {
    pub(super) index: u32,
    pub(super) has_role: bool,
    /// `text` of the completions API.
    pub(super) text: Presence,
    pub(super) content: Presence,
    pub(super) reasoning: Presence,
    pub(super) tool_calls: Presence,
    pub(super) finish_reason: Option<FinishReason>,
    /// Whether there is a `message`, a `delta` or a `text` at all.
    pub(super) has_answer: bool,
}

/// Whether a field is there, and whether anything is in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Presence {
    /// Missing or null.
    #[default]
    Absent,
    /// An empty string.
    Empty,
    /// Something.
    Filled,
}

impl ChoiceFacts {
    /// Whether anything can be read in it.
    pub(super) fn has_text(&self) -> bool {
        [self.text, self.content, self.reasoning, self.tool_calls].contains(&Presence::Filled)
    }
}

impl Facts {
    /// Reads one document in place of the last one; only the model's name stays.
    pub(super) fn read(&mut self, json: &[u8]) -> Result<(), serde_json::Error> {
        self.clear();
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        (&mut *self).deserialize(&mut deserializer)?;
        deserializer.end()?;
        if self.is_error_object && self.error.is_none() {
            self.error = Some(self.message.take().unwrap_or_else(|| "error object without a message".into()));
        }
        Ok(())
    }

    /// Reads the value of `choices` of a document that says nothing else of interest.
    pub(super) fn read_choices(&mut self, json: &[u8]) -> Result<(), serde_json::Error> {
        self.clear();
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        self.has_choices = Choices(&mut self.choices).deserialize(&mut deserializer)?;
        deserializer.end()
    }

    fn clear(&mut self) {
        self.choices.clear();
        self.has_choices = false;
        self.usage = None;
        self.times = None;
        self.error = None;
        self.is_error_object = false;
        self.message = None;
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum DocumentKey {
    Choices,
    Usage,
    Metrics,
    Error,
    Model,
    Object,
    Message,
    #[serde(other)]
    Other,
}

impl<'de> DeserializeSeed<'de> for &mut Facts {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Facts {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object with `choices`, `usage` or `error`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key()? {
            match key {
                DocumentKey::Choices => {
                    self.has_choices = map.next_value_seed(Choices(&mut self.choices))?;
                }
                DocumentKey::Usage => self.usage = map.next_value::<Option<UsageWire>>()?.map(TokenUsage::from),
                // another server may mean something else by the name
                DocumentKey::Metrics => {
                    let metrics = map.next_value::<serde_json::Value>()?;
                    self.times = serde_json::from_value::<ServerTimesWire>(metrics).ok().map(ServerTimes::from);
                }
                DocumentKey::Error => self.error = map.next_value::<ErrorText>()?.0,
                DocumentKey::Model if self.model.is_none() => self.model = map.next_value()?,
                // vLLM before 0.11 puts the fields of an error at the top, beside `"object": "error"`
                DocumentKey::Object => self.is_error_object = map.next_value::<Word>()?.is("error"),
                DocumentKey::Message => self.message = map.next_value::<ErrorText>()?.0,
                DocumentKey::Model | DocumentKey::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Reads the array into a vector that keeps its memory; says whether it was there (and not null).
struct Choices<'a>(&'a mut Vec<ChoiceFacts>);

impl<'de> DeserializeSeed<'de> for Choices<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Choices<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of choices")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        self.0.clear();
        while let Some(choice) = seq.next_element()? {
            self.0.push(choice);
        }
        Ok(true)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum ChoiceKey {
    Index,
    Delta,
    Message,
    Text,
    FinishReason,
    #[serde(other)]
    Other,
}

impl<'de> Deserialize<'de> for ChoiceFacts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ChoiceVisitor)
    }
}

struct ChoiceVisitor;

impl<'de> Visitor<'de> for ChoiceVisitor {
    type Value = ChoiceFacts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a choice")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ChoiceFacts, A::Error> {
        let mut facts = ChoiceFacts::default();
        while let Some(key) = map.next_key()? {
            match key {
                ChoiceKey::Index => facts.index = map.next_value()?,
                ChoiceKey::Delta | ChoiceKey::Message => facts.has_answer |= map.next_value_seed(Delta(&mut facts))?,
                ChoiceKey::Text => {
                    facts.text = map.next_value()?;
                    facts.has_answer |= facts.text != Presence::Absent;
                }
                ChoiceKey::FinishReason => {
                    facts.finish_reason = map.next_value::<Word>()?.finish_reason();
                }
                ChoiceKey::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(facts)
    }
}

/// Reads a `delta` or a `message`; says whether it was there.
struct Delta<'a>(&'a mut ChoiceFacts);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum DeltaKey {
    Role,
    Content,
    Refusal,
    Reasoning,
    ReasoningContent,
    ToolCalls,
    FunctionCall,
    #[serde(other)]
    Other,
}

impl<'de> DeserializeSeed<'de> for Delta<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Delta<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a delta or a message")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let facts = self.0;
        while let Some(key) = map.next_key()? {
            // a field under two names (both `reasoning` and `reasoning_content` in vLLM 0.13) counts once
            let field = match key {
                DeltaKey::Role => {
                    facts.has_role |= map.next_value::<Presence>()? != Presence::Absent;
                    continue;
                }
                DeltaKey::Content | DeltaKey::Refusal => &mut facts.content,
                DeltaKey::Reasoning | DeltaKey::ReasoningContent => &mut facts.reasoning,
                DeltaKey::ToolCalls | DeltaKey::FunctionCall => &mut facts.tool_calls,
                DeltaKey::Other => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *field = (*field).max(map.next_value()?);
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PresenceVisitor)
    }
}

struct PresenceVisitor;

impl<'de> Visitor<'de> for PresenceVisitor {
    type Value = Presence;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, an array, an object or null")
    }

    fn visit_unit<E>(self) -> Result<Presence, E> {
        Ok(Presence::Absent)
    }

    fn visit_str<E>(self, text: &str) -> Result<Presence, E> {
        Ok(if text.is_empty() { Presence::Empty } else { Presence::Filled })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Presence, A::Error> {
        // `"tool_calls": []` says that there are none
        let mut presence = Presence::Absent;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            presence = Presence::Filled;
        }
        Ok(presence)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Presence, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Presence::Filled)
    }
}

/// A short word that is compared at once and not kept.
enum Word {
    Absent,
    Error,
    Finish(FinishReason),
}

impl Word {
    fn is(&self, word: &str) -> bool {
        word == "error" && matches!(self, Self::Error)
    }

    fn finish_reason(self) -> Option<FinishReason> {
        match self {
            Self::Absent => None,
            Self::Error => Some(FinishReason::Error),
            Self::Finish(reason) => Some(reason),
        }
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordVisitor)
    }
}

struct WordVisitor;

impl Visitor<'_> for WordVisitor {
    type Value = Word;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word or null")
    }

    fn visit_unit<E>(self) -> Result<Word, E> {
        Ok(Word::Absent)
    }

    fn visit_str<E>(self, word: &str) -> Result<Word, E> {
        Ok(if word == "error" { Word::Error } else { Word::Finish(FinishReason::from_wire(word)) })
    }
}

/// The message inside whatever a server puts under `error`: `{"message": …}`, a string, or something else.
pub(super) struct ErrorText(pub(super) Option<String>);

impl<'de> Deserialize<'de> for ErrorText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(Self(match value {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(text),
            other => Some(match other.get("message").and_then(serde_json::Value::as_str) {
                Some(message) => message.to_owned(),
                None => other.to_string(),
            }),
        }))
    }
}
