//! Faults of stops that are split, of held texts, and of counts beside the cached one.

use serde_json::{Value, json};

use crate::{
    Proof,
    faulty::{Asked, Reply},
};

pub(crate) const PROOFS: &[Proof] = &[
    Proof::speculative(
        "U-54",
        "a token after the stop is cut from the text and counted all the same",
        |asked, reply| {
            if asked.body.get("stop").is_some() {
                reply.choices(|choice| choice["stop_reason"] = Value::Null);
            }
        },
    ),
    Proof::new("U-57", "the beginning of the stop string leaks into the stream", |asked, reply| {
        if asked.streams() {
            leak(asked, reply);
        }
    }),
    Proof::new("U-57", "the stream counts the stop string once more", |asked, reply| {
        if asked.streams() {
            reply.add("completion_tokens", 1);
        }
    }),
    Proof::new("U-58", "the end of the sequence is counted twice", |_, reply| reply.add("completion_tokens", 1)),
    Proof::new("U-58", "the text is not one of the words", |_, reply| {
        reply.choices(|choice| choice["text"] = json!(" fox."));
    }),
    Proof::new("U-59", "tokens without a text are not counted", |asked, reply| {
        if asked.streams() {
            reply.chunks(|chunks| uncount_silent(chunks));
        }
    }),
    Proof::new("U-59", "a chunk ends inside a character", |asked, reply| {
        if asked.streams() {
            reply.text = reply.text.replace('€', "\u{fffd}");
        }
    }),
    Proof::new("U-59", "the whole answer loses a character", |asked, reply| {
        if !asked.streams() {
            reply.choices(|choice| choice["text"] = json!("caf"));
        }
    }),
];

/// The first character of the stop string stays in the last text.
fn leak(asked: &Asked, reply: &mut Reply) {
    let Some(first) = asked.body["stop"].as_str().and_then(|stop| stop.chars().next()) else { return };
    reply.chunks(|chunks| {
        let finishing = chunks.iter_mut().find(|chunk| chunk["choices"][0]["finish_reason"].is_string());
        let text = &mut finishing.expect("a finishing chunk")["choices"][0]["text"];
        *text = json!(format!("{}{first}", text.as_str().unwrap_or_default()));
    });
}

/// Takes the tokens of chunks without a text out of the running count.
fn uncount_silent(chunks: &mut [Value]) {
    let mut silent = 0;
    for chunk in chunks.iter_mut().filter(|chunk| chunk["choices"][0].is_object()) {
        if chunk["choices"][0]["text"] == "" {
            silent += chunk["choices"][0]["token_ids"].as_array().map_or(0, Vec::len) as u64;
        }
        let counted = chunk["usage"]["completion_tokens"].as_u64().expect("a count");
        chunk["usage"]["completion_tokens"] = json!(counted - silent);
    }
}
