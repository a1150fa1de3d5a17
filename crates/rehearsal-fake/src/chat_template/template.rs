//! A chat template, and how it is rendered.

use std::{fmt, sync::Arc};

use minijinja::Environment;
use serde_json::{Map, Value, json};

use super::{
    TemplateError,
    messages::{ContentFormat, final_text, normalized},
    python,
};

/// Name of the only template of an environment; without an extension nothing is escaped.
const NAME: &str = "chat";

/// Turns a conversation into a prompt; cheap to clone.
///
/// ```
/// use rehearsal_fake::chat_template::{ChatTemplate, RenderOptions};
/// use serde_json::json;
///
/// let messages = json!([{"role": "user", "content": "Hi"}]);
/// let prompt = ChatTemplate::plain().render(&messages, &RenderOptions::default())?;
/// assert_eq!(prompt, "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
/// # Ok::<(), rehearsal_fake::chat_template::TemplateError>(())
/// ```
#[derive(Clone)]
pub struct ChatTemplate {
    environment: Arc<Environment<'static>>,
    content: ContentFormat,
    image: Option<Arc<str>>,
}

/// What a request says about the rendering.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderOptions {
    /// Whether the prompt ends with the beginning of the assistant's turn; by default it does.
    pub add_generation_prompt: bool,
    /// Whether the last message is left open, for the model to go on in it.
    pub continue_final_message: bool,
    /// Definitions of tools, as sent.
    pub tools: Option<Value>,
    /// Further variables (`chat_template_kwargs`); they win over the others.
    pub kwargs: Map<String, Value>,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self { add_generation_prompt: true, continue_final_message: false, tools: None, kwargs: Map::new() }
    }
}

impl ChatTemplate {
    /// Qwen2.5-VL's format: `ChatML` with the default system turn `You are a helpful assistant.`
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "only if the built-in data were broken, which tests rule out")]
    pub fn qwen2_5_vl() -> Self {
        Self::from_source(include_str!("qwen2_5_vl.jinja")).expect("the built-in template is valid")
    }

    /// `ChatML` without a default system turn: for the built-in tokenizer.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "only if the built-in data were broken, which tests rule out")]
    pub fn plain() -> Self {
        Self::from_source(include_str!("plain.jinja")).expect("the built-in template is valid")
    }

    /// A model's own template: the `chat_template` of its `tokenizer_config.json`.
    pub fn from_source(source: &str) -> Result<Self, TemplateError> {
        let mut environment = python::environment();
        let syntax = |error: minijinja::Error| TemplateError::Syntax { reason: error.to_string() };
        environment.add_template_owned(NAME, source.to_owned()).map_err(syntax)?;
        let mut template = Self { environment: Arc::new(environment), content: ContentFormat::Text, image: None };
        template.content = template.content_format();
        Ok(template)
    }

    /// Whether the content of a message is a list of parts to the template, as vLLM sees it.
    #[must_use]
    pub fn takes_parts(&self) -> bool {
        self.content == ContentFormat::Parts
    }

    /// What stands for an image where the template takes no parts.
    #[must_use]
    pub fn with_image_placeholder(mut self, placeholder: &str) -> Self {
        self.image = Some(placeholder.into());
        self
    }

    /// Whether the template takes lists of parts, found by trying. vLLM looks for a loop over `content` instead; the answer is the same.
    fn content_format(&self) -> ContentFormat {
        const TEXT: &str = "text of the probe";
        const KEY: &str = "key of the probe";
        let messages = vec![json!({"role": "user", "content": [{"type": "text", "text": TEXT, KEY: null}]})];
        match self.rendered(&messages, &RenderOptions::default()) {
            // a template for strings prints the whole list instead
            Ok(prompt) if prompt.contains(TEXT) && !prompt.contains(KEY) => ContentFormat::Parts,
            _ => ContentFormat::Text,
        }
    }

    /// Whether the template's source has that text in it.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        self.environment.get_template(NAME).is_ok_and(|template| template.source().contains(text))
    }

    /// The prompt of a conversation. The content of a message may be a string or a list of parts, whatever the template takes.
    pub fn render(&self, messages: &Value, options: &RenderOptions) -> Result<String, TemplateError> {
        let messages = normalized(messages, self.content, self.image.as_deref())?;
        let mut prompt = self.rendered(&messages, options)?;
        if options.continue_final_message {
            let text = final_text(&messages).ok_or(TemplateError::FinalMessageLost)?;
            prompt.truncate(end_of_final_text(&prompt, text).ok_or(TemplateError::FinalMessageLost)?);
        }
        Ok(prompt)
    }

    fn rendered(&self, messages: &[Value], options: &RenderOptions) -> Result<String, TemplateError> {
        let mut variables = Map::new();
        variables.insert("messages".to_owned(), messages.into());
        variables.insert("add_generation_prompt".to_owned(), options.add_generation_prompt.into());
        // `transformers` passes `tools=None` too: templates test `tools is not none`
        variables.insert("tools".to_owned(), options.tools.clone().unwrap_or(Value::Null));
        variables.insert("documents".to_owned(), Value::Null);
        variables.extend(options.kwargs.clone());
        let refused = |error: minijinja::Error| TemplateError::Refused {
            reason: error.detail().map_or_else(|| error.to_string(), ToOwned::to_owned),
        };
        self.environment
            .get_template(NAME)
            .and_then(|template| template.render(minijinja::value::Serde(&variables)))
            .map_err(refused)
    }
}

/// Where the text of the last message ends in the prompt: `transformers` looks for the last occurrence of the stripped text and keeps
/// the white space after it only if the template did.
fn end_of_final_text(prompt: &str, text: &str) -> Option<usize> {
    let stripped = text.trim();
    let start = prompt.rfind(stripped)?;
    let unstripped_end = text.trim_start();
    let kept = prompt.get(start..).is_some_and(|rest| rest.starts_with(unstripped_end));
    Some(start + if kept { unstripped_end.len() } else { stripped.len() })
}

impl fmt::Debug for ChatTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatTemplate").field("content", &self.content).finish_non_exhaustive()
    }
}
