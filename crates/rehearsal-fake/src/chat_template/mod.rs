//! From a conversation to the prompt that the model would see, so that prompts count what they count on a real server.
//!
//! **Here:** [`ChatTemplate`], a Jinja template in the environment that Hugging Face's `transformers` gives it. **Not here, on
//! purpose:** deciding which messages are valid (the API does), and fetching templates.

mod error;
mod messages;
mod python;
mod template;
#[cfg(test)]
mod tests;

pub use self::{
    error::TemplateError,
    template::{ChatTemplate, RenderOptions},
};
