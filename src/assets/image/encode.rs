//! Pixels: decoded, turned, brought into the colours of the web, made smaller, and encoded.

use std::io::Cursor;

use fast_image_resize::{ResizeOptions, Resizer};
use image::codecs::avif::AvifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageReader};
use moxcms::{ColorProfile, Layout, TransformOptions};

use super::probe::limits;
use super::{Format, Variant};

/// A picture as pixels of eight bits a channel, with transparency or without.
pub(super) fn decode(bytes: &[u8], max_pixels: u64) -> Result<DynamicImage, String> {
    let told = |error: image::ImageError| format!("it cannot be read: {error}");
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| format!("it cannot be read: {error}"))?;
    reader.limits(limits(max_pixels));
    let mut decoder = reader.into_decoder().map_err(told)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > max_pixels {
        return Err(format!(
            "it has {width} × {height} pixels, and {max_pixels} are the most that are taken"
        ));
    }
    let orientation = decoder.orientation().map_err(told)?;
    let profile = decoder.icc_profile().ok().flatten();
    let picture = DynamicImage::from_decoder(decoder).map_err(told)?;
    let has_alpha = picture.color().has_alpha();
    let mut picture = match has_alpha {
        true => DynamicImage::ImageRgba8(picture.into_rgba8()),
        false => DynamicImage::ImageRgb8(picture.into_rgb8()),
    };
    if let Some(profile) = profile {
        to_srgb(&mut picture, &profile);
    }
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// Brings a picture from its own colours to those of the web. A profile that makes no sense, or one for another kind of
/// picture (the profile of a grey one), is left alone.
fn to_srgb(picture: &mut DynamicImage, profile: &[u8]) {
    let Ok(profile) = ColorProfile::new_from_slice(profile) else { return };
    let srgb = ColorProfile::new_srgb();
    let layout = if picture.color().has_alpha() { Layout::Rgba } else { Layout::Rgb };
    let Ok(transform) = profile.create_transform_8bit(layout, &srgb, layout, TransformOptions::default())
    else {
        return;
    };
    let mut changed = vec![0; picture.as_bytes().len()];
    if transform.transform(picture.as_bytes(), &mut changed).is_err() {
        return;
    }
    match picture {
        DynamicImage::ImageRgb8(pixels) => pixels.copy_from_slice(&changed),
        DynamicImage::ImageRgba8(pixels) => pixels.copy_from_slice(&changed),
        _ => {}
    }
}

/// Whether one can see through a picture anywhere.
pub(super) fn is_transparent(bytes: &[u8], max_pixels: u64) -> Result<bool, String> {
    Ok(match decode(bytes, max_pixels)? {
        DynamicImage::ImageRgba8(pixels) => pixels.pixels().any(|pixel| pixel.0[3] != 255),
        _ => false,
    })
}

/// The bytes of one variant of a decoded picture; the same on every run.
pub(super) fn encode(picture: &DynamicImage, variant: &Variant, avif_speed: u8) -> Result<Vec<u8>, String> {
    let told =
        |error: image::ImageError| format!("it cannot be written as {}: {error}", variant.format.ending());
    let smaller = resized(picture, variant)?;
    let mut bytes = Vec::new();
    match variant.format {
        Format::Jpeg => {
            let flat = smaller.to_rgb8();
            JpegEncoder::new_with_quality(&mut bytes, variant.quality).encode_image(&flat).map_err(told)?;
        }
        Format::Png => {
            let encoder =
                PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive);
            smaller.write_with_encoder(encoder).map_err(told)?;
        }
        Format::WebP => {
            let (width, height) = (smaller.width(), smaller.height());
            let encoder = match &*smaller {
                DynamicImage::ImageRgba8(pixels) => webp::Encoder::from_rgba(pixels, width, height),
                other => webp::Encoder::from_rgb(other.as_bytes(), width, height),
            };
            let made = encoder
                .encode_simple(false, f32::from(variant.quality))
                .map_err(|error| format!("it cannot be written as webp: {error:?}"))?;
            bytes.extend_from_slice(&made);
        }
        Format::Avif => {
            // One thread a file: how a picture is cut up for several would show in the bytes.
            let encoder = AvifEncoder::new_with_speed_quality(&mut bytes, avif_speed, variant.quality)
                .with_num_threads(Some(1));
            let (width, height) = (smaller.width(), smaller.height());
            encoder.write_image(smaller.as_bytes(), width, height, smaller.color().into()).map_err(told)?;
        }
    }
    Ok(bytes)
}

fn resized<'p>(
    picture: &'p DynamicImage,
    variant: &Variant,
) -> Result<std::borrow::Cow<'p, DynamicImage>, String> {
    if (picture.width(), picture.height()) == (variant.width, variant.height) {
        return Ok(std::borrow::Cow::Borrowed(picture));
    }
    let mut smaller = DynamicImage::new(variant.width, variant.height, picture.color());
    Resizer::new()
        .resize(picture, &mut smaller, &ResizeOptions::new())
        .map_err(|error| format!("it cannot be made smaller: {error}"))?;
    Ok(std::borrow::Cow::Owned(smaller))
}
