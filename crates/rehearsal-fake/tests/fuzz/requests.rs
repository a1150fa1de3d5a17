//! Requests: trees of JSON that mean nothing, and valid ones changed in a few places.

use proptest::{prelude::*, sample::Index};
use serde_json::{Map, Value, json};

/// A request as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) path: &'static str,
    pub(crate) body: String,
}

/// A body that each route takes.
fn valid() -> Vec<(&'static str, Value)> {
    let said = json!([{"role": "system", "content": "be brief"}, {"role": "user", "content": [{"type": "text", "text": "a"}]}]);
    let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}}]);
    let schema = json!({"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object", "properties": {"b": {"type": "boolean"}}, "required": ["b"]}}});
    let chat = json!({
        "model": "tiny", "messages": said, "max_tokens": 5, "temperature": 0.5, "top_p": 0.9, "n": 1, "seed": 3, "stream": false, "stop": ["zz"],
        "logprobs": true, "top_logprobs": 2, "logit_bias": {"5": 1.5}, "presence_penalty": 0.1, "user": "u",
    });
    let streamed = json!({
        "messages": said, "max_completion_tokens": 5, "stream": true, "stream_options": {"include_usage": true, "continuous_usage_stats": true},
        "min_tokens": 1, "stop_token_ids": [7], "prompt_logprobs": null, "truncate_prompt_tokens": 9,
    });
    let called = json!({
        "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "c", "content": "b"}],
        "tools": tools, "tool_choice": "required", "max_tokens": 40, "parallel_tool_calls": false,
    });
    let structured = json!({"messages": said, "response_format": schema, "max_tokens": 40, "structured_outputs": null});
    let completion = json!({
        "model": "tiny", "prompt": ["a", "b"], "max_tokens": 4, "echo": true, "logprobs": 1, "n": 1, "temperature": 0, "best_of": 1, "suffix": null,
        "stream": false, "bad_words": ["x"], "allowed_token_ids": [70, 71], "repetition_penalty": 1.1, "top_k": 5, "min_p": 0.1, "prompt_logprobs": 1,
    });
    let ids = json!({"prompt": [[70, 71], [72]], "max_tokens": 4, "stream": true, "return_token_ids": true, "add_special_tokens": false});
    let beam = json!({"prompt": "a", "max_tokens": 3, "n": 2, "use_beam_search": true, "length_penalty": 1.0, "priority": 0, "cache_salt": "s"});
    let grammar =
        json!({"prompt": "a", "max_tokens": 30, "structured_outputs": {"regex": "[0-9]{3}"}, "ignore_eos": true});
    let response = json!({
        "model": "tiny", "input": [{"role": "user", "content": [{"type": "input_text", "text": "a"}]}], "max_output_tokens": 4, "instructions": "brief",
        "stream": false, "tools": [], "text": {"format": {"type": "text"}}, "reasoning": {"effort": "low"}, "store": false,
    });
    let message = json!({
        "model": "tiny", "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}], "max_tokens": 4, "system": "brief", "stream": true,
        "stop_sequences": ["zz"], "tools": [{"name": "f", "input_schema": {"type": "object"}}], "tool_choice": {"type": "auto"}, "top_k": 4,
    });
    vec![
        ("/v1/chat/completions", chat),
        ("/v1/chat/completions", streamed),
        ("/v1/chat/completions", called),
        ("/v1/chat/completions", structured),
        ("/v1/completions", completion.clone()),
        ("/v1/completions", ids),
        ("/v1/completions", beam),
        ("/v1/completions", grammar),
        ("/v1/responses", response),
        ("/v1/messages", message.clone()),
        ("/v1/messages/count_tokens", message),
        (
            "/tokenize",
            json!({"model": "tiny", "messages": said, "add_generation_prompt": true, "return_token_strs": true}),
        ),
        ("/detokenize", json!({"model": "tiny", "tokens": [70, 71]})),
        ("/v1/embeddings", json!({"model": "tiny", "input": ["a"]})),
        ("/v1/rerank", json!({"query": "a", "documents": ["b"]})),
        ("/score", json!({"text_1": "a", "text_2": ["b"]})),
        ("/pooling", json!({"input": "a"})),
        ("/classify", json!({"input": "a"})),
        ("/invocations", completion.clone()),
        ("/inference/v1/generate", json!({"token_ids": [70], "sampling_params": {"max_tokens": 3}, "stream": false})),
        ("/v1/chat/completions/render", json!({"messages": said})),
        ("/v1/completions/render", json!({"prompt": "a"})),
        ("/v1/load_lora_adapter", json!({"lora_name": "a", "lora_path": "/b"})),
        ("/v1/unload_lora_adapter", json!({"lora_name": "a"})),
        ("/abort_requests", json!({"request_ids": ["a"]})),
        ("/v1/audio/transcriptions", json!({"model": "tiny"})),
        ("/v1/nowhere", completion),
    ]
}

