//! Why a conversation did not become a prompt.

use thiserror::Error;

/// Why a chat template could not be read or rendered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// It is no Jinja template.
    #[error(
        "the chat template cannot be read: {reason}; give the `chat_template` of the model's `tokenizer_config.json`"
    )]
    Syntax {
        /// What the template engine says, with the line.
        reason: String,
    },
    /// The template refused the conversation (`raise_exception`), or failed on it.
    #[error("{reason}")]
    Refused {
        /// The template's own words.
        reason: String,
    },
    /// The conversation has another shape than a list of messages.
    #[error("`messages` must be a list of objects, got {got}")]
    NotMessages {
        /// The kind of JSON value found.
        got: &'static str,
    },
    /// The last message is not found in the prompt, so nothing can be continued.
    #[error(
        "`continue_final_message` is set, but the chat template does not keep the text of the last message as it is; leave it out"
    )]
    FinalMessageLost,
}
