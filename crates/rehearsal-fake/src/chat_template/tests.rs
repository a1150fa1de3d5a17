//! Whole prompts. The oracle for Qwen's format is the template in the model's `tokenizer_config.json`, rendered by hand.

use serde_json::{Map, Value, json};

use super::{ChatTemplate, RenderOptions, TemplateError};

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "literals read better without `&`")]
fn check(template: &ChatTemplate, messages: Value, expect: &str) {
    assert_eq!(template.render(&messages, &RenderOptions::default()).expect("a prompt"), expect);
}

#[test]
fn qwen_gets_its_default_system_turn_only_without_another() {
    let qwen = ChatTemplate::qwen2_5_vl();
    check(
        &qwen,
        json!([{"role": "user", "content": "Hi"}]),
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    );
    check(
        &qwen,
        json!([{"role": "system", "content": "S"}, {"role": "user", "content": "Hi\n"}, {"role": "assistant", "content": "Yo"}]),
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nHi\n<|im_end|>\n<|im_start|>assistant\nYo<|im_end|>\n<|im_start|>assistant\n",
    );
}

#[test]
fn qwen_marks_images_between_texts() {
    check(
        &ChatTemplate::qwen2_5_vl(),
        json!([{"role": "system", "content": ""}, {"role": "user", "content": [
            {"type": "text", "text": "a"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}},
            {"type": "text", "text": "b"},
        ]}]),
        "<|im_start|>system\n<|im_end|>\n<|im_start|>user\na<|vision_start|><|image_pad|><|vision_end|>b<|im_end|>\n<|im_start|>assistant\n",
    );
}

#[test]
fn kwargs_reach_the_template() {
    let kwargs = Map::from_iter([("add_vision_id".to_owned(), json!(true))]);
    let options = RenderOptions { kwargs, add_generation_prompt: false, ..RenderOptions::default() };
    let messages = json!([{"role": "system", "content": [{"type": "image"}, {"type": "image"}]}]);
    let prompt = ChatTemplate::qwen2_5_vl().render(&messages, &options).expect("a prompt");
    let picture = "<|vision_start|><|image_pad|><|vision_end|>";
    assert_eq!(prompt, format!("<|im_start|>system\nPicture 1: {picture}Picture 2: {picture}<|im_end|>\n"));
}

#[test]
fn a_template_for_strings_gets_the_texts_joined() {
    let messages = json!([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]);
    for source in ["{{ messages[0]['content'] }}", "{{ messages[0].content + '' }}", "{{ messages[0].content | trim }}"]
    {
        check(&ChatTemplate::from_source(source).expect("valid"), messages.clone(), "a\nb");
    }
    let parts = "{% for part in messages[0].content %}[{{ part.text }}]{% endfor %}";
    check(&ChatTemplate::from_source(parts).expect("valid"), messages, "[a][b]");
}

#[test]
fn the_final_message_stays_open_when_it_is_continued() {
    let options =
        RenderOptions { add_generation_prompt: false, continue_final_message: true, ..RenderOptions::default() };
    let template = ChatTemplate::plain();
    let open = |messages: Value| template.render(&messages, &options).expect("a prompt");
    assert_eq!(
        open(json!([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Well, "}])),
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nWell, "
    );
    let lost = template.render(&json!([]), &options).expect_err("nothing to continue");
    assert!(matches!(lost, TemplateError::FinalMessageLost));
}

#[test]
fn tools_count_in_the_plain_template_and_keep_their_key_order() {
    let options = RenderOptions { tools: Some(json!([{"type": "function", "a": 1}])), ..RenderOptions::default() };
    let prompt = ChatTemplate::plain().render(&json!([]), &options).expect("a prompt");
    assert_eq!(prompt, "<|im_start|>system\n{\"type\": \"function\", \"a\": 1}\n<|im_end|>\n<|im_start|>assistant\n");
}

#[test]
fn refusals_carry_the_words_of_the_template() {
    let refusing = ChatTemplate::from_source("{{ raise_exception('roles must alternate') }}").expect("valid");
    let error = refusing.render(&json!([]), &RenderOptions::default()).expect_err("it refuses");
    assert_eq!(error.to_string(), "roles must alternate");
    let error = ChatTemplate::from_source("{% if %}").expect_err("no Jinja");
    assert!(matches!(error, TemplateError::Syntax { .. }));
}
