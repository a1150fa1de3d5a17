//! A generated request: an endpoint, a prompt and some parameters, and how they are written as JSON.

use serde_json::{Value, json};

use crate::{
    call::{Endpoint, overlaid},
    salt::Salt,
};

/// A request as it is generated and shrunk: fewer fields, a shorter prompt and completions are simpler.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    /// The parameters in order; of two of the same name the later one counts.
    pub(super) fields: Vec<Field>,
    /// What the stream of the pair asks about its usage.
    pub(super) options: Options,
    /// What the model is given.
    pub(super) prompt: Prompt,
    /// Where it is sent.
    pub(super) endpoint: Endpoint,
}

/// What the model is given. Where an endpoint or server does not take the kind, it is a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Prompt {
    /// A text of so many words; in a chat the only message.
    Text(usize),
    /// So many token ids, of completions only.
    Ids(usize),
    /// Several texts, of completions only.
    Texts(Vec<usize>),
    /// Several lists of token ids, of completions only.
    IdLists(Vec<usize>),
    /// A system message, an earlier turn, and a message of so many words, of chats only.
    Turns(usize),
    /// An image and so many words, of chats only.
    Image(usize),
}

/// `stream_options` of the streamed request of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Options {
    /// `include_usage`.
    Include,
    /// `include_usage` and vLLM's `continuous_usage_stats`.
    Continuous,
    /// None at all.
    Absent,
    /// `include_usage: false`.
    NotIncluded,
}

/// One parameter, or two that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field {
    MaxTokens(u64),
    MaxCompletionTokens(u64),
    MinTokens(u64),
    N(u64),
    IgnoreEos,
    /// In tenths.
    Temperature(u64),
    Seed(u64),
    TopP,
    Penalty,
    /// A stop string out of the text that the same request gets without it: so many characters, after so many.
    Stop {
        after: usize,
        length: usize,
    },
    /// The same, as the second of a list.
    Stops {
        after: usize,
        length: usize,
    },
    /// A stop token out of the same request's ids without it: the one after so many.
    StopToken {
        after: usize,
    },
    IncludeStop,
    Logprobs(u64),
    ReturnTokenIds,
    Echo,
    LogitBias(u32),
    /// vLLM's, of 0.27.1 and later.
    StreamInterval(u64),
    Tools(&'static str),
    User,
    /// A value that a server may refuse: only as the client's fault.
    Odd(&'static str, &'static str),
}

/// What the same request says without the parameters that are made out of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Own {
    pub(super) text: String,
    pub(super) ids: Vec<u64>,
}

/// What can be asked of a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Menu {
    /// vLLM's own parameters.
    pub(super) vllm: bool,
    /// Prompts of token ids.
    pub(super) ids: bool,
}

/// A limit where there is none, or null: a chat would fill the context, and so would a completion of a server without the default of 16.
const LIMIT: u64 = 8;

impl Request {
    /// The JSON body, unstreamed. `prompt` seeds the prompt's words and ids.
    pub(super) fn body(&self, model: &str, menu: Menu, own: &Own, salt: Salt, name: &str) -> Value {
        let (key, prompt) = self.prompt.json(self.endpoint, menu, salt, name);
        let mut body = json!({"model": model, key: prompt});
        for field in self.fields.iter().filter(|field| field.fits(self.endpoint, menu)) {
            body = overlaid(body, &field.members(self.endpoint, own));
        }
        let limited = ["max_tokens", "max_completion_tokens"]
            .iter()
            .any(|name| body.get(*name).is_some_and(|limit| !limit.is_null()));
        let limited = limited || (self.endpoint == Endpoint::Completions && menu.vllm);
        if !limited {
            body["max_tokens"] = json!(LIMIT);
        }
        body
    }

    /// Whether a parameter is made out of what the request says without it.
    pub(super) fn needs_own(&self) -> bool {
        self.fields.iter().any(Field::is_own)
    }

    /// The request that tells what this one says: a single answer, of the text that is sampled and no other.
    pub(super) fn without_own(&self) -> Self {
        let shapes = |field: &&Field| {
            !field.is_own() && !matches!(field, Field::N(_) | Field::Echo | Field::IncludeStop | Field::Odd(..))
        };
        Self { fields: self.fields.iter().filter(shapes).cloned().collect(), ..self.clone() }
    }

    /// `stream_options`, where there are any.
    pub(super) fn stream_options(&self, menu: Menu) -> Option<Value> {
        match self.options {
            Options::Continuous if menu.vllm => Some(json!({"include_usage": true, "continuous_usage_stats": true})),
            Options::Include | Options::Continuous => Some(json!({"include_usage": true})),
            Options::Absent => None,
            Options::NotIncluded => Some(json!({"include_usage": false})),
        }
    }
}

impl Field {
    fn is_own(&self) -> bool {
        matches!(self, Self::Stop { .. } | Self::Stops { .. } | Self::StopToken { .. })
    }

    /// Whether the endpoint and the server have it.
    fn fits(&self, endpoint: Endpoint, menu: Menu) -> bool {
        match self {
            Self::MaxCompletionTokens(_) | Self::Tools(_) => endpoint == Endpoint::Chat,
            Self::Echo => endpoint == Endpoint::Completions,
            Self::MinTokens(_)
            | Self::IgnoreEos
            | Self::StopToken { .. }
            | Self::IncludeStop
            | Self::ReturnTokenIds
            | Self::StreamInterval(_) => menu.vllm,
            _ => true,
        }
    }

