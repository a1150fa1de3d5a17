//! Answers in a form that two servers can have in common.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    events::{self, Ids},
    exchange::{Answer, Exchange},
    pages, rust_frontend,
};

/// Keys whose values are made equal: they differ from run to run, or are invented.
const FREE: [&str; 12] = [
    "id",
    "created",
    "created_at",
    "logprob",
    "rank",
    "token_logprobs",
    "top_logprobs",
    "time_to_first_token_ms",
    "generation_time_ms",
    "queue_time_ms",
    "mean_itl_ms",
    "tokens_per_second",
];

/// The recorded answer.
pub(crate) fn expected(exchange: &Exchange) -> String {
    let mut headers = exchange.response_headers.clone();
    if let Some(location) = headers.get_mut("location") {
        *location = location.replace(":8032", ":8013").replace(":8033", ":8013").replace(":8034", ":8013");
    }
    written(exchange, exchange.status, &headers, &exchange.response)
}

/// The fake's.
pub(crate) fn answer(exchange: &Exchange, answer: &Answer) -> String {
    written(exchange, answer.status, &answer.headers, &answer.body)
}

/// What is left when all that follows the first quoted input is cut.
pub(crate) fn leading_sentence(written: &str) -> &str {
    written.split_once("'input':").map_or(written, |(before, _)| before)
}

/// The first continuous usage that both streams have for the same choice and count of tokens, and that differs.
pub(crate) fn continuous_usage(recorded: &str, got: &str) -> Option<String> {
    let (recorded, got) = (usages(recorded), usages(got));
    let differs = |(key, usage): (&(u64, u64), &Value)| {
        let other = got.get(key).filter(|other| *other != usage)?;
        Some(format!("usage of choice {} at {} tokens: expected {usage}, got {other}", key.0, key.1))
    };
    recorded.iter().find_map(differs)
}

/// The usage of each chunk with one choice, by choice and count.
fn usages(body: &str) -> BTreeMap<(u64, u64), Value> {
    let chunks = body.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    let chunks = chunks.filter_map(|data| serde_json::from_str::<Value>(data).ok());
    chunks
        .filter_map(|chunk| {
            let index = chunk["choices"][0]["index"].as_u64()?;
            let count = chunk["usage"]["completion_tokens"].as_u64()?;
            Some(((index, count), chunk["usage"].clone()))
        })
        .collect()
}

/// An id that the request itself decides; those of calls are random like those with a hyphen.
fn is_kept(id: &str) -> bool {
    !(id.contains('-') || id.starts_with("call_")) || id.contains("id-")
}

/// An id that the server made up.
fn is_random(id: &str) -> bool {
    id.len() == 32 || id.len() == 16
}

fn written(exchange: &Exchange, status: u16, headers: &BTreeMap<String, String>, body: &str) -> String {
    // comments come as long as a machine is slow
    let events = body.replace(": keep-alive\n\n", "");
    let body = events.as_str();
    let page = pages::comparable(&exchange.case, body);
    let body = page.as_deref().unwrap_or(body);
    let body = match body.strip_prefix("data: ") {
        Some(_) => stream(body, exchange.shares_a_parser()),
        None if events::is_named(body) => events::stream(body, free),
        None => match serde_json::from_str::<Value>(body) {
            Ok(mut value) => {
                free(&mut value);
                Ids::default().number(&mut value);
                value.to_string()
            }
            Err(_) => body.to_owned(),
        },
    };
    let mut headers = headers.clone();
    if let Some(id) = headers.get_mut("x-request-id").filter(|id| is_random(id)) {
        "…".clone_into(id);
    }
    let body = if exchange.is_drawn() { without_text(&body) } else { body };
    format!("{status} {headers:?} {}", rust_frontend::in_order(&without_addresses(&without_source(&body))))
}

