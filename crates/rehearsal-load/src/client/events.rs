//! Where the events of a stream go: errors, the end, and chunks.

use std::time::Duration;

use super::{RequestTimeline, Verdict, document::Documents, messages, responses, stream_fold::StreamFold};
use crate::{plan::Endpoint, sse::SseDecoder};

/// The state of a stream that is being read.
#[derive(Debug, Default)]
pub(super) struct EventReader {
    pub(super) decoder: SseDecoder,
    pub(super) fold: StreamFold,
    /// When `[DONE]` arrived, or the event that ends a stream of typed events.
    pub(super) done: Option<Duration>,
}

/// Whether an event had its blank line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    Yes,
    CutByTheEnd,
}

/// Where the events of one read go.
pub(super) struct EventSink<'a> {
    pub(super) at: Duration,
    pub(super) endpoint: Endpoint,
    pub(super) fold: &'a mut StreamFold,
    pub(super) done: &'a mut Option<Duration>,
    pub(super) documents: &'a mut Documents,
    pub(super) timeline: &'a mut RequestTimeline,
    pub(super) fault: &'a mut Option<(Verdict, String)>,
}

impl EventSink<'_> {
    pub(super) fn take(&mut self, data: &[u8], whole: Whole) {
        let data = data.trim_ascii();
        if data.is_empty() {
            return;
        }
        let has_typed_events = matches!(self.endpoint, Endpoint::Responses | Endpoint::Messages);
        if self.done.is_some() {
            if has_typed_events && data == b"[DONE]" {
                // vLLM 0.13 ends messages twice
                return;
            }
            return self.note(Verdict::ProtocolViolation, "data after [DONE]".into());
        }
        if data == b"[DONE]" {
            *self.done = Some(self.at);
            return;
        }
        if has_typed_events {
            return self.take_typed(data, whole);
        }
        if let Err(error) = self.documents.read(data) {
            // half an event at the end of the stream is a cut, which the missing [DONE] already says
            if whole == Whole::Yes {
                self.note(Verdict::ProtocolViolation, format!("event is not the API's JSON: {error}"));
            }
            return;
        }
        self.timeline.marks.last_event = Some(self.at);
        if let Some(message) = self.documents.facts.error.take() {
            return self.note(Verdict::ErrorInBand, message);
        }
        if let Some(times) = self.documents.facts.times {
            self.timeline.server_times = Some(Box::new(times));
        }
        if let Err(what) = self.fold.take(self.at, &self.documents.facts, self.timeline) {
            self.note(Verdict::ProtocolViolation, what);
        }
    }

    fn take_typed(&mut self, data: &[u8], whole: Whole) {
        let read = match self.endpoint {
            Endpoint::Responses => responses::event(data),
            _ => messages::event(data),
        };
        let mut said = match read {
            Ok(said) => said,
            Err(_) if whole == Whole::CutByTheEnd => return,
            Err(error) => {
                return self.note(Verdict::ProtocolViolation, format!("event is not the API's JSON: {error}"));
            }
        };
        self.timeline.marks.last_event = Some(self.at);
        if let Some(model) = said.model.take() {
            self.documents.facts.model.get_or_insert(model);
        }
        if let Some(message) = said.error.take() {
            return self.note(Verdict::ErrorInBand, message);
        }
        if let Err(what) = self.fold.take_said(self.at, &said, self.timeline) {
            return self.note(Verdict::ProtocolViolation, what);
        }
        if said.is_end {
            *self.done = Some(self.at);
        }
    }

    /// The first fault stays.
    pub(super) fn note(&mut self, verdict: Verdict, what: String) {
        if self.fault.is_none() {
            *self.fault = Some((verdict, what));
        }
    }
}
