//! What is in a file that should be a picture.

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{ImageDecoder, ImageFormat, ImageReader, Limits};
use serde::{Deserialize, Serialize};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Something that other sizes and formats are made from.
    Photo,
    /// Something that moves, or that is drawn (SVG), or a format that cannot be read here: published as it is.
    AsIs,
}

/// What is known of a picture without looking at its pixels, save for whether one can see through it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    pub(crate) kind: Kind,
    /// As it is shown, after it was turned; 0 where it is not known.
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) has_alpha: bool,
    /// The usual ending of such files.
    pub(crate) ending: String,
}

/// What the first bytes of a file say that it is.
pub(super) fn sniff(bytes: &[u8]) -> Option<&'static str> {
    let at = |from: usize, text: &[u8]| bytes.get(from..from + text.len()) == Some(text);
    if at(0, b"\xff\xd8\xff") {
        Some("jpg")
    } else if at(0, b"\x89PNG\r\n\x1a\n") {
        Some("png")
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        Some("webp")
    } else if at(0, b"GIF87a") || at(0, b"GIF89a") {
        Some("gif")
    } else if at(4, b"ftypavif") || at(4, b"ftypavis") {
        Some("avif")
    } else {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).into_owned();
        let start = start.trim_start_matches('\u{feff}').trim_start();
        let is_drawn = start.starts_with("<svg") || (start.starts_with('<') && start.contains("<svg"));
        is_drawn.then_some("svg")
    }
}

/// Whether browsers take a file for a picture, whether or not other sizes can be made from it.
pub fn is_picture(bytes: &[u8]) -> bool {
    let others: [&[u8]; 4] = [b"BM", b"\x00\x00\x01\x00", b"\xff\x0a", b"\x00\x00\x00\x0cJXL "];
    sniff(bytes).is_some()
        || others.iter().any(|start| bytes.starts_with(start))
        || bytes.starts_with(b"<") && String::from_utf8_lossy(bytes).contains("<svg")
}

/// The limits that hold for a picture of at most so many pixels.
pub(super) fn limits(max_pixels: u64) -> Limits {
    let mut limits = Limits::default();
    // Eight bytes a pixel are 16 bits a channel with transparency; decoders need some room beside the picture.
    limits.max_alloc = Some(max_pixels.saturating_mul(8).saturating_add(64 << 20));
    limits
}

/// Looks at a file; the error says in a few words what is wrong with it.
pub(super) fn probe(bytes: &[u8], max_pixels: u64) -> Result<Meta, String> {
    let ending = sniff(bytes)
        .ok_or_else(|| "it is no picture that can be read: JPEG, PNG, WebP, GIF, AVIF or SVG".to_owned())?;
    let format = match ending {
        "jpg" => ImageFormat::Jpeg,
        "png" => ImageFormat::Png,
        "webp" => ImageFormat::WebP,
        "gif" => ImageFormat::Gif,
        other => {
            let (width, height) = if other == "svg" { drawn_size(bytes) } else { (0, 0) };
            let ending = other.to_owned();
            return Ok(Meta { kind: Kind::AsIs, width, height, has_alpha: true, ending });
        }
    };
    let told = |error: image::ImageError| format!("it cannot be read: {error}");
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(told)?;
    let (mut width, mut height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > max_pixels {
        return Err(format!(
            "it has {width} × {height} pixels, and {max_pixels} are the most that are taken"
        ));
    }
    let turned = [
        Orientation::Rotate90,
        Orientation::Rotate270,
        Orientation::Rotate90FlipH,
        Orientation::Rotate270FlipH,
    ];
    if turned.contains(&decoder.orientation().map_err(told)?) {
        std::mem::swap(&mut width, &mut height);
    }
    let may_have_alpha = decoder.color_type().has_alpha();
    let moves = match format {
        ImageFormat::Gif => true,
        ImageFormat::Png => {
            PngDecoder::new(Cursor::new(bytes)).and_then(|png| png.is_apng()).map_err(told)?
        }
        ImageFormat::WebP => WebPDecoder::new(Cursor::new(bytes)).map_err(told)?.has_animation(),
        _ => false,
    };
    let kind = if moves { Kind::AsIs } else { Kind::Photo };
    // Many pictures have room for transparency and none of it: those do better as JPEG.
    let has_alpha = may_have_alpha && (moves || super::encode::is_transparent(bytes, max_pixels)?);
    Ok(Meta { kind, width, height, has_alpha, ending: ending.to_owned() })
}

/// What a foreign file is, with the usual ending of such files.
pub(crate) enum Found {
    /// A picture whose pixels can be read: of one that moves, those of its first frame.
    Photo(String),
    /// A picture of another kind.
    Other(String),
}

/// Looks at a foreign file through and through: what is said of it here holds when its pixels are needed.
pub(crate) fn examined(bytes: &[u8], max_pixels: u64) -> Result<Found, String> {
    let meta = probe(bytes, max_pixels)?;
    if matches!(meta.ending.as_str(), "svg" | "avif") {
        return Ok(Found::Other(meta.ending));
    }
    super::encode::decode(bytes, max_pixels)?;
    Ok(Found::Photo(meta.ending))
}

/// The size that a drawing says it has: its attributes, else its view box; zeros where it says nothing of use.
fn drawn_size(bytes: &[u8]) -> (u32, u32) {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).into_owned();
    let Some(tag) = text.find("<svg").map(|at| &text[at..]) else { return (0, 0) };
    let tag = &tag[..tag.find('>').unwrap_or(tag.len())];
    let attribute = |name: &str| {
        let rest = &tag[tag.find(&format!(" {name}="))? + name.len() + 2..];
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest[1..].split(quote).next()
    };
    let number = |text: &str| {
        let number: f64 = text.trim().trim_end_matches("px").parse().ok()?;
        (1.0..100_000.0).contains(&number).then(|| number.round() as u32)
    };
    let own = (attribute("width").and_then(number), attribute("height").and_then(number));
    if let (Some(width), Some(height)) = own {
        return (width, height);
    }
    let view: Vec<u32> = attribute("viewBox")
        .map(|view| {
            view.split([' ', ',']).filter(|part| !part.is_empty()).skip(2).filter_map(number).collect()
        })
        .unwrap_or_default();
    match view[..] {
        [width, height] => (width, height),
        _ => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_tells_its_size() {
        for (text, size) in [
            ("<svg width=\"40px\" height='20' xmlns=\"x\">", (40, 20)),
            ("<?xml version=\"1.0\"?>\n<!-- x --><svg viewBox=\"0 0 300 150\">", (300, 150)),
            ("<svg width=\"100%\" height=\"50%\">", (0, 0)),
        ] {
            assert_eq!(sniff(text.as_bytes()), Some("svg"), "{text}");
            assert_eq!(drawn_size(text.as_bytes()), size, "{text}");
        }
        assert_eq!(sniff(b"<!doctype html><p>"), None);
    }
}
