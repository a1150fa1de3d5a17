//! Faults of the counts of cached tokens.

use serde_json::{Value, json};

use crate::{
    Proof,
    faulty::{Asked, Reply},
};

pub(crate) const PROOFS: &[Proof] = &[
    Proof::details("U-60", "all but the last token is called cached", |asked, reply| cached(reply, length(asked) - 1)),
    Proof::details("U-61", "a cold prompt has a count of zero where this version has none", |_, reply| {
        cached(reply, 0);
    }),
    Proof::details("U-62", "a prompt of one block is called cached", |asked, reply| cached(reply, length(asked) - 1)),
    Proof::details("U-63", "a salt is not heeded", |_, reply| cached(reply, 16)),
    Proof::details("U-64", "a prompt with log probabilities is called cached", |_, reply| cached(reply, 16)),
    Proof::details("U-65", "every chunk has a cached count", |_, reply| {
        if reply.is_stream() {
            cached(reply, 16);
        }
    }),
    Proof::details("U-65", "the last chunk has none", |_, reply| {
        if reply.is_stream() {
            reply.usages(|usage| usage["prompt_tokens_details"] = Value::Null);
        }
    }),
    Proof::details("U-66", "the count is of no prompt", |_, reply| cached(reply, 1)),
    Proof::details("U-67", "a token of a new prompt is called cached", |_, reply| cached(reply, 1)),
    Proof::new("U-68", "a count is disclosed unasked", |_, reply| cached(reply, 16)),
];

fn cached(reply: &mut Reply, count: usize) {
    reply.usages(|usage| usage["prompt_tokens_details"] = json!({"cached_tokens": count}));
}

fn length(asked: &Asked) -> usize {
    asked.body["prompt"].as_array().map_or(1, Vec::len).max(1)
}
