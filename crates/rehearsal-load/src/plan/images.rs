//! Images that go with prompts: of given sizes, and no two alike.
//!
//! What an image costs a server follows from its size, so they are plain: two colours in stripes, a few kilobytes on the
//! wire, made in well under a millisecond. What is not here: photographs, whose upload would be part of the latency.

use std::{fmt, num::NonZeroU16, str::FromStr};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Stripes are so many pixels high.
const STRIPE: usize = 16;

/// A size that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no size of an image; write 640x480, in pixels from 1 to 65535")]
pub struct ImageSizeError(String);

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageSize {
    width: NonZeroU16,
    height: NonZeroU16,
}

impl FromStr for ImageSize {
    type Err = ImageSizeError;

    fn from_str(text: &str) -> Result<Self, ImageSizeError> {
        let wrong = || ImageSizeError(text.to_owned());
        let (width, height) = text.split_once(['x', 'X']).ok_or_else(wrong)?;
        let side = |text: &str| text.trim().parse().map_err(|_| wrong());
        Ok(Self { width: side(width)?, height: side(height)? })
    }
}

impl fmt::Display for ImageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// The images of every request of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Images {
    sizes: Vec<ImageSize>,
    seed: u64,
}

impl Images {
    /// One image of each size, in this order. Their colours follow from the seed and the request, so that no cache of the
    /// server knows one twice.
    #[must_use]
    pub fn new(sizes: impl IntoIterator<Item = ImageSize>, seed: u64) -> Self {
        Self { sizes: sizes.into_iter().collect(), seed }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// The sizes.
    #[must_use]
    pub fn sizes(&self) -> &[ImageSize] {
        &self.sizes
    }

    /// The parts of a chat message of request `index`: its images, then its text.
    pub(super) fn content(&self, index: usize, text: &str) -> Value {
        let images = self.sizes.iter().enumerate().map(|(place, size)| {
            let url = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(self.png(*size, index, place)));
            json!({"type": "image_url", "image_url": {"url": url}})
        });
        images.chain([json!({"type": "text", "text": text})]).collect()
    }

    /// An indexed image of one bit a pixel: nothing is smaller to make, and every decoder turns it into colours.
    fn png(&self, size: ImageSize, index: usize, place: usize) -> Vec<u8> {
        let key = [index.to_le_bytes(), place.to_le_bytes()].concat();
        let colours = xxh3_64_with_seed(&key, self.seed).to_le_bytes();
        let (width, height) = (usize::from(size.width.get()), usize::from(size.height.get()));
        let row = width.div_ceil(8);
        let stripe = |y: usize| if (y / STRIPE).is_multiple_of(2) { 0 } else { 0xff };
        let pixels: Vec<u8> = (0..height).flat_map(|y| std::iter::repeat_n(stripe(y), row)).collect();

        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, size.width.get().into(), size.height.get().into());
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::One);
        encoder.set_palette(colours[..6].to_vec());
        let written = encoder.write_header().and_then(|mut writer| {
            writer.write_image_data(&pixels)?;
            writer.finish()
        });
        written.expect("the rows are as long and as many as the header says, and memory takes them");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_their_size_and_colours_of_their_own() {
        let images = Images::new(["33x20".parse().unwrap(), "33x20".parse().unwrap()], 7);
        let urls = |index| {
            let content = images.content(index, "what is it?");
            assert_eq!(content[2], json!({"type": "text", "text": "what is it?"}));
            [0, 1].map(|place: usize| content[place]["image_url"]["url"].as_str().unwrap().to_owned())
        };
        let [first, second] = urls(0);
        assert!(first != second && urls(1)[0] != first && urls(0)[0] == first);
        let png = BASE64_STANDARD.decode(first.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (33, 20));
    }

    #[test]
    fn what_is_no_size_is_quoted() {
        for wrong in ["640", "0x5", "5x", "x5", "70000x5", "-1x5"] {
            assert!(wrong.parse::<ImageSize>().unwrap_err().to_string().contains(&format!("`{wrong}`")));
        }
    }
}
