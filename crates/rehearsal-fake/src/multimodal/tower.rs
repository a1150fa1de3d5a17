//! How many tokens an image of a given size becomes.

use std::fmt;

/// The side lengths may differ by this factor at most (`smart_resize` in `transformers/models/qwen2_vl/image_processing_qwen2_vl.py`).
const MAX_RATIO: f64 = 200.0;

/// A vision tower that cuts an image into square patches and merges neighbours into one token.
///
/// ```
/// use rehearsal_fake::multimodal::VisionTower;
///
/// let tower = VisionTower::qwen2_5_vl();
/// assert_eq!(tower.tokens(640, 480, tower.bounds), Ok(391));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisionTower {
    /// Pixels of a patch's side.
    pub patch_size: u32,
    /// Patches of a token's side.
    pub merge_size: u32,
    /// Which sizes an image is scaled to.
    pub bounds: PixelBounds,
    /// The text that stands for one image token in the prompt.
    pub image_token: String,
    /// What stands for an image in the text of a message, for chat templates that take no parts.
    pub placeholder: String,
    /// Images that one prompt may hold (`--limit-mm-per-prompt`); vLLM's default is 999.
    pub max_images: u32,
}

/// The least and the greatest number of pixels after scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelBounds {
    /// Smaller images are scaled up.
    pub min_pixels: u64,
    /// Larger ones are scaled down.
    pub max_pixels: u64,
}

/// An image that is too long for its width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TooElongated {
    ratio: f64,
}

impl fmt::Display for TooElongated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "absolute aspect ratio must be smaller than 200, got {:?}", self.ratio)
    }
}

impl std::error::Error for TooElongated {}

impl VisionTower {
    /// Qwen2.5-VL: `preprocessor_config.json` of the model (patch 14, merge 2, 3136 to 12845056 pixels).
    #[must_use]
    pub fn qwen2_5_vl() -> Self {
        Self {
            patch_size: 14,
            merge_size: 2,
            bounds: PixelBounds { min_pixels: 3136, max_pixels: 12_845_056 },
            image_token: "<|image_pad|>".to_owned(),
            placeholder: "<|vision_start|><|image_pad|><|vision_end|>".to_owned(),
            max_images: 999,
        }
    }

    /// The tokens of an image: it is scaled to multiples of a token's side, its ratio nearly kept, and within the bounds.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sides are positive and, being within `max_pixels`, small"
    )]
    pub fn tokens(&self, width: u32, height: u32, bounds: PixelBounds) -> Result<u32, TooElongated> {
        let (width, height) = (f64::from(width.max(1)), f64::from(height.max(1)));
        let ratio = width.max(height) / width.min(height);
        if MAX_RATIO < ratio {
            return Err(TooElongated { ratio });
        }
        let side = f64::from((self.patch_size * self.merge_size).max(1));
        let (min, max) = (bounds.min_pixels as f64, bounds.max_pixels as f64);
        // in tokens; Python rounds halves to even
        let (columns, rows) = ((width / side).round_ties_even(), (height / side).round_ties_even());
        let pixels = columns * side * rows * side;
        let scaled = |shrink: f64, to_whole: fn(f64) -> f64| {
            let count = |length: f64| to_whole(length / shrink / side).max(1.0);
            count(width) * count(height)
        };
        let tokens = if max < pixels {
            scaled((width * height / max).sqrt(), f64::floor)
        } else if pixels < min {
            scaled((width * height / min).sqrt(), f64::ceil)
        } else {
            columns * rows
        };
        Ok(tokens as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counted by vLLM 0.13.0 and 0.32.0 with Qwen2.5-VL's processor.
    #[test]
    fn sizes_become_the_tokens_that_vllm_counts() {
        let tower = VisionTower::qwen2_5_vl();
        for (width, height, tokens) in [
            (1, 1, 4),
            (10, 10, 4),
            (28, 28, 4),
            (56, 56, 4),
            (224, 224, 64),
            (300, 200, 77),
            (448, 336, 192),
            (640, 480, 391),
            (1024, 768, 999),
            (512, 28, 18),
            (30, 900, 32),
            (2000, 2000, 5041),
        ] {
            assert_eq!(tower.tokens(width, height, tower.bounds), Ok(tokens), "{width}x{height}");
        }
    }

    #[test]
    fn fewer_pixels_make_fewer_tokens() {
        let tower = VisionTower::qwen2_5_vl();
        let bounds = PixelBounds { max_pixels: 200_704, ..tower.bounds };
        assert_eq!(tower.tokens(448, 448, bounds), Ok(256));
        assert_eq!(tower.tokens(4480, 4480, bounds), Ok(256));
    }

    #[test]
    fn a_line_is_no_image() {
        let tower = VisionTower::qwen2_5_vl();
        let error = tower.tokens(1000, 4, tower.bounds).unwrap_err();
        assert_eq!(error.to_string(), "absolute aspect ratio must be smaller than 200, got 250.0");
    }
}
