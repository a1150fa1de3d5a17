//! What a case works with: it asks the target, judges what it sees, and every exchange is kept as evidence.

mod judging;

use std::time::Duration;

use futures_util::future::join_all;
use rand_chacha::ChaCha12Rng;
use serde_json::{Value, json};

pub use self::judging::KnownBug;
use self::judging::shown;
use crate::{
    call::{ABSENT, Call, Endpoint, overlaid},
    carrier::{NoAnswer, carry, carry_until, pause},
    check::Feature,
    exchange::{Exchange, SeenResponse, SentRequest},
    openai_spec::foreign,
    profile::ServerProfile,
    raw::{Answer, BodyEnd, Event, RawStream, Samples, UsageCounts, usage_of},
    report::Finding,
    salt::Salt,
    survey::Facts,
    target::{ServerFlag, Target},
    verdict::Level,
};

/// The contexts that are filled: shorter ones hold no prompt, longer ones are not worth their prefill.
const CONTEXTS: std::ops::RangeInclusive<usize> = 8..=262_144;

/// A server's counters follow its answers a moment later: so often are they asked for, with this pause in between. After an abort a real
/// server was seen to be idle within 3 s.
const SCRAPES: usize = 60;
const BETWEEN_SCRAPES: Duration = Duration::from_millis(50);

/// Why a case ended before its last line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The answer is not of the kind that the case needs: the expectation is missed.
    Missed {
        /// What the answer was to.
        about: String,
        /// What was needed.
        expected: String,
        /// What came.
        seen: String,
    },
    /// A precondition does not hold.
    Skipped(String),
    /// The server does not have what the case is about.
    Unimplemented(String),
    /// The answers do not allow a judgement.
    Inconclusive(String),
    /// The server cannot be reached any more.
    Unreachable(String),
}

/// One case's conversation with the target.
#[derive(Debug)]
pub struct Session<'t> {
    target: &'t Target,
    facts: &'t Facts,
    profile: ServerProfile,
    salt: Salt,
    id: &'static str,
    level: Level,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) findings: Vec<Finding>,
}

/// Asking.
impl<'t> Session<'t> {
    pub(crate) fn new(
        target: &'t Target,
        facts: &'t Facts,
        profile: ServerProfile,
        salt: Salt,
        (id, level): (&'static str, Level),
    ) -> Self {
        Self { target, facts, profile, salt, id, level, exchanges: Vec::new(), findings: Vec::new() }
    }

    /// The profile whose expectations hold.
    #[must_use]
    pub fn profile(&self) -> ServerProfile {
        self.profile
    }

    /// What the server said about itself.
    #[must_use]
    pub fn facts(&self) -> &'t Facts {
        self.facts
    }

    /// Whether the server's owner said that it was started with this flag.
    #[must_use]
    pub fn started_with(&self, flag: ServerFlag) -> bool {
        self.target.flags.contains(&flag)
    }

    /// The generating endpoints that the server has, chat first.
    pub fn endpoints(&self) -> Result<Vec<Endpoint>, Stop> {
        let there = |endpoint: &Endpoint| match endpoint {
            Endpoint::Chat => self.facts.lacks(Feature::Chat).is_none(),
            Endpoint::Completions => self.facts.lacks(Feature::Completions).is_none(),
        };
        let endpoints: Vec<Endpoint> = Endpoint::ALL.into_iter().filter(there).collect();
        if endpoints.is_empty() {
            return Err(Stop::Unimplemented("neither chat nor completions".into()));
        }
        Ok(endpoints)
    }

    /// The context length (`max_model_len`), where prompts of that many ids are worth sending.
    pub(crate) fn context_length(&self) -> Result<usize, Stop> {
        let said = self.facts.max_model_len.ok_or_else(|| Stop::Skipped("/v1/models gives no max_model_len".into()))?;
        let length = usize::try_from(said).ok().filter(|length| CONTEXTS.contains(length));
        length.ok_or_else(|| {
            let (least, most) = (CONTEXTS.start(), CONTEXTS.end());
            Stop::Skipped(format!("max_model_len is {said}, and prompts of {least} to {most} ids are sent"))
        })
    }

    pub(crate) fn salt(&self) -> Salt {
        self.salt
    }

    pub(crate) fn declared_eos(&self) -> Option<u32> {
        self.target.eos_token
    }

