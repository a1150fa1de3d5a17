//! Faults of `usage` in streams.

use serde_json::{Value, json};

use crate::{
    Proof,
    faulty::{Asked, Reply, remove},
};

pub(crate) const PROOFS: &[Proof] = &[
    Proof::new("U-20", "no usage chunk", |_, reply| reply.chunks(|chunks| chunks.retain(|chunk| !is_closing(chunk)))),
    Proof::new("U-20", "the usage chunk comes twice", |_, reply| {
        reply.chunks(|chunks| chunks.extend(chunks.last().cloned()));
    }),
    Proof::new("U-20", "the usage chunk comes first", |_, reply| reply.chunks(|chunks| chunks.rotate_right(1))),
    Proof::new("U-20", "the usage chunk comes after [DONE]", |_, reply| {
        reply.blocks(|blocks| {
            let last = blocks.len() - 1;
            blocks.swap(last - 1, last);
        });
    }),
    Proof::new("U-20", "no [DONE]", |_, reply| reply.blocks(|blocks| drop(blocks.pop()))),
    Proof::new("U-20", "no finish_reason", |_, reply| {
        reply.choices(|choice| choice["finish_reason"] = Value::Null);
    }),
    Proof::new("U-20", "usage is on the finishing chunk instead", |_, reply| {
        reply.chunks(|chunks| {
            let closing = chunks.pop().expect("a closing chunk");
            chunks.last_mut().expect("a finishing chunk")["usage"] = closing["usage"].clone();
        });
    }),
    Proof::new("U-21", "a streamed token is not counted", |asked, reply| {
        if asked.streams() {
            reply.add("completion_tokens", -1);
            reply.add("total_tokens", -1);
        }
    }),
    Proof::new("U-22", "the last text is lost", |_, reply| {
        reply.chunks(|chunks| {
            for text in chunks.iter_mut().rev().filter_map(text_of).take(1) {
                *text = json!("");
            }
        });
    }),
    Proof::new("U-22", "a text comes twice", |_, reply| {
        reply.chunks(|chunks| chunks.insert(2, chunks[1].clone()));
    }),
    Proof::new("U-23", "a usage chunk that nobody asked for", |_, reply| add_closing(reply)),
    Proof::new("U-23", "usage on every chunk", |_, reply| add_usage(reply)),
    Proof::new("U-24", "no usage key in a completion's chunks", |_, reply| {
        reply.chunks(|chunks| {
            for chunk in chunks {
                remove(chunk, "usage");
            }
        });
    }),
    Proof::new("U-25", "empty options bring no usage", |asked, reply| {
        if asked.has("stream_options", &json!({})) {
            reply.chunks(|chunks| chunks.retain(|chunk| !is_closing(chunk)));
        }
    }),
    Proof::new("U-26", "null brings a usage chunk", |_, reply| add_closing(reply)),
    Proof::new("U-27", "a string is refused", |asked, reply| {
        if includes(asked, &json!("yes")) {
            reply.refuse(400);
        }
    }),
    Proof::new("U-27", "nonsense is read as false", |asked, reply| {
        if includes(asked, &json!("banana")) {
            reply.status = 200;
            reply.set_header("content-type", "text/event-stream; charset=utf-8");
            reply.text = "data: {\"choices\":[{\"index\":0,\"text\":\"a\"}]}\n\ndata: [DONE]\n\n".into();
        }
    }),
    Proof::new("U-29", "usage null on a chat's chunks", |_, reply| {
        reply.chunks(|chunks| {
            for chunk in chunks.iter_mut().filter(|chunk| !is_closing(chunk)) {
                chunk["usage"] = Value::Null;
            }
        });
    }),
    Proof::new("U-30", "one chunk has no usage", |_, reply| {
        reply.chunks(|chunks| {
            remove(&mut chunks[1], "usage");
        });
    }),
    Proof::new("U-30", "completion_tokens falls", |_, reply| {
        reply.chunks(|chunks| {
            chunks[1]["usage"]["completion_tokens"] = json!(5000);
            chunks[1]["usage"]["total_tokens"] =
                json!(5000 + chunks[1]["usage"]["prompt_tokens"].as_u64().expect("a count"));
        });
    }),
    Proof::new("U-30", "prompt_tokens changes", |_, reply| {
        reply.chunks(|chunks| {
            for count in ["prompt_tokens", "total_tokens"] {
                let usage = &mut chunks[1]["usage"];
                usage[count] = json!(usage[count].as_u64().expect("a count") + 1);
            }
        });
    }),
    Proof::new("U-30", "the total is not the sum", |_, reply| reply.add("total_tokens", 1)),
    Proof::new("U-31", "the last token is in the final usage only", |_, reply| {
        reply.chunks(|chunks| {
            let last = chunks.len() - 2;
            let count = &mut chunks[last]["usage"]["completion_tokens"];
            *count = json!(count.as_u64().expect("a count") - 1);
        });
    }),
    Proof::new("U-32", "a token is counted with the role chunk", |_, reply| {
        reply.chunks(|chunks| chunks[0]["usage"]["completion_tokens"] = json!(2));
    }),
    Proof::new("U-33", "continuous usage has to be asked for twice", |_, reply| without_usage(reply)),
    Proof::new("U-34", "usage although it is not included", |_, reply| add_closing(reply)),
    Proof::forced("U-35", "the flag does nothing", |_, reply| without_usage(reply)),
    Proof::forced("U-36", "the flag does nothing for completions", |asked, reply| {
        if asked.path == "/v1/completions" {
            without_usage(reply);
        }
    }),
    Proof::forced("U-37", "the flag gives only the final usage", |_, reply| {
        reply.chunks(|chunks| {
            for chunk in chunks.iter_mut().filter(|chunk| !is_closing(chunk)) {
                remove(chunk, "usage");
            }
        });
    }),
    Proof::new("U-38", "options without a stream are ignored", |asked, reply| {
        if asked.body.get("stream_options").is_some() {
            reply.status = 200;
        }
    }),
    Proof::new("U-38", "other words", |asked, reply| {
        if includes(asked, &json!(true)) {
            reply.refuse(400);
        }
    }),
    Proof::new("U-39", "usage after the error", |_, reply| fail_inside(reply, true)),
    Proof::new("U-39", "no [DONE] after the error", |_, reply| {
        fail_inside(reply, false);
        reply.blocks(|blocks| drop(blocks.pop()));
    }),
];

