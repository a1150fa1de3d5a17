//! Reads one response, fed from outside with bytes and instants, and gives the verdict.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};

use super::{
    FinishReason, RequestTimeline, Verdict,
    document::Documents,
    embeddings,
    error_body::error_detail,
    events::{EventReader, EventSink, Whole},
    messages, responses,
};
use crate::{
    plan::{Endpoint, Streaming},
    transport::TransportError,
};

/// Bytes of a whole (not streamed) answer at most.
const MAX_BODY: usize = 64 << 20;

/// Bytes of an error body that are kept to find its message in.
const MAX_ERROR_BODY: usize = 64 << 10;

/// Room for chunks that is reserved at once; longer answers grow it.
const MAX_RESERVED_CHUNKS: u32 = 4096;

/// What a complete answer looks like; see [`LoadPlan::expectation`](crate::LoadPlan::expectation).
#[derive(Debug, Clone, Copy)]
pub struct Expectation {
    /// Which API answers.
    pub endpoint: Endpoint,
    /// Whether the answer is a stream.
    pub streaming: Streaming,
    /// Whether the answer must state its token counts.
    pub usage_due: bool,
    /// How many tokens to expect at most, to reserve room.
    pub tokens_hint: NonZeroU32,
}

/// Which request begins, and when.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    /// Which request of the run, from 0.
    pub index: usize,
    /// When it was due.
    pub scheduled: Duration,
    /// When it is handed to the transport.
    pub started: Duration,
}

/// Whether it is worth reading on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The answer goes on.
    Open,
    /// `[DONE]` has come; what follows can only be the end.
    Complete,
    /// The answer is beyond repair.
    Hopeless,
}

/// How a response ended.
#[derive(Debug, Clone)]
pub enum End {
    /// The body ended as HTTP says.
    Clean,
    /// The transport failed.
    Lost(TransportError),
    /// The whole-request time-out passed.
    Timeout,
    /// The stall time-out passed.
    Stalled,
}

/// Folds one response into a [`RequestTimeline`]: [`headers`](Self::headers), then [`bytes`](Self::bytes) for each read,
/// then [`finish`](Self::finish).
#[derive(Debug)]
pub struct ResponseReader {
    expectation: Expectation,
    timeline: RequestTimeline,
    body: BodyReader,
    /// The first thing that went wrong inside the response.
    fault: Option<(Verdict, String)>,
    documents: Documents,
}

#[derive(Debug)]
enum BodyReader {
    /// Headers have not come yet.
    Waiting,
    Events(Box<EventReader>),
    Whole(Vec<u8>),
    Error(Vec<u8>),
}

impl ResponseReader {
    /// For a request that is about to be sent.
    #[must_use]
    pub fn new(expectation: Expectation, begun: Begun) -> Self {
        let Begun { index, scheduled, started } = begun;
        Self {
            expectation,
            timeline: RequestTimeline::begun(index, scheduled, started, expectation.streaming),
            body: BodyReader::Waiting,
            fault: None,
            documents: Documents::default(),
        }
    }

    /// The transport says how the connection came about.
    pub fn connection(&mut self, connect: Option<Duration>, reused: Option<bool>) {
        self.timeline.connect = connect;
        self.timeline.reused = reused;
    }

    /// The response's headers arrived.
    pub fn headers(&mut self, at: Duration, status: StatusCode, headers: &HeaderMap) {
        self.timeline.headers = Some(at);
        self.timeline.status = Some(status.as_u16());
        if !status.is_success() {
            self.body = BodyReader::Error(Vec::new());
            return;
        }
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_events = content_type.is_none_or(|value| media_type_is(value, "text/event-stream"));
        self.body = match self.expectation.streaming {
            Streaming::On if is_events => {
                let room = self.expectation.tokens_hint.get().min(MAX_RESERVED_CHUNKS);
                self.timeline.chunks.reserve(room as usize);
                BodyReader::Events(Box::default())
            }
            Streaming::On | Streaming::Off => BodyReader::Whole(Vec::new()),
        };
        let wanted = match self.expectation.streaming {
            Streaming::On => "text/event-stream",
            Streaming::Off => "application/json",
        };
        if let Some(content_type) = content_type
            && !media_type_is(content_type, wanted)
        {
            let what = format!("content type is `{content_type}`, expected {wanted}");
            self.fault = Some((Verdict::ProtocolViolation, what));
        }
    }