/// One change of a body.
#[derive(Clone, Debug)]
enum Change {
    /// The value at a place becomes this one.
    Replace(Index, Value),
    /// The value at a place is gone.
    Remove(Index),
    /// A place also holds what another place does.
    Copy(Index, Index),
}

/// Anything that is sent.
pub(crate) fn all() -> impl Strategy<Value = Sent> {
    let routes = valid();
    let count = routes.len();
    let route = move |at: usize| routes[at].clone();
    let meaningless = (0..count, tree()).prop_map({
        let route = route.clone();
        move |(at, body)| Sent { path: route(at).0, body: body.to_string() }
    });
    let changed = (0..count, prop::collection::vec(change(), 0..5)).prop_map({
        let route = route.clone();
        move |(at, changes)| {
            let (path, mut body) = route(at);
            for change in changes {
                apply(&mut body, change);
            }
            Sent { path, body: body.to_string() }
        }
    });
    let cut = (0..count, any::<Index>(), any::<Vec<u8>>()).prop_map(move |(at, length, more)| {
        let (path, body) = route(at);
        let body = body.to_string();
        let kept = body.get(..length.index(body.len())).unwrap_or_default();
        Sent { path, body: format!("{kept}{}", String::from_utf8_lossy(&more)) }
    });
    prop_oneof![1 => meaningless, 8 => changed, 1 => cut]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => (any::<Index>(), leaf()).prop_map(|(place, value)| Change::Replace(place, value)),
        2 => (any::<Index>(), tree()).prop_map(|(place, value)| Change::Replace(place, value)),
        1 => any::<Index>().prop_map(Change::Remove),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Copy(from, to)),
    ]
}

/// Numbers at and past every limit, texts of every kind.
fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..9_i64).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-3.0..3.0_f64).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "auto",
            "none",
            "user",
            "5",
            "-1",
            "1e9",
            "json_object",
            "\u{0}",
            "<|im_end|>",
            "{{ 1/0 }}",
            "[[[["
        ])
        .prop_map(Value::from),
        (0..3000_usize).prop_map(|length| Value::from("word ".repeat(length))),
        Just(json!([])),
        Just(json!({})),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    let keys = prop_oneof![
        prop::sample::select(vec![
            "messages", "prompt", "role", "content", "type", "text", "model", "function", "name", "stream", "n",
            "tools", "input"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    leaf().prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..4)
                .prop_map(|fields| fields.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

fn apply(body: &mut Value, change: Change) {
    let mut places = Vec::new();
    list(body, String::new(), &mut places);
    let pick = |index: Index| places[index.index(places.len())].clone();
    match change {
        Change::Replace(at, value) => put(body, &pick(at), value),
        Change::Copy(from, to) => {
            let value = body.pointer(&pick(from)).cloned().unwrap_or_default();
            put(body, &pick(to), value);
        }
        Change::Remove(at) => {
            let place = pick(at);
            let Some((parent, key)) = place.rsplit_once('/') else { return };
            match body.pointer_mut(parent) {
                Some(Value::Object(fields)) => drop(fields.remove(&key.replace("~1", "/").replace("~0", "~"))),
                Some(Value::Array(items)) => drop(items.pop()),
                _ => {}
            }
        }
    }
}

fn put(body: &mut Value, place: &str, value: Value) {
    if let Some(target) = body.pointer_mut(place) {
        *target = value;
    }
}

/// The JSON pointers of every value.
fn list(value: &Value, at: String, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                list(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), into);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                list(value, format!("{at}/{index}"), into);
            }
        }
        _ => {}
    }
    into.push(at);
}
