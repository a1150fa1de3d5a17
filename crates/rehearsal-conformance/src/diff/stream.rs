//! What of a stream does not change from run to run.

use serde_json::Value;

use super::{comparison::Topic, shape::Shape, words};
use crate::{
    exchange::SentRequest,
    raw::{Event, RawStream, usage_of},
};

impl Shape {
    pub(super) fn stream(&mut self, request: &SentRequest, body: &str) {
        if !request.path.ends_with("/completions") {
            self.named_events(body);
            return;
        }
        let stream = RawStream::read(body.as_bytes());
        let done = matches!(stream.events.last(), Some(Event::Done));
        self.say("", Topic::Streams, "the end".to_owned(), if done { "[DONE]" } else { "no [DONE]" }.to_owned());
        self.usage(request, &stream);
        let chunks: Vec<&Value> = stream.chunks().collect();
        let finishing = chunks.iter().filter(|chunk| !chunk["choices"][0]["finish_reason"].is_null());
        let alone = finishing.map(|chunk| {
            let choice = &chunk["choices"][0];
            choice["delta"].as_object().is_some_and(serde_json::Map::is_empty) || choice["text"] == ""
        });
        self.finish_alone = alone.reduce(|some, other| some && other);
        for chunk in chunks {
            self.chunk(chunk);
        }
    }

    /// Whether usage comes, which is what the request's options ask.
    fn usage(&mut self, request: &SentRequest, stream: &RawStream) {
        let is_error = |chunk: &Value| !chunk["error"].is_null();
        if stream.chunks().any(is_error) {
            self.say("", Topic::Errors, "error".to_owned(), "in the stream".to_owned());
            return;
        }
        let with_usage = stream.choice_chunks().filter(|chunk| usage_of(chunk).is_some()).count();
        let alone = stream.chunks().filter(|chunk| usage_of(chunk).is_some()).count() - with_usage;
        let options = words::stream_options(request);
        let at_the_end = if alone == 0 { "none" } else { "a usage chunk" };
        self.say("", Topic::Usage, format!("{options}: at the end"), at_the_end.to_owned());
        let on_chunks = match with_usage {
            0 => "none",
            all if all == stream.choice_chunks().count() => "usage on each",
            _ => "usage on some",
        };
        self.say("", Topic::Usage, format!("{options}: on the chunks before"), on_chunks.to_owned());
    }

    fn chunk(&mut self, chunk: &Value) {
        let has_error = !chunk["error"].is_null();
        let part = if has_error {
            "error event"
        } else if chunk["choices"].as_array().is_some_and(Vec::is_empty) {
            "usage chunk"
        } else if chunk["choices"][0]["delta"]["role"].is_string() {
            "first chunk"
        } else if chunk["choices"][0]["finish_reason"].is_null() {
            "chunk"
        } else {
            "last chunk"
        };
        if let Some(message) = words::message(&chunk.to_string()).filter(|_| has_error) {
            self.say(part, Topic::Errors, "message".to_owned(), words::quoted(&message));
        }
        let mut chunk = chunk.clone();
        // that it comes at all is told above, with the options that asked for it
        let usage = chunk.get("usage").filter(|usage| usage.is_object()).cloned();
        if let (Some(usage), Some(members)) = (usage, chunk.as_object_mut()) {
            members.shift_remove("usage");
            self.say(part, Topic::Usage, "usage".to_owned(), "present".to_owned());
            self.members(part, Topic::Usage, "usage", &usage);
        }
        self.members(part, if has_error { Topic::Errors } else { Topic::Answers }, "", &chunk);
    }

    /// Responses and messages name their events, each with a `type`.
    fn named_events(&mut self, body: &str) {
        let payloads: Vec<&str> = body.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        let done = payloads.last() == Some(&"[DONE]");
        self.say("", Topic::Streams, "the end".to_owned(), if done { "[DONE]" } else { "no [DONE]" }.to_owned());
        for event in payloads.iter().filter_map(|payload| serde_json::from_str::<Value>(payload).ok()) {
            let name = event["type"].as_str().unwrap_or("without a type").to_owned();
            self.say("", Topic::Streams, format!("event `{name}`"), "sent".to_owned());
            self.members(&format!("event `{name}`"), Topic::Answers, "", &event);
        }
    }
}