    /// A piece of the body arrived.
    pub fn bytes(&mut self, at: Duration, bytes: &[u8]) -> Reading {
        match &mut self.body {
            BodyReader::Waiting => Reading::Open,
            BodyReader::Error(body) => {
                let room = MAX_ERROR_BODY.saturating_sub(body.len()).min(bytes.len());
                body.extend_from_slice(&bytes[..room]);
                Reading::Open
            }
            BodyReader::Whole(body) => {
                if MAX_BODY < body.len().saturating_add(bytes.len()) {
                    let what = format!("body of more than {MAX_BODY} bytes");
                    self.fault = Some((Verdict::ProtocolViolation, what));
                    return Reading::Hopeless;
                }
                body.extend_from_slice(bytes);
                Reading::Open
            }
            BodyReader::Events(events) => {
                let EventReader { decoder, fold, done } = &mut **events;
                let mut event = EventSink {
                    at,
                    endpoint: self.expectation.endpoint,
                    fold,
                    done,
                    documents: &mut self.documents,
                    timeline: &mut self.timeline,
                    fault: &mut self.fault,
                };
                let pushed = decoder.push(bytes, |sse| event.take(sse.data, Whole::Yes));
                if let Err(error) = pushed {
                    event.note(Verdict::ProtocolViolation, error.to_string());
                    return Reading::Hopeless;
                }
                if events.done.is_some() { Reading::Complete } else { Reading::Open }
            }
        }
    }

    /// The response ended at `at`.
    #[must_use]
    pub fn finish(mut self, at: Duration, end: End) -> RequestTimeline {
        self.timeline.finished = at;
        self.timeline.marks.clean_end = matches!(end, End::Clean);
        let (verdict, detail) = match std::mem::replace(&mut self.body, BodyReader::Waiting) {
            BodyReader::Waiting => judge_end(end, "no response"),
            BodyReader::Error(body) => (Verdict::Error, Some(error_detail(self.timeline.status, &body))),
            BodyReader::Whole(body) => self.judge_whole(&body, end),
            BodyReader::Events(events) => self.judge_events(*events, at, end),
        };
        let mut timeline = self.timeline;
        timeline.model = self.documents.facts.model.map(Arc::from);
        // a run keeps every one of these to its end
        timeline.chunks.shrink_to_fit();
        timeline.verdict = verdict;
        timeline.detail = detail;
        timeline
    }

    fn judge_events(&mut self, events: EventReader, at: Duration, end: End) -> (Verdict, Option<String>) {
        let EventReader { decoder, mut fold, mut done } = events;
        let mut sink = EventSink {
            at,
            endpoint: self.expectation.endpoint,
            fold: &mut fold,
            done: &mut done,
            documents: &mut self.documents,
            timeline: &mut self.timeline,
            fault: &mut self.fault,
        };
        if let Err(error) = decoder.finish(|sse| sink.take(sse.data, Whole::CutByTheEnd)) {
            sink.note(Verdict::ProtocolViolation, error.to_string());
        }
        if let Some(done) = done {
            // what is waited for afterwards is only the end of the body
            self.timeline.marks.clean_end = true;
            self.timeline.finished = done;
        }
        fold.settle(&mut self.timeline);
        self.timeline.usage = fold.usage();
        self.timeline.finish_reasons = fold.finish_reasons();

        if let Some(fault) = self.fault_or_bad_finish() {
            return fault;
        }
        if done.is_none() {
            return judge_end(end, self.expectation.endpoint.missing_end());
        }
        if let Some(choice) = fold.unfinished() {
            return (Verdict::Truncated, Some(format!("choice {choice} has no finish_reason")));
        }
        self.judge_usage()
    }

    /// The verdict on a whole answer of an API other than chats and completions.
    fn judge_said(&mut self, body: &[u8], end: End) -> (Verdict, Option<String>) {
        let read = match self.expectation.endpoint {
            Endpoint::Responses => responses::whole(body),
            Endpoint::Messages => messages::whole(body),
            _ => embeddings::whole(body),
        };
        let read = read.map(Option::unwrap_or_default);
        if let Ok(said) = &read
            && let Some(message) = &said.error
        {
            return (Verdict::ErrorInBand, Some(message.clone()));
        }
        if let Some((verdict, what)) = self.fault.take() {
            return (verdict, Some(what));
        }
        if !matches!(end, End::Clean) {
            return judge_end(end, "the body ends early");
        }
        let said = match read {
            Ok(said) => said,
            Err(error) => return not_json(body, &error),
        };
        self.documents.facts.model = said.model;
        self.timeline.usage = said.usage;
        if let Some(reason) = said.finish {
            self.timeline.finish_reasons.insert(0, reason);
        }
        if let Some(fault) = self.fault_or_bad_finish() {
            return fault;
        }
        if said.finish.is_none() {
            return (Verdict::Truncated, Some(format!("the answer is no whole one of {}", self.expectation.endpoint)));
        }
        self.judge_usage()
    }

