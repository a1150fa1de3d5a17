//! Faults of limits and of refusals.

use serde_json::{Value, json};

use crate::{
    Proof,
    faulty::{Asked, Reply},
};

pub(crate) const PROOFS: &[Proof] = &[
    Proof::new("L-01", "the default is 16 tokens", |asked, reply| {
        if asked.path.ends_with("completions") {
            reply.usages(|usage| usage["completion_tokens"] = json!(1));
        }
    }),
    Proof::new("L-02", "the default is 20 tokens", |_, reply| {
        reply.usages(|usage| usage["completion_tokens"] = json!(20));
    }),
    Proof::new("L-03", "the limit is one too low", |asked, reply| {
        if asked.has("max_tokens", &json!(4)) {
            reply.refuse(400);
        }
    }),
    Proof::new("L-04", "the answer is cut instead", |asked, reply| {
        if asked.has("max_tokens", &json!(5)) {
            reply.status = 200;
            reply.text = json!({
                "choices": [{"index": 0, "text": "", "finish_reason": "length"}],
                "usage": {"prompt_tokens": 1, "total_tokens": 5, "completion_tokens": 4},
            })
            .to_string();
        }
    }),
    Proof::new("L-05", "max_tokens goes first", |asked, reply| {
        if asked.has("max_completion_tokens", &json!(3)) {
            reply.usages(|usage| usage["completion_tokens"] = json!(2));
        }
    }),
    Proof::new("L-05", "0 is refused", |asked, reply| {
        if asked.has("max_completion_tokens", &json!(0)) {
            reply.refuse(400);
        }
    }),
    Proof::configured("L-06", "a request that asks for more gets more", |asked, reply| {
        if asked.has("max_tokens", &json!(65)) {
            reply.usages(|usage| usage["completion_tokens"] = json!(65));
        }
    }),
    Proof::new("L-07", "null is 20 tokens", |asked, reply| {
        if asked.has("max_tokens", &Value::Null) {
            reply.status = 200;
            reply.text = json!({"usage": {"completion_tokens": 20}}).to_string();
        }
    }),
    Proof::new("L-08", "more than the context is cut to it", |asked, reply| {
        if asked.has("max_tokens", &json!(2049)) {
            reply.status = 200;
        }
    }),
    Proof::new("E-20", "a prompt that is too long is answered", |asked, reply| {
        if 1000 < length(asked) {
            reply.status = 200;
        }
    }),
    Proof::new("E-20", "a stream of it is a server error", |asked, reply| {
        if asked.streams() {
            server_error(reply);
        }
    }),
    Proof::new("E-21", "the refusal names no length", |_, reply| {
        if reply.status == 400 {
            reply.whole(|body| body["error"]["message"] = json!("too long"));
        }
    }),
    Proof::new("E-22", "min_tokens over max_tokens is answered", |asked, reply| {
        if asked.has("min_tokens", &json!(3)) {
            reply.status = 200;
        }
    }),
    Proof::bounded("E-30", "refusals are not counted", |_, reply| {
        reply.text = reply.text.replace("vllm:admission_rejections_total", "vllm:admission_rejections_lost");
    }),
    Proof::bounded("E-30", "a refusal is an internal error", |_, reply| {
        if reply.status == 503 {
            reply.refuse(503);
        }
    }),
    Proof::bounded("E-30", "some requests are refused with 429", |asked, reply| {
        if reply.status == 503 && asked.turn % 2 == 0 {
            reply.status = 429;
        }
    }),
    Proof::new("E-34", "a member of the wrong type is the server's fault", |asked, reply| {
        if asked.has("temperature", &json!("x")) || asked.has("model", &json!("x")) {
            server_error(reply);
        }
    }),
    Proof::newer("E-34", "a route fails at every body", |asked, reply| {
        if asked.path == "/tokenize" {
            server_error(reply);
        }
    }),
    Proof::new("E-31", "tools that nobody parses are answered", |asked, reply| {
        if asked.body.get("tools").is_some() {
            reply.status = 200;
        }
    }),
    Proof::new("E-32", "an error quotes all that was sent", |_, reply| {
        if reply.status == 400 {
            reply.whole(|body| body["error"]["message"] = json!("input: rehearsal-private-mark"));
        }
    }),
    Proof::new("E-01", "an unknown model is a bad request", |asked, reply| {
        if asked.has("model", &json!("rehearsal-no-such-model")) {
            reply.refuse(400);
        }
    }),
    Proof::new("E-01", "the error is a text", |asked, reply| {
        if asked.has("model", &json!("rehearsal-no-such-model")) {
            reply.whole(|body| body["error"] = json!("not found"));
        }
    }),
    Proof::new("E-02", "half a JSON object is the server's fault", |asked, reply| {
        if asked.body.is_null() {
            server_error(reply);
        }
    }),
    Proof::new("E-02", "an array is another server error", |asked, reply| {
        if asked.body.is_array() {
            reply.status = 502;
        }
    }),
    Proof::new("E-03", "a request without a prompt is answered", |asked, reply| {
        if asked.body.get("messages").is_none() && asked.body.get("prompt").is_none() {
            reply.status = 200;
        }
    }),
    Proof::new("E-04", "the code is a text", |_, reply| {
        if reply.status == 400 {
            reply.whole(|body| body["error"]["code"] = json!("invalid"));
        }
    }),
    Proof::new("E-05", "a wrong type is the server's fault", |asked, reply| {
        if asked.has("max_tokens", &json!("four")) {
            server_error(reply);
        }
    }),
    Proof::new("E-06", "4.0 is refused", |asked, reply| {
        if asked.has("max_tokens", &json!(4.0)) {
            reply.refuse(400);
        }
    }),
    Proof::new("E-07", "a negative temperature is answered", |asked, reply| {
        if asked.has("temperature", &json!(-1)) {
            reply.status = 200;
        }
    }),
    Proof::new("E-07", "n 0 is the server's fault", |asked, reply| {
        if asked.has("n", &json!(0)) {
            server_error(reply);
        }
    }),
    Proof::new("E-08", "a high temperature is refused", |asked, reply| {
        if asked.has("temperature", &json!(2.5)) {
            reply.refuse(400);
        }
    }),
    Proof::new("E-09", "the refusal is an event", |asked, reply| {
        if asked.streams() && reply.status == 400 {
            reply.status = 200;
            reply.set_header("content-type", "text/event-stream");
            reply.text = format!("data: {}\n\ndata: [DONE]\n\n", reply.text);
        }
    }),
    Proof::with_key("E-10", "a wrong key is right", |_, reply| {
        if reply.status == 401 {
            reply.status = 200;
        }
    }),
    Proof::with_key("E-10", "the probe needs a key", |asked, reply| {
        if asked.path == "/health" {
            reply.refuse(401);
        }
    }),
    Proof::new("E-11", "a wrong method is not found", |asked, reply| {
        if asked.path.ends_with("completions") && reply.status == 405 {
            reply.status = 404;
        }
    }),
    Proof::new("E-11", "an unknown route is the server's fault", |asked, reply| {
        if asked.path.ends_with("no-such-route") {
            server_error(reply);
        }
    }),
];

fn server_error(reply: &mut Reply) {
    reply.status = 500;
    reply.text = Value::from("Internal Server Error").to_string();
}

fn length(asked: &Asked) -> usize {
    asked.body["prompt"].as_array().map_or(0, Vec::len)
}
