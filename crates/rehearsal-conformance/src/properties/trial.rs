//! One request and everything that laws ask about it. An exchange is made when the first law needs it, and only once.

use serde_json::{Value, json};

use super::{
    law::{Pass, not_judged},
    request::{Menu, Own, Request},
};
use crate::{
    call::{ABSENT, Call, overlaid},
    exchange::Exchange,
    profile::ServerProfile,
    raw::{Answer, RawStream, UsageCounts, choices, is_usage_chunk, usage_of},
    session::{Session, Stop},
    survey::Facts,
    target::ServerFlag,
};

/// One request, put to the server in the ways in which laws need it.
pub(super) struct Trial<'a, 't> {
    session: &'a mut Session<'t>,
    request: &'a Request,
    menu: Menu,
    name: &'a str,
    own: Option<Own>,
    asked: Vec<Asked>,
}

#[derive(Clone)]
struct Asked {
    sent: Value,
    /// An answer that never came is not waited for again.
    answer: Result<Answer, Stop>,
    exchange: usize,
}

/// A request and its whole answer.
pub(super) struct Whole {
    /// The body that was sent.
    pub(super) sent: Value,
    /// The answer's body.
    pub(super) body: Value,
    /// Its place in the exchanges.
    pub(super) exchange: usize,
}

/// A request and its stream.
pub(super) struct Streamed {
    /// The body that was sent.
    pub(super) sent: Value,
    /// The answer's events.
    pub(super) stream: RawStream,
    /// Its place in the exchanges.
    pub(super) exchange: usize,
}

impl<'a, 't> Trial<'a, 't> {
    pub(super) fn new(session: &'a mut Session<'t>, request: &'a Request, menu: Menu, name: &'a str) -> Self {
        session.exchanges.clear();
        Self { session, request, menu, name, own: None, asked: Vec::new() }
    }

    pub(super) fn facts(&self) -> &'t Facts {
        self.session.facts()
    }

    pub(super) fn profile(&self) -> ServerProfile {
        self.session.profile()
    }

    /// What was sent and answered so far.
    pub(super) fn exchanges(&self) -> &[Exchange] {
        &self.session.exchanges
    }

    pub(super) fn last_exchange(&self) -> usize {
        self.session.exchanges.len().saturating_sub(1)
    }

    pub(super) fn started_with(&self, flag: ServerFlag) -> bool {
        self.session.started_with(flag)
    }

    /// The request as it is sent whole.
    pub(super) async fn body(&mut self) -> Result<Value, Pass> {
        if self.own.is_none() && self.request.needs_own() {
            let probe = self.request.without_own();
            let mut probe = self.write(&probe, &Own::default());
            if self.menu.vllm {
                probe = overlaid(probe, &json!({"return_token_ids": true}));
            }
            let told = self.whole_of(probe).await?;
            let choice = choices(&told.body).first().cloned().unwrap_or_default();
            let ids = choice.get("token_ids").and_then(Value::as_array);
            self.own = Some(Own {
                text: text_of(&choice).unwrap_or_default(),
                ids: ids.into_iter().flatten().filter_map(Value::as_u64).collect(),
            });
        }
        Ok(self.write(self.request, &self.own.clone().unwrap_or_default()))
    }

    /// The request as it is streamed.
    pub(super) async fn streamed_body(&mut self) -> Result<Value, Pass> {
        let options = self.request.stream_options(self.menu).unwrap_or(json!(ABSENT));
        Ok(overlaid(self.body().await?, &json!({"stream": true, "stream_options": options})))
    }

    /// The request's whole answer; not judged where the server refuses it.
    pub(super) async fn whole(&mut self) -> Result<Whole, Pass> {
        let body = self.body().await?;
        self.whole_of(body).await
    }

    /// The request's stream; not judged where the server refuses it, or fails on the way.
    pub(super) async fn streamed(&mut self) -> Result<Streamed, Pass> {
        let sent = self.streamed_body().await?;
        let (answer, exchange) = self.answer(sent.clone()).await?;
        if answer.status != 200 {
            return Err(Pass::Refused(answer.summary()));
        }
        let stream = RawStream::read(&answer.body);
        if stream.chunks().any(|chunk| chunk.get("error").is_some()) {
            return not_judged("the stream holds an error");
        }
        Ok(Streamed { sent, stream, exchange })
    }

    /// The whole answer to another request, made out of this one.
    pub(super) async fn whole_of(&mut self, sent: Value) -> Result<Whole, Pass> {
        let (answer, exchange) = self.answer(sent.clone()).await?;
        match answer.json().ok().filter(|body| answer.status == 200 && body.is_object()) {
            Some(body) => Ok(Whole { sent, body, exchange }),
            None => Err(Pass::Refused(answer.summary())),
        }
    }

    /// The answer to a body, asked for once.
    pub(super) async fn answer(&mut self, sent: Value) -> Result<(Answer, usize), Stop> {
        if let Some(asked) = self.asked.iter().find(|asked| asked.sent == sent) {
            return Ok((asked.answer.clone()?, asked.exchange));
        }
        let exchange = self.session.exchanges.len();
        let answer = self.answer_anew(sent.clone()).await.map(|(answer, _)| answer);
        self.asked.push(Asked { sent, answer: answer.clone(), exchange });
        Ok((answer?, exchange))
    }

    /// The answer to a body that may have been sent before.
    pub(super) async fn answer_anew(&mut self, sent: Value) -> Result<(Answer, usize), Stop> {
        let exchange = self.session.exchanges.len();
        let answer = self.session.ask(Call::post(self.request.endpoint.path(), sent)).await?;
        Ok((answer, exchange))
    }

    /// The answer to `GET path`.
    pub(super) async fn get(&mut self, path: &str) -> Result<Answer, Stop> {
        self.session.ask(Call::get(path)).await
    }

    fn write(&self, request: &Request, own: &Own) -> Value {
        request.body(&self.session.facts().model, self.menu, own, self.session.salt(), self.name)
    }
}