    fn judge_whole(&mut self, body: &[u8], end: End) -> (Verdict, Option<String>) {
        if !matches!(self.expectation.endpoint, Endpoint::Chat | Endpoint::Completions) {
            return self.judge_said(body, end);
        }
        let parsed = self.documents.read(body);
        if parsed.is_ok()
            && let Some(message) = self.documents.facts.error.take()
        {
            return (Verdict::ErrorInBand, Some(message));
        }
        if let Some((verdict, what)) = self.fault.take() {
            return (verdict, Some(what));
        }
        if !matches!(end, End::Clean) {
            return judge_end(end, "the body ends early");
        }
        if let Err(error) = parsed {
            return not_json(body, &error);
        }

        self.timeline.usage = self.documents.facts.usage;
        self.timeline.server_times = self.documents.facts.times.map(Box::new);
        for choice in &self.documents.facts.choices {
            if let Some(reason) = choice.finish_reason {
                self.timeline.finish_reasons.insert(choice.index, reason);
            }
        }
        if let Some(fault) = self.fault_or_bad_finish() {
            return fault;
        }
        if self.documents.facts.choices.is_empty() {
            return (Verdict::ProtocolViolation, Some("the body has no choices".into()));
        }
        if let Some(choice) = self.documents.facts.choices.iter().find(|choice| !choice.has_answer) {
            let what = format!("choice {} has neither `message` nor `text`", choice.index);
            return (Verdict::ProtocolViolation, Some(what));
        }
        if let Some(choice) = self.documents.facts.choices.iter().find(|choice| choice.finish_reason.is_none()) {
            return (Verdict::Truncated, Some(format!("choice {} has no finish_reason", choice.index)));
        }
        self.judge_usage()
    }

    fn fault_or_bad_finish(&mut self) -> Option<(Verdict, Option<String>)> {
        if let Some((verdict, what)) = self.fault.take() {
            return Some((verdict, Some(what)));
        }
        self.timeline.finish_reasons.iter().find_map(|(choice, reason)| match reason {
            FinishReason::Error => {
                Some((Verdict::ErrorInBand, Some(format!("finish_reason of choice {choice} is `error`"))))
            }
            FinishReason::Abort => {
                Some((Verdict::Truncated, Some(format!("finish_reason of choice {choice} is `abort`"))))
            }
            _ => None,
        })
    }

    fn judge_usage(&self) -> (Verdict, Option<String>) {
        let stated = self.timeline.usage.is_some_and(|usage| match self.expectation.endpoint {
            Endpoint::Embeddings => usage.prompt_tokens.is_some(),
            _ => usage.is_complete(),
        });
        if self.expectation.usage_due && !stated {
            return (Verdict::UsageMissing, Some("no complete `usage`; its tokens are unknown".into()));
        }
        (Verdict::Ok, None)
    }
}

fn not_json(body: &[u8], error: &serde_json::Error) -> (Verdict, Option<String>) {
    if body.is_empty() {
        return (Verdict::ProtocolViolation, Some("the body is empty".into()));
    }
    if error.is_eof() {
        return (Verdict::Truncated, Some(format!("the JSON is cut: {error}")));
    }
    (Verdict::ProtocolViolation, Some(format!("the body is not the API's JSON: {error}")))
}

/// The verdict on an answer that is not complete, by how it ended.
fn judge_end(end: End, clean_end_means: &str) -> (Verdict, Option<String>) {
    match end {
        End::Clean => (Verdict::Truncated, Some(clean_end_means.into())),
        End::Timeout => (Verdict::Timeout, Some("the time-out passed".into())),
        End::Stalled => (Verdict::Stalled, Some("the stall time-out passed".into())),
        End::Lost(error) => {
            let verdict = match error {
                TransportError::Body(_) => Verdict::Truncated,
                _ => Verdict::ConnectError,
            };
            (verdict, Some(error.to_string()))
        }
    }
}

fn media_type_is(value: &str, wanted: &str) -> bool {
    let media_type = value.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case(wanted)
}
