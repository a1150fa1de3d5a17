//! From the bytes of a file to an image: its size, and a fingerprint of its pixels.

use std::io::Cursor;

use image::ImageReader;
use thiserror::Error;
use xxhash_rust::xxh3::Xxh3;

/// A decoded image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Equal pixels have equal ones, however they were encoded.
    pub(crate) fingerprint: u128,
}

/// Why bytes are no image, in Pillow's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum ImageError {
    /// No format is recognised, or its header is broken.
    #[error("cannot identify image file")]
    Unidentified,
    /// The header is right, the pixels are not all there.
    #[error("image file is truncated")]
    Truncated,
}

impl Picture {
    /// Decodes a PNG, JPEG, GIF, WebP or BMP file.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, ImageError> {
        let reader = || ImageReader::new(Cursor::new(bytes)).with_guessed_format();
        let header = reader().map_err(|_| ImageError::Unidentified)?;
        let (width, height) = header.into_dimensions().map_err(|_| ImageError::Unidentified)?;
        let pixels = reader().map_err(|_| ImageError::Unidentified)?.decode().map_err(|_| ImageError::Truncated)?;
        let mut hash = Xxh3::new();
        hash.update(&width.to_le_bytes());
        hash.update(&height.to_le_bytes());
        hash.update(pixels.into_rgb8().as_raw());
        Ok(Self { width, height, fingerprint: hash.digest128() })
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, ImageFormat, RgbImage};

    use super::*;

    fn file(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, image::Rgb([7, 8, 9])))
            .write_to(&mut bytes, format)
            .unwrap();
        bytes.into_inner()
    }

    #[test]
    fn the_encoding_does_not_matter() {
        let [png, bmp] =
            [ImageFormat::Png, ImageFormat::Bmp].map(|format| Picture::decode(&file(5, 3, format)).unwrap());
        assert_eq!((png.width, png.height), (5, 3));
        assert_eq!(png, bmp);
        assert_ne!(png.fingerprint, Picture::decode(&file(3, 5, ImageFormat::Png)).unwrap().fingerprint);
    }

    #[test]
    fn what_breaks_off_is_told_from_what_is_no_image() {
        let png = file(56, 56, ImageFormat::Png);
        assert_eq!(Picture::decode(&png[..60]), Err(ImageError::Truncated));
        assert_eq!(Picture::decode(b"hello"), Err(ImageError::Unidentified));
        assert_eq!(Picture::decode(&png[..20]), Err(ImageError::Unidentified));
    }
}