    /// `count` token ids of this case and run; another `name` gives others.
    #[must_use]
    pub fn prompt_ids(&self, name: &str, count: usize) -> Vec<u32> {
        self.salt.ids(&format!("{} {name}", self.id), count)
    }

    /// A user message of this case and run.
    #[must_use]
    pub fn prompt_text(&self) -> String {
        self.salt.text(self.id)
    }

    /// A generator of this case and run; another `name` gives another.
    pub(crate) fn random(&self, name: &str) -> ChaCha12Rng {
        self.salt.random(&format!("{} {name}", self.id))
    }

    /// The body of a small request: this run's model and prompt, temperature 0, and what `over` puts in. A member set to
    /// [`ABSENT`](crate::ABSENT) is left out; so is `ignore_eos` for a server that is held to OpenAI's API, which has to do without:
    /// answers as short as a case's hardly ever end by themselves.
    #[must_use]
    pub fn body(&self, endpoint: Endpoint, over: &Value) -> Value {
        let model = &self.facts.model;
        let base = match endpoint {
            Endpoint::Chat => json!({
                "model": model,
                "messages": [{"role": "user", "content": self.prompt_text()}],
                "temperature": 0,
            }),
            Endpoint::Completions => {
                let ids = self.facts.lacks(Feature::TokenIdPrompts).is_none();
                let prompt = if ids { json!(self.prompt_ids("", 9)) } else { json!(self.prompt_text()) };
                json!({"model": model, "prompt": prompt, "temperature": 0})
            }
        };
        let body = overlaid(base, over);
        if self.profile.is_vllm() { body } else { overlaid(body, &json!({"ignore_eos": ABSENT})) }
    }

    /// Sends a request and waits for its whole answer, whatever it is. A server that is held to OpenAI's API is not sent what that API
    /// does not have.
    pub async fn ask(&mut self, call: Call) -> Result<Answer, Stop> {
        self.may_send(&call)?;
        let answered = carry(self.target, &call).await;
        self.keep(&call, answered)
    }

    /// Sends requests at the same time and waits for all their answers, which come in the order of the requests.
    pub async fn ask_together(&mut self, calls: Vec<Call>) -> Result<Vec<Answer>, Stop> {
        calls.iter().try_for_each(|call| self.may_send(call))?;
        let answered = join_all(calls.iter().map(|call| carry(self.target, call))).await;
        calls.iter().zip(answered).map(|(call, answered)| self.keep(call, answered)).collect()
    }

    /// Sends a request and closes the connection once there is `enough` of the answer's body.
    pub async fn hang_up(&mut self, call: Call, enough: impl Fn(&[u8]) -> bool) -> Result<Answer, Stop> {
        self.may_send(&call)?;
        let answered = carry_until(self.target, &call, enough).await;
        self.keep(&call, answered)
    }

    /// The server's metrics as soon as `settled` holds of them; as they are after a few seconds where it never does. Of the exchanges only the
    /// last is kept.
    pub async fn metrics_when(&mut self, settled: impl Fn(&Samples) -> bool) -> Result<Samples, Stop> {
        for _ in 1..SCRAPES {
            let samples = self.metrics().await?;
            if settled(&samples) {
                return Ok(samples);
            }
            self.exchanges.pop();
            pause(BETWEEN_SCRAPES).await;
        }
        self.metrics().await
    }

    /// The server's metrics.
    pub async fn metrics(&mut self) -> Result<Samples, Stop> {
        let answer = self.ask(Call::get("/metrics")).await?;
        Ok(Samples::read(&answer.text()))
    }

    fn may_send(&self, call: &Call) -> Result<(), Stop> {
        match foreign(call).filter(|_| self.profile == ServerProfile::OpenAiSpec) {
            Some(what) => Err(Stop::Skipped(what)),
            None => Ok(()),
        }
    }

