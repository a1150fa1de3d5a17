//! Faults of `usage` in whole answers.

use serde_json::{Value, json};

use crate::{
    Proof,
    faulty::{Reply, remove},
};

pub(crate) const PROOFS: &[Proof] = &[
    Proof::new("U-01", "a count is null", |_, reply| {
        reply.usages(|usage| usage["completion_tokens"] = Value::Null);
    }),
    Proof::new("U-01", "usage is missing", |_, reply| reply.whole(|body| body["usage"] = Value::Null)),
    Proof::new("U-01", "a count is a float", |_, reply| reply.usages(|usage| usage["prompt_tokens"] = json!(9.0))),
    Proof::new("U-02", "the total is one more than the sum", |_, reply| reply.add("total_tokens", 1)),
    Proof::new("U-02", "more tokens than were asked for", |_, reply| more_tokens(reply, 60)),
    Proof::new("U-03", "a token of the prompt is counted twice", |_, reply| {
        reply.add("prompt_tokens", 1);
        reply.add("total_tokens", 1);
    }),
    Proof::new("U-04", "the last token is not counted", |_, reply| more_tokens(reply, -1)),
    Proof::new("U-04", "an answer cut by its length says stop", |_, reply| {
        reply.choices(|choice| choice["finish_reason"] = json!("stop"));
    }),
    Proof::new("U-05", "more tokens are cached than the prompt has", |_, reply| {
        reply.usages(|usage| usage["prompt_tokens_details"] = json!({"cached_tokens": 100_000}));
    }),
    Proof::new("U-05", "more tokens are reasoning than there are", |_, reply| {
        reply.usages(|usage| usage["completion_tokens_details"] = json!({"reasoning_tokens": 100_000}));
    }),
    Proof::new("U-06", "OpenAI's key order", |_, reply| {
        reply.usages(|usage| {
            if let Some(total) = remove(usage, "total_tokens") {
                usage["total_tokens"] = total;
            }
        });
    }),
    Proof::new("U-07", "details are left out", |_, reply| {
        reply.usages(|usage| {
            remove(usage, "prompt_tokens_details");
        });
    }),
    Proof::new("U-07", "a count of cached tokens is disclosed", |_, reply| {
        reply.usages(|usage| usage["prompt_tokens_details"] = json!({"cached_tokens": 0}));
    }),
    Proof::new("U-08", "the template is not counted", |_, reply| reply.add("prompt_tokens", -1)),
    Proof::new("U-09", "an id is not listed", |_, reply| {
        reply.choices(|choice| {
            choice.get_mut("token_ids").and_then(Value::as_array_mut).map(Vec::pop);
        });
    }),
    Proof::new("U-10", "a logprob entry is missing", |_, reply| {
        reply.choices(|choice| {
            for entries in ["/logprobs/content", "/logprobs/tokens"] {
                choice.pointer_mut(entries).and_then(Value::as_array_mut).map(Vec::pop);
            }
        });
    }),
    Proof::new("U-11", "the prompt is counted before truncation", |asked, reply| {
        if asked.body.get("truncate_prompt_tokens").is_some() {
            reply.add("prompt_tokens", 7);
        }
    }),
    Proof::new("U-12", "counts drift from request to request", |asked, reply| {
        more_tokens(reply, i64::try_from(asked.turn).expect("few requests"));
    }),
];

fn more_tokens(reply: &mut Reply, more: i64) {
    reply.add("completion_tokens", more);
    reply.add("total_tokens", more);
}
