//! Faults of keep-alive, of aborted requests, and of the form of metrics.

use serde_json::json;

use crate::{
    Proof,
    faulty::{Asked, Reply},
};

pub(crate) const PROOFS: &[Proof] = &[
    Proof::bounded("F-06", "a comment stands inside an event", |_, reply| {
        if reply.text.contains(": keep-alive\n\n") {
            reply.text = reply.text.replacen("data: {", "data: : keep-alive\n{", 1);
        }
    }),
    Proof::bounded("F-06", "a comment of other words", |_, reply| {
        reply.text = reply.text.replace(": keep-alive", ": ping");
    }),
    Proof::bounded("F-06", "a comment after [DONE]", |_, reply| {
        if reply.is_stream_with_comments() {
            reply.text += ": keep-alive\n\n";
        }
    }),
    Proof::bounded("F-06", "what was silent is not counted", |asked, reply| {
        if asked.has("max_tokens", &json!(6)) {
            reply.text = reply.text.replace("\"completion_tokens\":6", "\"completion_tokens\":5");
        }
    }),
    Proof::new("M-05", "llm-d-inference-sim's name of a label", |_, reply| {
        reply.text = reply.text.replace("finished_reason=", "finish_reason=");
    }),
    Proof::new("M-05", "a histogram has other buckets", |_, reply| {
        reply.text = reply.text.replace("le=\"0.3\"", "le=\"0.25\"");
    }),
    Proof::new("M-05", "token buckets go beyond the context", |_, reply| {
        let bucket = "vllm:request_prompt_tokens_bucket{engine=\"0\",le=\"5000.0\",model_name=\"rehearsal\"} 0.0\n";
        let end = "vllm:request_prompt_tokens_bucket{engine=\"0\",le=\"+Inf\"";
        reply.text = reply.text.replacen(end, &format!("{bucket}{end}"), 1);
    }),
    Proof::new("M-05", "a family of another type", |_, reply| {
        reply.text =
            reply.text.replace("# TYPE vllm:kv_cache_usage_perc gauge", "# TYPE vllm:kv_cache_usage_perc counter");
    }),
    Proof::new("M-05", "a family is missing", |_, reply| lose(reply, "vllm:num_preemptions_total")),
    Proof::new("M-05", "a family that nobody knows", |_, reply| {
        if reply.text.starts_with("# ") {
            reply.text += "# TYPE vllm:gpu_cache_usage_perc gauge\nvllm:gpu_cache_usage_perc 0\n";
        }
    }),
    Proof::new("M-05", "a reason to finish that does not exist", |_, reply| {
        reply.text = reply.text.replace("finished_reason=\"error\"", "finished_reason=\"failed\"");
    }),
    Proof::new("M-07", "the request keeps running", keep_running),
    Proof::new("M-07", "its tokens are not counted", |_, reply| {
        reply.text = reply.text.replace("vllm:generation_tokens_total", "vllm:generation_tokens_lost");
    }),
    Proof::new("M-07", "two aborts are counted for one", |asked, reply| {
        if was_left(asked) {
            samples(reply, |series| series.contains("finished_reason=\"abort\""), "2.0");
        }
    }),
];

/// Takes a family out of a page.
fn lose(reply: &mut Reply, name: &str) {
    if reply.text.starts_with("# ") {
        let kept: Vec<&str> = reply.text.lines().filter(|line| !line.contains(name)).collect();
        reply.text = kept.join("\n") + "\n";
    }
}

/// The survey asks six times; then the case scrapes, sends its stream, and scrapes again.
fn was_left(asked: &Asked) -> bool {
    8 <= asked.turn
}

fn keep_running(asked: &Asked, reply: &mut Reply) {
    if was_left(asked) {
        samples(reply, |series| series.starts_with("vllm:num_requests_running{"), "1.0");
    }
}

/// Sets the value of the chosen series.
fn samples(reply: &mut Reply, chosen: impl Fn(&str) -> bool, value: &str) {
    let line = |line: &str| match line.rsplit_once(' ').filter(|(series, _)| chosen(series)) {
        Some((series, _)) => format!("{series} {value}\n"),
        None => format!("{line}\n"),
    };
    reply.text = reply.text.lines().map(line).collect();
}
