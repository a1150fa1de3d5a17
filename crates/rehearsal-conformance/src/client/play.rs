//! One stream, byte by byte: what is written when, which of it are tokens, and whether the answer is a good one.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rehearsal_load::Script;
use serde_json::{Value, json};

use crate::exchange::SentRequest;

/// The model that is played.
pub(crate) const MODEL: &str = "rehearsal-played";

/// Prompt tokens of every played answer.
pub(crate) const PROMPT_TOKENS: u64 = 12;

/// What a played server does with one request. Instants count from the request's arrival.
#[derive(Debug, Clone)]
#[must_use = "a play does nothing until it is played"]
pub struct Play {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers_at: Duration,
    pub(crate) writes: Vec<Write>,
    pub(crate) end: PlayEnd,
    pub(crate) failure: Option<&'static str>,
    pub(crate) stated: Stated,
    counts: BTreeMap<u32, u64>,
}

/// One write of the body.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub(crate) at: Duration,
    pub(crate) plain: String,
    /// The same, where the request asked for `continuous_usage_stats`.
    pub(crate) counted: String,
    /// Which choice gets how many tokens by it.
    pub(crate) tokens: Option<(u32, u64)>,
}

/// How the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlayEnd {
    /// As HTTP says.
    Clean(Duration),
    /// The connection is lost.
    Reset(Duration),
}

/// What the answer says about its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stated {
    /// How many there are.
    Truly,
    /// Another number.
    Falsely(u64),
    /// Nothing.
    Nothing,
}

/// A play that was played to a request.
#[derive(Debug, Clone)]
pub struct Played {
    pub(crate) play: Arc<Play>,
    pub(crate) request: SentRequest,
    /// When the writes happened, as far as they did.
    pub(crate) written: Vec<Duration>,
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

impl Play {
    /// A stream whose headers come after 10 ms.
    pub(crate) fn stream() -> Self {
        Self {
            status: 200,
            content_type: "text/event-stream; charset=utf-8",
            headers_at: ms(10),
            writes: Vec::new(),
            end: PlayEnd::Clean(ms(10)),
            failure: None,
            stated: Stated::Truly,
            counts: BTreeMap::new(),
        }
    }

    /// A refusal: a status and a JSON body.
    pub(crate) fn refusal(status: u16, at: u64, body: &Value) -> Self {
        let mut play = Self { status, content_type: "application/json", ..Self::stream() };
        play.headers_at = ms(at);
        play.raw(at, &body.to_string()).end(PlayEnd::Clean(ms(at)))
    }

    /// The answer that every case knows: tokens at 300, 400, 500 and 600 ms.
    pub(crate) fn good() -> Self {
        let stream = Self::stream().role(100, 0);
        stream
            .text(300, 0, "one", 1)
            .text(400, 0, " two", 1)
            .text(500, 0, " three", 1)
            .text(600, 0, " four", 1)
            .finish(610, 0)
            .usage(620)
            .done(630)
    }

    /// The chunk that announces the role; no token.
    pub(crate) fn role(self, at: u64, choice: u32) -> Self {
        self.chunk(at, choice, &json!({"role": "assistant", "content": ""}), None, 0)
    }

    /// A chunk of text that holds so many tokens.
    pub(crate) fn text(self, at: u64, choice: u32, text: &str, tokens: u64) -> Self {
        self.chunk(at, choice, &json!({ "content": text }), None, tokens)
    }

    /// A token of reasoning.
    pub(crate) fn reasoning(self, at: u64, choice: u32, text: &str) -> Self {
        self.chunk(at, choice, &json!({ "reasoning": text }), None, 1)
    }

    /// The chunk with the finish reason; no token.
    pub(crate) fn finish(self, at: u64, choice: u32) -> Self {
        self.chunk(at, choice, &json!({}), Some("stop"), 0)
    }

    /// The usage chunk, with what is [`Stated`].
    pub(crate) fn usage(self, at: u64) -> Self {
        let Some(completion) = self.stated_tokens() else { return self };
        let chunk = document(&json!([]), Some(usage(completion)));
        self.event(at, &chunk)
    }

    /// A finish reason and the usage in one chunk, as Dynamo sends them.
    pub(crate) fn finish_with_usage(self, at: u64, choice: u32) -> Self {
        let choices = json!([{"index": choice, "delta": {}, "logprobs": null, "finish_reason": "stop"}]);
        let completion = self.generated();
        self.event(at, &document(&choices, Some(usage(completion))))
    }

    /// `[DONE]`, and the end of the body.
    pub(crate) fn done(self, at: u64) -> Self {
        self.raw(at, "data: [DONE]\n\n").end(PlayEnd::Clean(ms(at)))
    }

    /// An error inside the stream, under HTTP 200, and `[DONE]`, as vLLM ends a stream whose engine died.
    pub(crate) fn error(self, at: u64) -> Self {
        let error = json!({"error": {"message": "EngineCore encountered an issue", "type": "InternalServerError", "param": null, "code": 500}});
        self.event(at, &error).done(at).failing("an error inside the stream")
    }