    /// Keeps an exchange as evidence. Only an answer that ended by itself, or by the case's will, is one.
    fn keep(&mut self, call: &Call, answered: Result<Answer, NoAnswer>) -> Result<Answer, Stop> {
        let about = format!("{} {}", call.method, call.path);
        let response = answered.as_ref().ok().map(SeenResponse::of);
        self.exchanges.push(Exchange { request: SentRequest::of(call), response });

        let expected = "a whole answer".to_owned();
        let answer = match answered {
            Ok(answer) => answer,
            Err(NoAnswer::Unreachable(reason)) => return Err(Stop::Unreachable(reason)),
            Err(NoAnswer::Silent(seen)) => return Err(Stop::Missed { about, expected, seen }),
        };
        match &answer.end {
            BodyEnd::Complete | BodyEnd::HungUp => Ok(answer),
            BodyEnd::Lost { error } => Err(Stop::Missed { about, expected, seen: error.clone() }),
            BodyEnd::TimedOut => {
                let seen = format!("no end within {:?}, after {} bytes", self.target.timeout, answer.body.len());
                Err(Stop::Missed { about, expected, seen })
            }
            BodyEnd::TooLong => {
                let seen = format!("no end within {} bytes", self.target.body_limit);
                Err(Stop::Missed { about, expected, seen })
            }
        }
    }

    /// Sends a small request (see [`body`](Self::body)) that does not stream.
    pub async fn send(&mut self, endpoint: Endpoint, over: Value) -> Result<Answer, Stop> {
        let body = self.body(endpoint, &over);
        self.ask(Call::post(endpoint.path(), body)).await
    }

    /// The same, where only a JSON object under status 200 will do.
    pub async fn whole(&mut self, endpoint: Endpoint, over: Value) -> Result<Value, Stop> {
        let answer = self.send(endpoint, over).await?;
        whole(endpoint, &answer)
    }

    /// Sends a small request with `stream: true`, where only an event stream of JSON under status 200 will do.
    pub async fn stream(&mut self, endpoint: Endpoint, over: Value) -> Result<RawStream, Stop> {
        let answer = self.send(endpoint, overlaid(json!({"stream": true}), &over)).await?;
        stream(endpoint, &answer)
    }

    /// The counts of a body's `usage`, where only three integers will do.
    pub fn counts(&self, endpoint: Endpoint, body: &Value) -> Result<UsageCounts, Stop> {
        usage_of(body).and_then(UsageCounts::of).ok_or_else(|| Stop::Missed {
            about: format!("{} usage", endpoint.label()),
            expected: "an object of three integers, none negative".into(),
            seen: shown(&body.get("usage")),
        })
    }

    /// The counts of the only chunk of a stream that has no choices.
    pub fn final_counts(&self, endpoint: Endpoint, stream: &RawStream) -> Result<UsageCounts, Stop> {
        let last = stream.chunks().rfind(|chunk| crate::raw::is_usage_chunk(chunk));
        match last {
            Some(chunk) => self.counts(endpoint, chunk),
            None => Err(Stop::Missed {
                about: format!("{} stream", endpoint.label()),
                expected: "a usage chunk with `choices: []`".into(),
                seen: format!("{} chunks, none without choices", stream.chunks().count()),
            }),
        }
    }
}

/// A JSON object under status 200, or the case's expectation is missed.
pub(crate) fn whole(endpoint: Endpoint, answer: &Answer) -> Result<Value, Stop> {
    let json = answer.json().ok().filter(|body| body.is_object() && answer.status == 200);
    json.ok_or_else(|| Stop::Missed {
        about: format!("{} answer", endpoint.label()),
        expected: "HTTP 200 with a JSON object".into(),
        seen: answer.summary(),
    })
}

/// A stream of JSON events under status 200, or the case's expectation is missed. Faults of form that leave the events
/// readable are the business of the framing cases.
pub(crate) fn stream(endpoint: Endpoint, answer: &Answer) -> Result<RawStream, Stop> {
    let missed = |seen: String| Stop::Missed {
        about: format!("{} stream", endpoint.label()),
        expected: "HTTP 200 with an event stream of JSON".into(),
        seen,
    };
    if answer.status != 200 || answer.media_type().as_deref() != Some("text/event-stream") {
        return Err(missed(answer.summary()));
    }
    let stream = RawStream::read(&answer.body);
    let garbage = stream.events.iter().find_map(|event| match event {
        Event::Garbage(text) => {
            Some(format!("an event that is no JSON: {:?}", text.chars().take(80).collect::<String>()))
        }
        _ => None,
    });
    match garbage {
        Some(seen) => Err(missed(seen)),
        None if stream.chunks().next().is_none() => Err(missed("no event".into())),
        None => Ok(stream),
    }
}