/// A stream as its chunks, those of one choice with the same keys merged, sorted by choice.
///
/// Where choices share a parser of calls, which of them gets a piece of the arguments is not compared.
fn stream(body: &str, shares_a_parser: bool) -> String {
    let mut groups: Vec<(usize, String, Value)> = Vec::new();
    for event in body.split("\n\n").filter(|event| !event.is_empty()) {
        let Some(mut chunk) = event.strip_prefix("data: ").and_then(|data| serde_json::from_str::<Value>(data).ok())
        else {
            groups.push((usize::MAX, String::new(), event.into()));
            continue;
        };
        free(&mut chunk);
        let choice = chunk["choices"][0]["index"]
            .as_u64()
            .map_or(usize::MAX - 1, |index| usize::try_from(index).expect("small"));
        let unfinished = chunk["choices"][0]["finish_reason"].is_null() && choice < 1000;
        let shape = shape(&chunk);
        match groups.iter_mut().find(|group| group.0 == choice && group.1 == shape).filter(|_| unfinished) {
            Some((_, _, merged)) => merge(merged, chunk),
            None => groups.push((choice, shape, chunk)),
        }
    }
    groups.sort_by_key(|group| group.0);
    for index in 0..groups.len() {
        let (before, rest) = groups.split_at_mut(index);
        let Some((choice, _, chunk)) = rest.first_mut().filter(|group| group.0 < 1000) else { break };
        if chunk["choices"][0]["finish_reason"].is_null() {
            // how far the text was when it was told is compared by `continuous_usage`
            blank(&mut chunk["usage"]);
            continue;
        }
        let mut earlier = before.iter_mut().rev().filter(|group| group.0 == *choice).map(|group| &mut group.2);
        let Some(earlier) = earlier.find_map(|chunk| text_of(chunk).is_some().then_some(chunk)) else { continue };
        if let (Some(earlier), Some(text)) = (text_of(earlier), text_of(chunk)) {
            earlier.push_str(&std::mem::take(text));
        }
        let ids = "/choices/0/token_ids";
        if let (Some(Value::Array(earlier)), Some(Value::Array(ids))) =
            (earlier.pointer_mut(ids), chunk.pointer_mut(ids))
        {
            earlier.append(ids);
        }
    }
    if shares_a_parser {
        for (_, _, chunk) in &mut groups {
            if let Some(arguments) = chunk.pointer_mut("/choices/0/delta/tool_calls/0/function/arguments") {
                *arguments = "…".into();
            }
        }
    }
    groups.into_iter().map(|(_, _, chunk)| chunk.to_string()).collect::<Vec<_>>().join("\n")
}

/// The text of a chunk.
fn text_of(chunk: &mut Value) -> Option<&mut String> {
    let choice = chunk.pointer_mut("/choices/0")?;
    let key = if choice.get("text").is_some() { "/text" } else { "/delta/content" };
    match choice.pointer_mut(key) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// Makes all numbers equal.
fn blank(usage: &mut Value) {
    match usage {
        Value::Object(fields) => fields.values_mut().for_each(blank),
        Value::Number(_) => *usage = "…".into(),
        _ => {}
    }
}

/// The keys of a chunk, all levels.
fn shape(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| [key.as_str(), "{", &shape(value), "}"].concat()).collect()
        }
        Value::Array(items) => items.first().map_or_else(String::new, shape),
        Value::Null => "null".to_owned(),
        _ => String::new(),
    }
}

/// Appends the text, ids and log probabilities of a chunk to an earlier one; its usage replaces the earlier one's.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                match (key.as_str(), into.get_mut(&key)) {
                    ("usage", Some(into)) => *into = value,
                    ("content" | "text" | "arguments", Some(Value::String(into))) => {
                        into.push_str(value.as_str().unwrap_or_default());
                    }
                    ("token_ids" | "content" | "tokens" | "text_offset", Some(Value::Array(into))) => {
                        into.extend(value.as_array().cloned().unwrap_or_default());
                    }
                    (_, Some(into)) => merge(into, value),
                    (_, None) => {}
                }
            }
        }
        (Value::Array(into), Value::Array(from)) => {
            for (into, from) in into.iter_mut().zip(from) {
                merge(into, from);
            }
        }
        _ => {}
    }
}

fn free(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                match key.as_str() {
                    // ids that the request itself decides are kept
                    "id" if value.as_str().is_some_and(is_kept) => {}
                    // eight digits for a configuration of which the fake has but a part
                    "system_fingerprint" => {
                        if let Some((release, _)) = value.as_str().and_then(|text| text.rsplit_once('-')) {
                            *value = format!("{release}-…").into();
                        }
                    }
                    "prompt_logprobs" if value.is_array() => *value = "…".into(),
                    // a made-up id behind a prefix that is none
                    "request_id" => {
                        if let Some((prefix, id)) = value.as_str().map(|id| id.rsplit_once('-').unwrap_or(("", id)))
                            && is_random(id)
                        {
                            *value = format!("{prefix}…").into();
                        }
                    }
                    key if FREE.contains(&key) && !value.is_null() => *value = "…".into(),
                    _ => free(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(free),
        _ => {}
    }
}

/// Validation errors name the server's own files, and the version of pydantic's manual.
fn without_source(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("File \\\\\\\"").or_else(|| rest.split_once("File \\\"")) {
        out.push_str(before);
        rest = after.split_once("vllm/entrypoints/").map_or("", |(_, after)| after);
    }
    out + rest
}

/// Python tells where an object is in memory.
fn without_addresses(text: &str) -> String {
    let mut pieces = text.split(" object at 0x");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        text + " object at 0x" + piece.trim_start_matches(|digit: char| digit.is_ascii_hexdigit())
    })
}

/// The same without generated texts.
fn without_text(body: &str) -> String {
    let without = |line: &str| {
        let Ok(mut answer) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
        for choice in answer.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
            for place in ["/text", "/message/content", "/delta/content"] {
                if let Some(text @ Value::String(_)) = choice.pointer_mut(place) {
                    *text = "…".into();
                }
            }
        }
        answer.to_string()
    };
    body.lines().map(without).collect::<Vec<_>>().join("\n")
}