    /// The end of the body.
    pub(crate) fn end(self, end: PlayEnd) -> Self {
        Self { end, ..self }
    }

    /// Says why this answer is a failure.
    pub(crate) fn failing(self, why: &'static str) -> Self {
        Self { failure: Some(why), ..self }
    }

    /// Says what the answer states of its tokens.
    pub(crate) fn stating(self, stated: Stated) -> Self {
        Self { stated, ..self }
    }

    /// Bytes as they are.
    pub(crate) fn raw(mut self, at: u64, text: &str) -> Self {
        self.writes.push(Write { at: ms(at), plain: text.to_owned(), counted: text.to_owned(), tokens: None });
        self
    }

    /// Every write so far and the end, `factor` times as late.
    pub(crate) fn stretched(mut self, factor: u32) -> Self {
        self.headers_at *= factor;
        for write in &mut self.writes {
            write.at *= factor;
        }
        self.end = match self.end {
            PlayEnd::Clean(at) => PlayEnd::Clean(at * factor),
            PlayEnd::Reset(at) => PlayEnd::Reset(at * factor),
        };
        self
    }

    /// The same bytes with lines that end in CR LF, `data:` without its space, and every event in two writes.
    pub(crate) fn awkward(mut self) -> Self {
        let awkward = |text: &str| text.replace("data: ", "data:").replace('\n', "\r\n");
        let writes = std::mem::take(&mut self.writes);
        for write in writes {
            let (plain, counted) = (awkward(&write.plain), awkward(&write.counted));
            let halves = |text: &str| {
                let (head, tail) = text.split_at(text.floor_char_boundary(text.len() / 2));
                (head.to_owned(), tail.to_owned())
            };
            let ((head, tail), (counted_head, counted_tail)) = (halves(&plain), halves(&counted));
            // the token is there when its event is whole
            self.writes.push(Write { at: write.at, plain: head, counted: counted_head, tokens: None });
            self.writes.push(Write { at: write.at, plain: tail, counted: counted_tail, tokens: write.tokens });
        }
        self
    }

    /// Output tokens in all.
    pub(crate) fn generated(&self) -> u64 {
        self.writes.iter().filter_map(|write| write.tokens).map(|(_, tokens)| tokens).sum()
    }

    /// The same for the client in this process.
    pub(crate) fn script(&self, counted: bool) -> Script {
        let mut script = Script::new(self.headers_at, self.status, self.content_type);
        for write in &self.writes {
            script = script.bytes(write.at, write.text(counted));
        }
        match self.end {
            PlayEnd::Clean(at) => script.end(at),
            PlayEnd::Reset(at) => script.reset(at),
        }
    }

    fn stated_tokens(&self) -> Option<u64> {
        match self.stated {
            Stated::Truly => Some(self.generated()),
            Stated::Falsely(count) => Some(count),
            Stated::Nothing => None,
        }
    }

    fn chunk(mut self, at: u64, choice: u32, delta: &Value, finish: Option<&str>, tokens: u64) -> Self {
        let count = self.counts.entry(choice).or_default();
        *count += tokens;
        let counted = usage(*count);
        let choices = json!([{"index": choice, "delta": delta, "logprobs": null, "finish_reason": finish}]);
        let plain = event(&document(&choices, None));
        let counted = match self.stated {
            Stated::Truly => event(&document(&choices, Some(counted))),
            _ => plain.clone(),
        };
        let tokens = (0 < tokens).then_some((choice, tokens));
        self.writes.push(Write { at: ms(at), plain, counted, tokens });
        self
    }

    fn event(self, at: u64, document: &Value) -> Self {
        self.raw(at, &event(document))
    }
}

impl Write {
    /// What is written to a request that asked for continuous usage, or did not.
    pub(crate) fn text(&self, counted: bool) -> &str {
        if counted { &self.counted } else { &self.plain }
    }
}

impl Played {
    /// When each write that carries tokens happened, which choice it belongs to and how many tokens it holds. What the client did not wait for
    /// counts as planned.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = (Duration, u32, u64)> {
        self.play.writes.iter().enumerate().filter_map(|(index, write)| {
            let (choice, tokens) = write.tokens?;
            Some((self.written.get(index).copied().unwrap_or(write.at), choice, tokens))
        })
    }
}

/// Whether a request asks for the counts in every chunk.
pub(crate) fn asks_for_counts(body: Option<&Value>) -> bool {
    let asked = body.and_then(|body| body.pointer("/stream_options/continuous_usage_stats"));
    asked.and_then(Value::as_bool).unwrap_or(false)
}

fn usage(completion: u64) -> Value {
    json!({"prompt_tokens": PROMPT_TOKENS, "total_tokens": PROMPT_TOKENS + completion, "completion_tokens": completion})
}

fn document(choices: &Value, usage: Option<Value>) -> Value {
    let mut document = json!({"id": "chatcmpl-played", "object": "chat.completion.chunk", "created": 1_766_400_000, "model": MODEL, "choices": choices});
    if let Some(usage) = usage {
        document["usage"] = usage;
    }
    document
}

fn event(document: &Value) -> String {
    format!("data: {document}\n\n")
}
