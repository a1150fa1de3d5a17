//! Messages of the role `developer`, for templates that do not know it (`renderers/hf.py`, `_convert_developer_to_system` and
//! `_consolidate_system_messages`).

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::{
    chat_template::ChatTemplate,
    version::{DeveloperRole, Features},
};

/// The messages as the template gets them.
pub(super) fn rendered<'a>(features: &Features, template: &ChatTemplate, messages: &'a Value) -> Cow<'a, Value> {
    let Some(list) = messages.as_array() else { return Cow::Borrowed(messages) };
    let knows = || template.mentions("\"developer\"") || template.mentions("'developer'");
    let has_some = list.iter().any(|message| role(message) == "developer");
    if features.developer_role == DeveloperRole::Kept || !has_some || knows() {
        return Cow::Borrowed(messages);
    }
    let is_system = |message: &&Value| ["system", "developer"].contains(&role(message));
    let texts: Vec<String> = list.iter().filter(is_system).map(text).filter(|text| !text.is_empty()).collect();
    let system = json!({"role": "system", "content": texts.join("\n\n")});
    let others = list.iter().filter(|message| !is_system(message)).cloned();
    Cow::Owned(std::iter::once(system).chain(others).collect())
}

fn role(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

fn text(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part.as_str().or_else(|| part.get("text")?.as_str()));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Wire;

    #[track_caller]
    fn check(version: &str, template: &str, messages: &Value, expect: &Value) {
        let features = Wire::of(version.parse().unwrap()).unwrap().features;
        let template = ChatTemplate::from_source(template).unwrap();
        assert_eq!(&*rendered(&features, &template, messages), expect, "{version} {messages}");
    }

    #[test]
    fn what_the_developer_says_the_system_says_first() {
        let plain = "{% for m in messages %}{{ m.content }}{% endfor %}";
        let messages = json!([
            {"role": "user", "content": "hi"},
            {"role": "system", "content": "a"},
            {"role": "developer", "content": [{"type": "text", "text": "b"}, {"type": "text", "text": "c"}]},
        ]);
        let merged = json!([{"role": "system", "content": "a\n\nb\nc"}, {"role": "user", "content": "hi"}]);
        check("0.32.0", plain, &messages, &merged);
        check("0.13.0", plain, &messages, &messages);
        check("0.32.0", "{% if messages[0].role == 'developer' %}{% endif %}", &messages, &messages);
        let other = json!([{"role": "system", "content": "a"}, {"role": "system", "content": "b"}]);
        check("0.32.0", plain, &other, &other);
    }
}
