//! What pictures say about themselves: taken out of files that are published otherwise as they are.
//!
//! Telephones write into each photo where it was taken. Nothing but what is needed to show a picture rightly stays: how it
//! has to be turned, and its colours. Pixels are not touched; a file that is not built as it should be is left alone.

use std::borrow::Cow;
use std::path::Path;

use image::metadata::Orientation;

/// Whether a file is of a kind that says something about itself, by its name.
pub fn has_metadata(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    matches!(ending.as_deref(), Some("jpg" | "jpeg" | "png" | "webp"))
}

/// The bytes of a file to be published: of JPEG, PNG and WebP by its name and its beginning, without what it says about
/// itself; all others as they are.
pub fn without_metadata(path: &Path, bytes: Vec<u8>) -> Vec<u8> {
    if !has_metadata(path) {
        return bytes;
    }
    let made = match super::probe::sniff(&bytes) {
        Some("jpg") => jpeg(&bytes),
        Some("png") => png(&bytes),
        Some("webp") => webp(&bytes),
        _ => None,
    };
    made.unwrap_or(bytes)
}

/// The smallest EXIF data that say how a picture has to be turned; nothing where it stands upright.
fn turning(exif: &[u8]) -> Option<Vec<u8>> {
    let orientation = Orientation::from_exif_chunk(exif)?;
    if orientation == Orientation::NoTransforms {
        return None;
    }
    // Big-endian TIFF with one entry: orientation, one short number.
    let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    tiff.extend([orientation.to_exif(), 0, 0, 0, 0, 0, 0]);
    Some(tiff)
}

/// JPEG (ITU T.81, annex B): segments, with pixels behind some of them. Segments of applications go, save for JFIF, colour
/// profiles and Adobe's word on colours; so do comments and whatever stands behind the end.
fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut made = Vec::with_capacity(bytes.len());
    made.extend_from_slice(bytes.get(..2)?);
    let mut at = 2;
    let mut turned = None;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        match marker {
            // Filling.
            0xff => {
                at += 1;
                continue;
            }
            0xd9 => {
                made.extend([0xff, 0xd9]);
                return Some(made);
            }
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]));
        let segment = bytes.get(at..at + 2 + length)?;
        let body = bytes.get(at + 4..at + 2 + length)?;
        at += segment.len();
        let stays = match marker {
            0xe0 | 0xee => true,
            0xe1 => {
                if let Some(exif) = body.strip_prefix(b"Exif\0\0") {
                    turned = turned.or_else(|| turning(exif));
                }
                false
            }
            0xe2 => body.starts_with(b"ICC_PROFILE\0"),
            0xe3..=0xef | 0xfe => false,
            _ => true,
        };
        // The word on turning comes right before what is no segment of an application.
        if !(0xe0..=0xef).contains(&marker)
            && let Some(tiff) = turned.take()
        {
            made.extend([0xff, 0xe1]);
            made.extend(u16::try_from(tiff.len() + 8).ok()?.to_be_bytes());
            made.extend_from_slice(b"Exif\0\0");
            made.extend(tiff);
        }
        if stays {
            made.extend_from_slice(segment);
        }
        if marker == 0xda {
            let end = pixels_end(bytes, at)?;
            made.extend_from_slice(&bytes[at..end]);
            at = end;
        }
    }
}

/// Where the pixels end that begin at `at`: before the next marker that is none of theirs.
fn pixels_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xff)?;
        match bytes.get(at + 1)? {
            0x00 | 0xd0..=0xd7 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}

/// PNG: chunks; texts, times and EXIF data go.
fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut made = Vec::with_capacity(bytes.len());
    made.extend_from_slice(bytes.get(..8)?);
    let mut at = 8;
    while at < bytes.len() {
        let length = usize::try_from(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?)).ok()?;
        let chunk = bytes.get(at..at.checked_add(length)?.checked_add(12)?)?;
        let name = chunk.get(4..8)?;
        if !matches!(name, b"tEXt" | b"zTXt" | b"iTXt" | b"tIME" | b"eXIf") {
            made.extend_from_slice(chunk);
        }
        at += chunk.len();
        if name == b"IEND" {
            return Some(made);
        }
    }
    None
}

/// WebP (RFC 9649): chunks in a RIFF file, and flags that say which there are.
fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    const EXIF: u8 = 0x08;
    const XMP: u8 = 0x04;
    let mut chunks: Vec<(&[u8], Cow<'_, [u8]>)> = Vec::new();
    let mut at = 12;
    while at < bytes.len() {
        let name = bytes.get(at..at + 4)?;
        let length = usize::try_from(u32::from_le_bytes(bytes.get(at + 4..at + 8)?.try_into().ok()?)).ok()?;
        let body = bytes.get(at + 8..(at + 8).checked_add(length)?)?;
        match name {
            b"EXIF" => {
                let exif = body.strip_prefix(b"Exif\0\0").unwrap_or(body);
                chunks.extend(turning(exif).map(|tiff| (name, Cow::Owned(tiff))));
            }
            b"XMP " => {}
            _ => chunks.push((name, Cow::Borrowed(body))),
        }
        at += 8 + length + length % 2;
    }
    let has_exif = chunks.iter().any(|(name, _)| *name == b"EXIF");
    let mut made = b"RIFF\0\0\0\0WEBP".to_vec();
    for (name, mut body) in chunks {
        if name == b"VP8X" {
            let flags = body.to_mut().first_mut()?;
            *flags &= !(EXIF | XMP);
            *flags |= if has_exif { EXIF } else { 0 };
        }
        made.extend_from_slice(name);
        made.extend(u32::try_from(body.len()).ok()?.to_le_bytes());
        made.extend_from_slice(&body);
        if body.len() % 2 == 1 {
            made.push(0);
        }
    }
    let size = u32::try_from(made.len() - 8).ok()?;
    made[4..8].copy_from_slice(&size.to_le_bytes());
    Some(made)
}