/// A usage object, wherever it was.
pub(super) struct Usage {
    /// Of what.
    pub(super) of: &'static str,
    pub(super) object: Value,
    /// The exchange's place.
    pub(super) exchange: usize,
}

/// Every usage object of the request, sent whole and streamed.
pub(super) async fn usages(t: &mut Trial<'_, '_>) -> Result<Vec<Usage>, Pass> {
    let whole = t.whole().await?;
    // a whole answer has usage without being asked, so that its absence is a fault
    let object = whole.body.get("usage").cloned().unwrap_or_default();
    let mut usages = vec![Usage { of: "usage", object, exchange: whole.exchange }];
    if let Ok(streamed) = t.streamed().await {
        let objects = streamed.stream.chunks().filter_map(usage_of).cloned();
        usages.extend(objects.map(|object| Usage { of: "usage of the stream", object, exchange: streamed.exchange }));
    }
    Ok(usages)
}

impl Whole {
    /// The counts of its usage.
    pub(super) fn counts(&self) -> Result<UsageCounts, Pass> {
        counts(&self.body)
    }
}

impl Streamed {
    /// The counts of its usage chunk.
    pub(super) fn counts(&self) -> Result<UsageCounts, Pass> {
        match self.stream.chunks().rfind(|chunk| is_usage_chunk(chunk)) {
            Some(chunk) => counts(chunk),
            None => not_judged("the stream has no usage chunk"),
        }
    }

    /// The chunks that carry one choice and its usage so far, where the request asked for them: the choice's index, the chunk, the counts.
    pub(super) fn continuous(&self) -> Result<Vec<(u64, &Value, UsageCounts)>, Pass> {
        let asked = self.sent.pointer("/stream_options/continuous_usage_stats") == Some(&json!(true));
        if !asked {
            return not_judged("asks for no continuous usage");
        }
        let chunks = self.stream.choice_chunks().filter_map(|chunk| {
            let [choice] = choices(chunk) else { return None };
            Some((choice.get("index")?.as_u64()?, chunk, usage_of(chunk).and_then(UsageCounts::of)?))
        });
        let chunks: Vec<_> = chunks.collect();
        if chunks.is_empty() { not_judged("no chunk has usage") } else { Ok(chunks) }
    }
}

/// What a choice says, on either endpoint.
pub(super) fn text_of(choice: &Value) -> Option<String> {
    let text = choice.pointer("/message/content").or(choice.get("text"))?;
    text.as_str().map(str::to_owned)
}

/// How many answers a body asks for.
pub(super) fn asked_choices(sent: &Value) -> u64 {
    sent.get("n").and_then(Value::as_u64).unwrap_or(1) * prompts(sent)
}

/// How many prompts a body holds.
pub(super) fn prompts(sent: &Value) -> u64 {
    match sent.get("prompt").and_then(Value::as_array) {
        Some(list) if list.first().is_some_and(|first| !first.is_number()) => list.len() as u64,
        _ => 1,
    }
}

/// Whether the same request is answered alike again: it is greedy, or seeded.
pub(super) fn repeats(sent: &Value) -> bool {
    sent.get("seed").is_some_and(Value::is_number) || sent.get("temperature").and_then(Value::as_f64) == Some(0.0)
}

fn counts(body: &Value) -> Result<UsageCounts, Pass> {
    usage_of(body).and_then(UsageCounts::of).map_or_else(|| not_judged("there is no usage of three counts"), Ok)
}
