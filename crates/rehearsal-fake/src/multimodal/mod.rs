//! Images in prompts: from a URL to pixels, from their size to tokens, and which of them were seen before.
//!
//! **Here:** what a vision-language model of the Qwen2-VL family makes of an image, sans-IO but for local files that the server allows. **Not
//! here, on purpose:** the network — an image behind `http` cannot be fetched, and the answer says so as vLLM does when nobody listens —,
//! video and audio.

mod cache;
mod decode;
mod source;
mod tower;

pub use self::tower::{PixelBounds, VisionTower};
pub(crate) use self::{
    cache::ImageCache,
    decode::{ImageError, Picture},
    source::{SourceError, fetch},
};
