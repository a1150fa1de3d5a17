use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    exchange::Exchange,
    profile::ServerProfile,
    properties::law::{Breach, Judgement, Known, Law, Pass, broken},
    raw::Answer,
    session::Stop,
};

pub(super) const LAW: Law = Law {
    id: "P-16",
    title: "every request is answered, or refused as the client's fault",
    says: "200 with JSON or an event stream, or 4xx with an error object that has a message; never 5xx, and never silence",
    reference: "OpenAI API, error codes; RFC 9110, 15.5 and 15.6",
    known: &[
        Known {
            profile: ServerProfile::Py013,
            is: |breach, exchange| is_500(breach) && member(exchange, "max_tokens") == Some(&json!(null)),
            issue: "max_tokens null is a 500 in 0.13.0's completions (L-07)",
        },
        Known {
            profile: ServerProfile::Rs032,
            is: |breach, exchange| is_500(breach) && member(exchange, "tools").is_some(),
            issue: "tools on a server without a tool parser are a 500 in 0.32.0's Rust frontend (E-31)",
        },
    ],
    judge: |t| {
        async move {
            let whole = t.body().await?;
            let streamed = t.streamed_body().await?;
            for (about, sent) in [("the whole request", whole), ("the streamed request", streamed)] {
                let (answer, exchange) = match t.answer(sent).await {
                    Ok(answered) => answered,
                    Err(Stop::Missed { expected, seen, .. }) => {
                        return Ok(broken(about, expected, seen, t.last_exchange()));
                    }
                    Err(stop) => return Err(Pass::Stopped(stop)),
                };
                if !is_sound(&answer) {
                    let expected = "200 with JSON or events, or 4xx with an error object";
                    return Ok(broken(about, expected, answer.summary(), exchange));
                }
            }
            Ok(Judgement::Holds)
        }
        .boxed()
    },
};

fn is_sound(answer: &Answer) -> bool {
    let body = answer.json().ok();
    match answer.status {
        200 => answer.media_type().as_deref() == Some("text/event-stream") || body.is_some_and(|body| body.is_object()),
        400..=499 => body.is_some_and(|body| body.pointer("/error/message").is_some_and(Value::is_string)),
        _ => false,
    }
}

fn is_500(breach: &Breach) -> bool {
    breach.seen.starts_with("HTTP 500")
}

fn member<'e>(exchange: &'e Exchange, name: &str) -> Option<&'e Value> {
    exchange.request.body.as_ref()?.get(name)
}
