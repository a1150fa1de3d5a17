//! Shapes: which keys an answer's object has, in which order, and which of them are left out when null.

use std::collections::BTreeMap;

use super::CompatError;

macro_rules! shapes {
    ($($name:ident = $key:literal),+ $(,)?) => {
        /// An object of an answer whose keys depend on the version.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum ShapeName { $($name),+ }

        impl ShapeName {
            const ALL: &[(Self, &'static str)] = &[$((Self::$name, $key)),+];
        }
    };
}

shapes! {
    PromptTokensDetails = "prompt_tokens_details", StreamPromptTokensDetails = "stream_prompt_tokens_details",
    RequestMetrics = "request_metrics", StreamRequestMetrics = "stream_request_metrics",
    Usage = "usage", StreamUsage = "stream_usage", ChatContinuousUsage = "chat_continuous_usage",
    CompletionContinuousUsage = "completion_continuous_usage",
    Chat = "chat", ChatChoice = "chat_choice", ChatMessage = "chat_message",
    ChatChunk = "chat_chunk", ChatFirstChunk = "chat_first_chunk", ChatChunkChoice = "chat_chunk_choice",
    ChatFirstChunkChoice = "chat_first_chunk_choice", ChatLastChunkChoice = "chat_last_chunk_choice", ChatDelta = "chat_delta",
    Completion = "completion", CompletionChoice = "completion_choice", CompletionChunk = "completion_chunk",
    CompletionChunkChoice = "completion_chunk_choice", CompletionLogprobs = "completion_logprobs",
    ResponsesFields = "responses_fields", Response = "response", ResponsesUsage = "responses_usage",
    ResponsesInputDetails = "responses_input_details", ResponsesTool = "responses_tool", ResponsesCall = "responses_call",
    ResponsesReasoning = "responses_reasoning", ResponsesTextFormat = "responses_text_format",
    MessagesFields = "messages_fields", MessagesRoles = "messages_roles", MessagesBlocks = "messages_blocks", MessagesStart = "messages_start", MessagesUsage = "messages_usage",
    MessagesStop = "messages_stop",
    Model = "model", Version = "version",
    GenerateTokens = "generate_tokens", GenerateTokensChoice = "generate_tokens_choice", GenerateTokensChunk = "generate_tokens_chunk",
    Rendered = "rendered", ServerInfo = "server_info",
}

/// One key of a shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) key: String,
    pub(crate) omit_null: bool,
}

/// The keys of one object, in the order in which they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) slots: Vec<Slot>,
}

impl Shape {
    fn parse(keys: &str) -> Self {
        let slots = keys
            .split_whitespace()
            .map(|key| match key.strip_suffix('?') {
                Some(key) => Slot { key: key.to_owned(), omit_null: true },
                None => Slot { key: key.to_owned(), omit_null: false },
            })
            .collect();
        Self { slots }
    }
}

/// All shapes of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shapes(BTreeMap<ShapeName, Shape>);

impl Shapes {
    /// Takes the key lists by name, and refuses a table that lacks a shape or has one that nobody asks for.
    pub(super) fn new(mut keys: BTreeMap<String, String>) -> Result<Self, CompatError> {
        let mut shapes = BTreeMap::new();
        for &(name, text) in ShapeName::ALL {
            let keys = keys.remove(text).ok_or_else(|| CompatError::Missing(text.to_owned()))?;
            shapes.insert(name, Shape::parse(&keys));
        }
        match keys.into_keys().next() {
            Some(unknown) => Err(CompatError::Unknown(unknown)),
            None => Ok(Self(shapes)),
        }
    }

    /// The shape of that name.
    pub(crate) fn get(&self, name: ShapeName) -> &Shape {
        self.0.get(&name).expect("`new` has put every name in")
    }
}
