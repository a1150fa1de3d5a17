//! Prompts from files: JSON lines, and ShareGPT's conversations.

use std::num::NonZeroU32;

use serde_json::Value;

use super::Prompt;

/// A data set that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// A line is no JSON, or has no prompt.
    #[error("line {line}: {why}; write a line like {{\"prompt\": \"…\", \"output_tokens\": 64}}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// No conversation begins with somebody's question.
    #[error("the file holds no conversation that begins with a `human` or `user` turn")]
    NoConversation,
}

/// Reads prompts.
///
/// A file that begins with `[` is taken as ShareGPT's: conversations, of which the first question is asked. Every other one
/// is a JSON object a line, with `prompt` (or `text`, or the last user message of `messages`) and, where it matters,
/// `output_tokens` (or `max_tokens`).
pub fn read_dataset(text: &str) -> Result<Vec<Prompt>, DatasetError> {
    if text.trim_start().starts_with('[') { share_gpt(text) } else { lines(text) }
}

fn lines(text: &str) -> Result<Vec<Prompt>, DatasetError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(i, line)| {
            let wrong = |why: String| DatasetError::Line { line: i + 1, why };
            let value: Value = serde_json::from_str(line).map_err(|error| wrong(format!("no JSON ({error})")))?;
            let prompt = question(&value).ok_or_else(|| wrong("no `prompt`".to_owned()))?;
            let tokens = ["output_tokens", "max_tokens"].iter().find_map(|key| value.get(key));
            let max_tokens = tokens.map(|tokens| {
                let count = tokens.as_u64().and_then(|count| u32::try_from(count).ok()).and_then(NonZeroU32::new);
                count.ok_or_else(|| wrong(format!("`output_tokens` must be a number above 0, got {tokens}")))
            });
            Ok(Prompt::new(prompt).max_tokens(max_tokens.transpose()?))
        })
        .collect()
}

fn question(value: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(prompt) = ["prompt", "text"].iter().find_map(|key| value.get(key).and_then(text)) {
        return Some(prompt);
    }
    let messages = value.get("messages")?.as_array()?;
    let last = messages.iter().rev().find(|message| message.get("role").and_then(Value::as_str) == Some("user"))?;
    last.get("content").and_then(text)
}

fn share_gpt(text: &str) -> Result<Vec<Prompt>, DatasetError> {
    let conversations: Vec<Value> = serde_json::from_str(text)
        .map_err(|error| DatasetError::Line { line: error.line(), why: format!("no JSON ({error})") })?;
    let prompts: Vec<Prompt> = conversations
        .iter()
        .filter_map(|conversation| {
            let first = conversation.get("conversations")?.get(0)?;
            let is_question = matches!(first.get("from")?.as_str()?, "human" | "user");
            let question = first.get("value")?.as_str().filter(|text| is_question && !text.trim().is_empty())?;
            Some(Prompt::new(question.to_owned()))
        })
        .collect();
    if prompts.is_empty() { Err(DatasetError::NoConversation) } else { Ok(prompts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(text: &str, max_tokens: Option<u32>) -> Prompt {
        Prompt::new(text.to_owned()).max_tokens(max_tokens.and_then(NonZeroU32::new))
    }

    #[test]
    fn lines_have_a_prompt_and_perhaps_a_length() {
        let text = r#"{"prompt": "one", "output_tokens": 7}

{"text": "two"}
{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "three"}], "max_tokens": 9}"#;
        let expect = vec![prompt("one", Some(7)), prompt("two", None), prompt("three", Some(9))];
        assert_eq!(read_dataset(text), Ok(expect));
    }

    #[test]
    fn a_sharegpt_file_gives_first_questions() {
        let text = r#"[{"id": "a", "conversations": [{"from": "human", "value": "why?"}, {"from": "gpt", "value": "so"}]},
                       {"id": "b", "conversations": [{"from": "gpt", "value": "hello"}]}, {"id": "c", "conversations": []}]"#;
        assert_eq!(read_dataset(text), Ok(vec![prompt("why?", None)]));
        assert_eq!(read_dataset("[]"), Err(DatasetError::NoConversation));
    }

    #[test]
    fn a_bad_line_is_named() {
        for (line, why) in [("{", "no JSON"), ("{}", "no `prompt`"), (r#"{"prompt":"x","output_tokens":0}"#, "got 0")] {
            let message = read_dataset(&format!("{{\"prompt\":\"ok\"}}\n{line}")).unwrap_err().to_string();
            assert!(message.starts_with("line 2: ") && message.contains(why), "{message}");
        }
    }
}
