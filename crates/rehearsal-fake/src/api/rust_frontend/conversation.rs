//! From messages to the prompt that the model sees.

use serde_json::{Map, Value};

use super::{super::context::Context, message::ChatMessage, refusal::Refusal, tool::Tool};
use crate::chat_template::{ChatTemplate, RenderOptions, TemplateError};

/// How a rendered prompt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With the beginning of a new reply.
    NewReply,
    /// In the middle of the assistant's last message.
    LastReply,
    /// After the last message.
    Nothing,
}

impl Ending {
    /// What the two flags of a request come to. That a reply is begun is the default, unless the last one is continued.
    pub(super) fn of(add: Option<bool>, continues: bool, messages: &[ChatMessage]) -> Result<Self, Refusal> {
        match (add, continues) {
            (Some(true), true) => {
                Err(Refusal::invalid("Cannot set both `continue_final_message` and `add_generation_prompt` to True."))
            }
            (_, true) if messages.last().is_some_and(ChatMessage::is_assistants) => Ok(Self::LastReply),
            (_, true) => Err(Refusal::invalid(
                "Cannot set `continue_final_message` to True when the last message is not from the assistant.",
            )),
            (Some(false), false) => Ok(Self::Nothing),
            (None | Some(true), false) => Ok(Self::NewReply),
        }
    }
}

/// What is rendered besides the messages.
#[derive(Clone, Debug)]
pub(super) struct Setting<'a> {
    pub(super) ending: Ending,
    pub(super) tools: &'a [Tool],
    /// The request's own template.
    pub(super) template: Option<&'a str>,
    /// Further variables of the template.
    pub(super) variables: Map<String, Value>,
}

/// The prompt of a conversation, and its messages as the template saw them.
pub(super) fn render(
    context: &Context,
    messages: &[ChatMessage],
    setting: Setting<'_>,
) -> Result<(String, Value), Refusal> {
    messages.iter().try_for_each(ChatMessage::check_rendering)?;
    let broken =
        |error: TemplateError| Refusal::Server(format!("failed to submit chat request: chat template error: {error}"));
    let own = setting.template.map(ChatTemplate::from_source).transpose().map_err(broken)?;
    let template = own.as_ref().unwrap_or(&context.app.chat_template);
    let messages = serde_json::to_value(messages).unwrap_or_default();
    let options = RenderOptions {
        add_generation_prompt: setting.ending == Ending::NewReply,
        continue_final_message: setting.ending == Ending::LastReply,
        tools: (!setting.tools.is_empty()).then(|| serde_json::to_value(setting.tools).unwrap_or_default()),
        kwargs: setting.variables,
    };
    let text = template.render(&messages, &options).map_err(broken)?;
    Ok((text, messages))
}
