//! Faults with several choices, several prompts, echo and stops.

use serde_json::{Value, json};

use crate::Proof;

pub(crate) const PROOFS: &[Proof] = &[
    Proof::new("U-40", "the prompt is counted for each choice", |asked, reply| {
        if asked.has("n", &json!(2)) {
            reply.usages(|usage| usage["prompt_tokens"] = json!(2 * usage["prompt_tokens"].as_u64().expect("a count")));
        }
    }),
    Proof::new("U-40", "only the first choice's tokens are counted", |asked, reply| {
        if asked.has("n", &json!(2)) {
            reply.usages(|usage| usage["completion_tokens"] = json!(5));
        }
    }),
    Proof::new("U-40", "only one choice comes", |_, reply| {
        reply.whole(|body| {
            if let Some(choices) = body["choices"].as_array_mut() {
                choices.truncate(1);
            }
        });
    }),
    Proof::new("U-41", "a choice finishes twice", |_, reply| {
        reply.chunks(|chunks| {
            let finishing = chunks.iter().position(|chunk| chunk["choices"][0]["finish_reason"].is_string());
            let at = finishing.expect("a finishing chunk");
            chunks.insert(at, chunks[at].clone());
        });
    }),
    Proof::new("U-41", "usage before the last choice", |_, reply| {
        reply.chunks(|chunks| {
            let last = chunks.len() - 1;
            chunks.swap(last, last - 1);
        });
    }),
    Proof::new("U-41", "text before the second role", |_, reply| reply.chunks(|chunks| chunks.swap(1, 2))),
    Proof::new("U-42", "chunks count all choices", |_, reply| {
        reply.chunks(|chunks| {
            let last = chunks.len() - 1;
            let all = chunks[last]["usage"]["completion_tokens"].clone();
            chunks[last - 1]["usage"]["completion_tokens"] = all;
        });
    }),
    Proof::new("U-42", "the final usage has one choice only", |_, reply| {
        reply.chunks(|chunks| {
            let last = chunks.len() - 1;
            chunks[last]["usage"]["completion_tokens"] = json!(5);
        });
    }),
    Proof::new("U-43", "only the last prompt is counted", |_, reply| {
        reply.usages(|usage| usage["prompt_tokens"] = json!(9));
    }),
    Proof::new("U-43", "choices are indexed within their prompt", |_, reply| {
        reply.choices(|choice| choice["index"] = json!(choice["index"].as_u64().expect("an index") % 2));
    }),
    Proof::new("U-44", "chunks count all prompts", |_, reply| {
        reply.usages(|usage| usage["prompt_tokens"] = json!(12));
    }),
    Proof::new("U-45", "the first prompt counts twice", |asked, reply| {
        let first = asked.body.pointer("/prompt/0").and_then(Value::as_array).map_or(0, Vec::len);
        reply.add("prompt_tokens", i64::try_from(first).expect("a short prompt"));
    }),
    Proof::new("U-46", "the echo is counted as completion", |asked, reply| {
        if asked.has("echo", &json!(true)) {
            reply.add("completion_tokens", 9);
        }
    }),
    Proof::new("U-46", "nothing is echoed", |_, reply| reply.choices(|choice| choice["text"] = json!("!"))),
    Proof::new("U-47", "the hidden token is not counted", |_, reply| {
        reply.usages(|usage| usage["completion_tokens"] = json!(0));
    }),
    Proof::new("U-47", "an echo of no token is refused", |_, reply| reply.refuse(400)),
    Proof::new("U-48", "only the best beam is counted", |_, reply| {
        reply.usages(|usage| usage["completion_tokens"] = json!(4));
    }),
    Proof::new("U-49", "a streamed beam search is refused", |asked, reply| {
        if asked.streams() {
            reply.refuse(400);
        }
    }),
    Proof::newer("U-49", "a streamed beam search is answered", |_, reply| reply.status = 200),
    Proof::new("U-50", "the end of sequence is not counted", |_, reply| {
        reply.usages(|usage| usage["completion_tokens"] = json!(0));
    }),
    Proof::new("U-51", "the stop token is not named", |_, reply| {
        reply.choices(|choice| choice["stop_reason"] = Value::Null);
    }),
    Proof::new("U-51", "the stop token is not counted", |_, reply| {
        reply.usages(|usage| usage["completion_tokens"] = json!(0));
    }),
    Proof::new("U-52", "the stop string is not counted", |asked, reply| {
        if asked.body.get("stop").is_some() {
            reply.usages(|usage| usage["completion_tokens"] = json!(0));
        }
    }),
    Proof::new("U-52", "the stop string leaks into the text", |asked, reply| {
        if let Some(stop) = asked.body.get("stop") {
            reply.choices(|choice| choice["text"] = stop.clone());
        }
    }),
    Proof::new("U-53", "the stop string is cut all the same", |asked, reply| {
        if asked.body.get("stop").is_some() {
            reply.choices(|choice| choice["text"] = json!(""));
        }
    }),
    Proof::new("U-55", "the second end is counted twice", |_, reply| reply.add("completion_tokens", 1)),
    Proof::new("U-56", "min_tokens is ignored", |asked, reply| {
        if asked.body.get("min_tokens").is_some() {
            reply.usages(|usage| usage["completion_tokens"] = json!(1));
        }
    }),
];
