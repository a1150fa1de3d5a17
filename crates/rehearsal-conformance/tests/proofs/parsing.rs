//! Faults of reasoning, of tool calls, and of the two endpoints that count under other names.

use serde_json::{Value, json};

use crate::{Proof, faulty::Reply};

pub(crate) const PROOFS: &[Proof] = &[
    Proof::parsing("U-70", "more reasoning than there is", |_, reply| reasoned(reply, 40)),
    Proof::parsing("U-70", "a token of the reasoning is left out", |_, reply| {
        reply.usages(|usage| {
            if let Some(told) = usage["completion_tokens_details"]["reasoning_tokens"].as_u64() {
                usage["completion_tokens_details"]["reasoning_tokens"] = json!(told.saturating_sub(1));
            }
        });
    }),
    Proof::parsing("U-70", "no count of reasoning", |_, reply| {
        reply.usages(|usage| usage["completion_tokens_details"] = Value::Null);
    }),
    Proof::parsing("U-71", "reasoning before the first token", |_, reply| {
        reply.chunks(|chunks| chunks[0]["usage"]["completion_tokens_details"]["reasoning_tokens"] = json!(1));
    }),
    Proof::parsing("U-71", "the count starts anew", |_, reply| {
        reply.chunks(|chunks| {
            let at = chunks.len() - 2;
            chunks[at]["usage"]["completion_tokens_details"]["reasoning_tokens"] = json!(0);
        });
    }),
    Proof::parsing("U-71", "no chunk counts reasoning", |_, reply| {
        reply.usages(|usage| usage["completion_tokens_details"] = Value::Null);
    }),
    Proof::new("U-72", "reasoning is counted where nobody reads it", |_, reply| reasoned(reply, 0)),
    Proof::parsing("U-73", "what is hidden is not counted", |asked, reply| {
        if asked.has("include_reasoning", &json!(false)) {
            reply.add("completion_tokens", -3);
        }
    }),
    Proof::parsing("U-73", "a whole answer shows it", |_, reply| {
        reply.choices(|choice| {
            if choice.get("message").is_some() {
                choice["message"]["reasoning"] = json!("hm");
            }
        });
    }),
    Proof::parsing("U-73", "a stream shows it", |_, reply| {
        reply.choices(|choice| {
            if choice.get("delta").is_some() {
                choice["delta"]["reasoning_content"] = json!("hm");
            }
        });
    }),
    Proof::parsing("U-74", "the tags around a call are not counted", |_, reply| reply.add("completion_tokens", -2)),
    Proof::parsing("U-74", "a required call ends with stop", |_, reply| {
        reply.choices(|choice| choice["finish_reason"] = json!("stop"));
    }),
    Proof::parsing("U-74", "the call stays in the text", |_, reply| {
        reply.choices(|choice| choice["message"]["tool_calls"] = json!([]));
    }),
    Proof::parsing("U-75", "a stream counts the call's chunks instead of its tokens", |asked, reply| {
        if asked.streams() {
            reply.usages(|usage| usage["completion_tokens"] = json!(6));
        }
    }),
    Proof::new("R-01", "all counts are 0", |_, reply| {
        reply.usages(|usage| {
            for count in ["input_tokens", "output_tokens", "total_tokens"] {
                usage[count] = json!(0);
            }
        });
    }),
    Proof::new("R-01", "the total leaves the output out", |_, reply| {
        reply.usages(|usage| usage["total_tokens"] = usage["input_tokens"].clone());
    }),
    Proof::newer("R-02", "a number is left out", |_, reply| {
        edit(reply, "\"sequence_number\":4,", "\"sequence_number\":5,");
    }),
    Proof::newer("R-02", "usage is there from the start", |_, reply| {
        edit(reply, "\"usage\":null", "\"usage\":{\"input_tokens\":1}");
    }),
    Proof::newer("R-02", "the end has another text", |_, reply| {
        if let Some(at) = reply.text.find("event: response.completed") {
            let end = reply.text.split_off(at);
            reply.text += &end.replace("\"type\":\"output_text\"", "\"type\":\"output_text\",\"text\":\"other\"");
        }
    }),
    Proof::newer("R-02", "no event says that it is over", |_, reply| {
        edit(reply, "response.completed", "response.finished");
    }),
    Proof::new("R-03", "a response that was cut is called incomplete", |_, reply| {
        reply.whole(|body| {
            body["status"] = json!("incomplete");
            body["incomplete_details"] = json!({"reason": "max_output_tokens"});
        });
    }),
    Proof::newer("R-03", "a response that was cut is called completed", |_, reply| {
        reply.whole(|body| body["status"] = json!("completed"));
    }),
    Proof::new("A-01", "the stream counts one token less", |_, reply| {
        edit(reply, "\"output_tokens\":6", "\"output_tokens\":5");
    }),
    Proof::new("A-01", "the start counts a token", |_, reply| {
        edit(reply, "\"output_tokens\":0", "\"output_tokens\":1");
    }),
    Proof::new("A-02", "a count of cached tokens is disclosed unasked", |_, reply| {
        reply.usages(|usage| usage["cache_read_input_tokens"] = json!(0));
    }),
    Proof::newer("A-02", "OpenAI's [DONE] at the end", |_, reply| {
        if reply.text.starts_with("event: ") {
            reply.text += "data: [DONE]\n\n";
        }
    }),
];

fn reasoned(reply: &mut Reply, count: u64) {
    reply.usages(|usage| usage["completion_tokens_details"] = json!({"reasoning_tokens": count}));
}

/// Changes the text of a stream of named events.
fn edit(reply: &mut Reply, from: &str, to: &str) {
    if reply.text.starts_with("event: ") {
        reply.text = reply.text.replace(from, to);
    }
}
