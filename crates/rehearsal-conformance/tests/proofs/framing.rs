//! Faults of form, of headers, and of metrics.

use serde_json::{Value, json};

use crate::{Proof, faulty::Reply};

pub(crate) const PROOFS: &[Proof] = &[
    Proof::new("F-01", "no blank after data:", |_, reply| edit(reply, "data: {", "data:{")),
    Proof::new("F-01", "lines end in CR LF", |_, reply| edit(reply, "\n\n", "\r\n\r\n")),
    Proof::new("F-01", "no [DONE]", |_, reply| edit(reply, "data: [DONE]\n\n", "")),
    Proof::new("F-01", "[DONE] comes twice", |_, reply| {
        edit(reply, "data: [DONE]\n\n", "data: [DONE]\n\ndata: [DONE]\n\n");
    }),
    Proof::new("F-01", "the stream breaks off inside an event", |_, reply| {
        if reply.is_stream() {
            reply.text.truncate(reply.text.len() / 2);
        }
    }),
    Proof::new("F-01", "the content type is JSON", |_, reply| {
        if reply.is_stream() {
            reply.set_header("content-type", "application/json");
        }
    }),
    Proof::new("F-02", "each chunk has an id of its own", |_, reply| {
        reply.chunks(|chunks| {
            for (at, chunk) in chunks.iter_mut().enumerate() {
                chunk["id"] = json!(format!("chatcmpl-{at}"));
            }
        });
    }),
    Proof::new("F-02", "chunks have the object of a whole answer", |_, reply| {
        reply.chunks(|chunks| chunks.iter_mut().for_each(|chunk| chunk["object"] = json!("chat.completion")));
    }),
    Proof::new("F-02", "another model answers", |_, reply| {
        reply.chunks(|chunks| chunks[1]["model"] = json!("other"));
    }),
    Proof::new("F-03", "every chunk has a role", |_, reply| {
        reply.choices(|choice| choice["delta"]["role"] = json!("assistant"));
    }),
    Proof::new("F-03", "no chunk has a role", |_, reply| reply.chunks(|chunks| drop(chunks.remove(0)))),
    Proof::new("F-04", "the role chunk has no content", |_, reply| {
        reply.chunks(|chunks| {
            let delta = chunks[0]["choices"][0]["delta"].as_object_mut().expect("a delta");
            delta.shift_remove("content");
        });
    }),
    Proof::new("F-04", "finish_reason has a chunk of its own", |_, reply| {
        reply.chunks(|chunks| {
            let mut finishing = chunks.last().expect("a chunk").clone();
            finishing["choices"][0]["delta"] = json!({});
            chunks.last_mut().expect("a chunk")["choices"][0]["finish_reason"] = Value::Null;
            chunks.push(finishing);
        });
    }),
    Proof::new("F-05", "a reason that does not exist", |_, reply| {
        reply.choices(|choice| {
            if choice["finish_reason"].is_string() {
                choice["finish_reason"] = json!("done");
            }
        });
    }),
    Proof::new("F-05", "a choice never finishes", |_, reply| {
        reply.choices(|choice| choice["finish_reason"] = Value::Null);
    }),
    Proof::new("H-01", "the request's id is ignored", |_, reply| {
        reply.whole(|body| body["id"] = json!("chatcmpl-0123456789abcdef"));
    }),
    Proof::new("H-01", "the header comes back without the flag", |_, reply| {
        reply.set_header("x-request-id", "abc");
    }),
    Proof::new("H-02", "no load is reported", |_, reply| drop(reply.headers.remove("endpoint-load-metrics"))),
    Proof::new("H-03", "the server is not healthy", |asked, reply| {
        if asked.path == "/health" {
            reply.status = 503;
        }
    }),
    Proof::new("H-03", "no context length", |_, reply| {
        reply.whole(|body| {
            if let Some(model) = body.pointer_mut("/data/0") {
                model["max_model_len"] = Value::Null;
            }
        });
    }),
    Proof::new("M-01", "the generation counter stands still", |_, reply| {
        freeze(reply, "vllm:generation_tokens_total");
    }),
    Proof::new("M-02", "the prompt counter counts double", |_, reply| {
        series(reply, "vllm:prompt_tokens_total", |value| 2.0 * value);
    }),
    Proof::new("M-04", "no first token is observed", |_, reply| {
        freeze(reply, "vllm:time_to_first_token_seconds_count");
    }),
    Proof::new("M-04", "no gap is observed", |_, reply| {
        freeze(reply, "vllm:inter_token_latency_seconds_count");
    }),
    Proof::new("M-06", "a hit is counted twice", |_, reply| {
        series(reply, "vllm:prefix_cache_hits_total", |value| 3.0 * value);
    }),
    Proof::new("M-06", "no query is counted", |_, reply| freeze(reply, "vllm:prefix_cache_queries_total")),
    Proof::details("M-06", "no hit is counted, although usage tells of some", |_, reply| {
        freeze(reply, "vllm:prefix_cache_hits_total");
    }),
    Proof::new("M-09", "a counter falls", |_, reply| {
        series(reply, "vllm:generation_tokens_total", |value| 1000.0 - value);
    }),
    Proof::new("M-09", "a counter goes away", |asked, reply| {
        if 8 < asked.turn {
            reply.text = reply.text.replace("vllm:num_preemptions_total", "vllm:num_preemptions_lost");
        }
    }),
];

fn edit(reply: &mut Reply, from: &str, to: &str) {
    if reply.is_stream() {
        reply.text = reply.text.replace(from, to);
    }
}

/// Sets every series of a metric to 0.
fn freeze(reply: &mut Reply, name: &str) {
    series(reply, name, |_| 0.0);
}

/// Changes the value of every series of a metric.
fn series(reply: &mut Reply, name: &str, change: fn(f64) -> f64) {
    if !reply.text.starts_with("# ") {
        return;
    }
    let line = |line: &str| match line.rsplit_once(' ') {
        Some((series, value)) if series.strip_prefix(name).is_some_and(|labels| labels.starts_with('{')) => {
            format!("{series} {}\n", change(value.parse().expect("a number")))
        }
        _ => format!("{line}\n"),
    };
    reply.text = reply.text.lines().map(line).collect();
}
