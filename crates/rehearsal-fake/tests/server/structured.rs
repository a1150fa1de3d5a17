//! Constrained replies of a server whose text plug-in has no say in them.

use rehearsal_fake::{
    FakeVllm, FrontendOptions, api::AutoToolChoice, reasoning::ReasoningParser, text::Fixed, tools::ToolCallParser,
};
use serde_json::{Value, json};

use super::client;

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}, "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1}},
        "required": ["city", "days", "tags"],
    })
}

fn weather() -> Value {
    json!([{"type": "function", "function": {"name": "weather", "parameters": schema()}}])
}

fn chat(fields: &Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": "hello"}], "max_tokens": 400});
    for (key, value) in fields.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    body
}

#[track_caller]
fn assert_valid(text: &str) {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(jsonschema::is_valid(&schema(), &value), "{text}");
}

fn server(version: &str, reasoning: Option<ReasoningParser>) -> FakeVllm {
    let mut options = FrontendOptions::for_model("m");
    options.auto_tool_choice = AutoToolChoice::Served;
    options.tool_call_parser = Some(ToolCallParser::Hermes);
    options.reasoning_parser = reasoning;
    FakeVllm::builder()
        .frontend(options)
        .vllm_version(version.parse().expect("a version"))
        .start_in_memory()
        .expect("the settings are right")
}

#[tokio::test]
async fn filler_gives_way_to_json_of_the_schema_whole_and_streamed_and_every_token_counts() {
    for version in ["0.13.0", "0.32.0"] {
        let fake = server(version, None);
        let format =
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema()}}});
        let answer = client::post(&fake, "/v1/chat/completions", &chat(&format)).await.json();
        let text = answer["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
        assert_valid(&text);
        assert_eq!(answer["choices"][0]["finish_reason"], "stop");
        // one token a byte, and the end
        assert_eq!(answer["usage"]["completion_tokens"], text.len() + 1);
        let mut body = chat(&format);
        body["stream"] = true.into();
        let chunks = client::post(&fake, "/v1/chat/completions", &body).await.chunks();
        let streamed: String =
            chunks.iter().filter_map(|chunk| chunk.pointer("/choices/0/delta/content")?.as_str()).collect();
        assert_eq!(streamed, text);
    }
}

#[tokio::test]
async fn a_forced_call_has_arguments_of_the_tools_schema() {
    for (version, reasoning) in [("0.13.0", None), ("0.32.0", None), ("0.32.0", Some(ReasoningParser::Qwen3))] {
        let fake = server(version, reasoning);
        let named = json!({"type": "function", "function": {"name": "weather"}});
        for choice in [json!("required"), named] {
            let body = chat(&json!({"tools": weather(), "tool_choice": choice}));
            let answer = client::post(&fake, "/v1/chat/completions", &body).await.json();
            let call = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
            assert_eq!(call["name"], "weather", "{version} {choice} {answer}");
            assert_valid(call["arguments"].as_str().unwrap());
        }
    }
}

#[tokio::test]
async fn a_reply_that_fits_is_kept_and_one_that_does_not_is_replaced() {
    let text = r#"{"city":"Rome","days":2,"tags":["b"]}"#;
    for (fixed, kept) in [(text, true), ("Rome, for two days", false)] {
        let fake = FakeVllm::builder().text(Fixed(fixed.to_owned())).start_in_memory().unwrap();
        let body = json!({"prompt": "hello", "max_tokens": 400, "structured_outputs": {"json": schema()}});
        let answer = client::post(&fake, "/v1/completions", &body).await.json();
        let said = answer["choices"][0]["text"].as_str().unwrap();
        assert_valid(said);
        assert_eq!(said == text, kept, "{said}");
    }
}
