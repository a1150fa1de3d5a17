//! A model's shape from its Hugging Face `config.json`.
//!
//! Read are dense and mixture-of-experts text models, with grouped-query or latent attention, alone or beside a vision tower, in BF16 or
//! quantized. What the file does not say, such as the exact size of norms, is small and left out.

mod attention;
mod config;
mod layers;
#[cfg(test)]
mod published;
mod quantization;

pub use self::config::{ModelConfigError, built_in_models, model_config};