fn is_closing(chunk: &Value) -> bool {
    chunk["choices"].as_array().is_some_and(Vec::is_empty)
}

fn includes(asked: &Asked, value: &Value) -> bool {
    asked.body.pointer("/stream_options/include_usage") == Some(value)
}

fn text_of(chunk: &mut Value) -> Option<&mut Value> {
    let choice = chunk.get_mut("choices")?.get_mut(0)?;
    let pointer = if choice.get("delta").is_some() { "/delta/content" } else { "/text" };
    choice.pointer_mut(pointer).filter(|text| text.as_str().is_some_and(|text| !text.is_empty()))
}

const USAGE: fn() -> Value = || json!({"prompt_tokens": 9, "total_tokens": 13, "completion_tokens": 4});

fn add_closing(reply: &mut Reply) {
    reply.chunks(|chunks| {
        let mut closing = chunks[0].clone();
        closing["choices"] = json!([]);
        closing["usage"] = USAGE();
        chunks.push(closing);
    });
}

fn add_usage(reply: &mut Reply) {
    reply.chunks(|chunks| {
        for chunk in chunks {
            chunk["usage"] = USAGE();
        }
    });
}

fn without_usage(reply: &mut Reply) {
    reply.chunks(|chunks| {
        chunks.retain(|chunk| !is_closing(chunk));
        for chunk in chunks {
            remove(chunk, "usage");
        }
    });
}

/// Keeps the first chunk and fails after it, as vLLM does in the recording echo-continue-stream.
fn fail_inside(reply: &mut Reply, with_usage: bool) {
    reply.chunks(|chunks| {
        let closing = chunks.iter().find(|chunk| is_closing(chunk)).cloned();
        chunks.truncate(1);
        chunks.push(json!({"error": {"message": "no", "type": "BadRequestError", "param": null, "code": 400}}));
        if with_usage {
            let mut closing = closing.unwrap_or_else(|| chunks[0].clone());
            closing["choices"] = json!([]);
            closing["usage"] = USAGE();
            chunks.push(closing);
        }
    });
}