    fn members(&self, endpoint: Endpoint, own: &Own) -> Value {
        match self {
            Self::MaxTokens(tokens) => json!({"max_tokens": tokens}),
            Self::MaxCompletionTokens(tokens) => json!({"max_completion_tokens": tokens}),
            Self::MinTokens(tokens) => json!({"min_tokens": tokens}),
            Self::N(choices) => json!({"n": choices}),
            Self::IgnoreEos => json!({"ignore_eos": true}),
            Self::Temperature(0) => json!({"temperature": 0}),
            #[expect(clippy::cast_precision_loss, reason = "tenths up to 15")]
            Self::Temperature(tenths) => json!({"temperature": *tenths as f64 / 10.0}),
            Self::Seed(seed) => json!({"seed": seed}),
            Self::TopP => json!({"top_p": 0.5}),
            Self::Penalty => json!({"presence_penalty": 0.5}),
            Self::Stop { after, length } => own.piece(*after, *length).map_or(json!({}), |stop| json!({"stop": stop})),
            Self::Stops { after, length } => {
                own.piece(*after, *length).map_or(json!({}), |stop| json!({"stop": ["\u{a7}\u{a7}", stop]}))
            }
            Self::StopToken { after } => own.ids.get(*after).map_or(json!({}), |id| json!({"stop_token_ids": [id]})),
            Self::IncludeStop => json!({"include_stop_str_in_output": true}),
            Self::Logprobs(0) if endpoint == Endpoint::Chat => json!({"logprobs": true}),
            Self::Logprobs(top) if endpoint == Endpoint::Chat => json!({"logprobs": true, "top_logprobs": top}),
            Self::Logprobs(top) => json!({"logprobs": top}),
            Self::ReturnTokenIds => json!({"return_token_ids": true}),
            Self::Echo => json!({"echo": true}),
            Self::LogitBias(id) => json!({"logit_bias": {id.to_string(): 100}}),
            Self::StreamInterval(tokens) => json!({"stream_interval": tokens}),
            Self::Tools(choice) => json!({"tools": [tool()], "tool_choice": choice}),
            Self::User => json!({"user": "rehearsal"}),
            Self::Odd(name, value) => json!({*name: serde_json::from_str::<Value>(value).unwrap_or_default()}),
        }
    }
}

impl Own {
    /// `length` characters after `after`; fewer at the end, none where nothing is left.
    fn piece(&self, after: usize, length: usize) -> Option<String> {
        let piece: String = self.text.chars().skip(after).take(length).collect();
        (!piece.is_empty()).then_some(piece)
    }
}

impl Prompt {
    fn json(&self, endpoint: Endpoint, menu: Menu, salt: Salt, name: &str) -> (&'static str, Value) {
        let text = |words: usize, of: &str| salt.words(&format!("{name} {of}"), words);
        let ids = |count: usize, of: &str| salt.ids(&format!("{name} {of}"), count);
        let each = |lengths: &[usize], one: &dyn Fn(usize, &str) -> Value| {
            lengths.iter().enumerate().map(|(at, length)| one(*length, &at.to_string())).collect::<Value>()
        };
        let words = match self {
            Self::Text(words) | Self::Turns(words) | Self::Image(words) => *words,
            Self::Ids(count) => count.div_ceil(4),
            Self::Texts(lengths) | Self::IdLists(lengths) => lengths.first().copied().unwrap_or(1),
        };
        let message = |content: Value| json!({"role": "user", "content": content});
        match endpoint {
            Endpoint::Chat => {
                let messages = match self {
                    Self::Turns(_) => json!([
                        {"role": "system", "content": "Answer briefly."},
                        message(json!("Name a prime.")),
                        {"role": "assistant", "content": "Seven is prime."},
                        message(json!(text(words, ""))),
                    ]),
                    Self::Image(_) => json!([message(json!([
                        {"type": "image_url", "image_url": {"url": IMAGE}},
                        {"type": "text", "text": text(words, "")},
                    ]))]),
                    _ => json!([message(json!(text(words, "")))]),
                };
                ("messages", messages)
            }
            Endpoint::Completions => {
                let prompt = match self {
                    Self::Ids(count) if menu.ids => json!(ids(*count, "")),
                    Self::IdLists(lengths) if menu.ids => each(lengths, &|count, of| json!(ids(count, of))),
                    Self::Texts(lengths) => each(lengths, &|words, of| json!(text(words, of))),
                    _ => json!(text(words, "")),
                };
                ("prompt", prompt)
            }
        }
    }
}

fn tool() -> Value {
    json!({"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {"word": {"type": "string"}}}}})
}

/// A plain square of 56 × 56 pixels, two patches of a Qwen2.5-VL each way.
const IMAGE: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAADgAAAA4CAIAAAAn5KxJAAAARElEQVR42u3OQQkAAAgEsGtmNKNZzYcphMECLF3zQkRFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRUVFRc8CB+g8Tw3SuTsAAAAASUVORK5CYII=";
