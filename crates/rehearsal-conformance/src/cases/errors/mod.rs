//! E-01 … E-35: how a client's fault is answered: the status, an error object, and never a 5xx.

mod broken_body;
mod code_type;
mod combinations;
mod disputed_range;
mod fuzz;
mod hygiene;
mod ignored;
mod integral_float;
mod key;
mod missing_input;
mod newer;
mod out_of_range;
mod queue_full;
mod routes;
mod stream_refused;
mod too_long;
mod tools_unserved;
mod unknown_model;
mod wrong_types;

use crate::{check::Check, raw::Answer, session::Session};

pub(super) const CHECKS: [Check; 20] = [
    unknown_model::CHECK,
    broken_body::CHECK,
    missing_input::CHECK,
    code_type::CHECK,
    wrong_types::CHECK,
    integral_float::CHECK,
    out_of_range::CHECK,
    disputed_range::CHECK,
    stream_refused::CHECK,
    key::CHECK,
    routes::CHECK,
    too_long::REFUSED,
    too_long::NAMES_THE_LIMIT,
    combinations::CHECK,
    queue_full::CHECK,
    tools_unserved::CHECK,
    hygiene::CHECK,
    ignored::CHECK,
    fuzz::CHECK,
    newer::CHECK,
];

/// Expects this status, and an error object with a message and a type, which every profile has.
fn refused(s: &mut Session<'_>, about: &str, status: u16, answer: &Answer) {
    s.equal(format!("{about}: status"), status, answer.status);
    let error = answer.json().ok().and_then(|body| body.get("error").cloned());
    s.satisfies(format!("{about}: error"), "an object with the texts message and type", error, |error| {
        let text = |name: &str| error.as_ref()?.get(name)?.as_str();
        text("message").is_some_and(|message| !message.is_empty()) && text("type").is_some()
    });
}
