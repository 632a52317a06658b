//! Pictures: what is in a file, in which sizes and formats it is published, and the bytes of each.
//!
//! What a file is, is read from its first bytes, never believed from its name. Nothing is decoded before its size in
//! pixels is known to be bearable. Everything that a picture says about itself (place, camera, author) is left out of
//! what is made from it; how it has to be turned, and in which colours it was taken, is applied first.

mod ask;
mod encode;
mod probe;
mod store;
mod strip;

use std::path::PathBuf;

pub(super) use ask::Ask;
pub use probe::is_picture;
pub(super) use probe::{Found, Kind, Meta, examined};
pub use store::Original;
pub(super) use store::Store;
pub use strip::{has_metadata, without_metadata};

use super::names;
use crate::base::digest::{Digest, Hasher};
use crate::base::text::slugify;

/// How pictures are made.
#[derive(Debug, Clone)]
pub struct Options {
    /// The formats, in the order in which browsers are offered them.
    pub formats: Vec<Format>,
    /// The widths in pixels, where the tag names none.
    pub widths: Vec<u32>,
    /// The quality of JPEG and WebP, from 1 to 100.
    pub quality: u8,
    /// The quality of AVIF, from 1 to 100; its scale is another one.
    pub avif_quality: u8,
    /// How quickly AVIF is made, from 1 (slow and small) to 10.
    pub avif_speed: u8,
    /// The most pixels that a picture may have.
    pub max_pixels: u64,
    /// The most bytes that a file of a picture may have.
    pub max_bytes: u64,
    /// Where what was made is kept; nowhere for a build that leaves no traces.
    pub folder: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            formats: vec![Format::Avif, Format::WebP, Format::Jpeg],
            widths: vec![400, 800, 1200],
            quality: 78,
            avif_quality: 60,
            avif_speed: 10,
            max_pixels: 50_000_000,
            max_bytes: 32 << 20,
            folder: None,
        }
    }
}

/// A format that pictures are published in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// AVIF.
    Avif,
    /// WebP, lossy.
    WebP,
    /// JPEG, or PNG for a picture that one can see through.
    Jpeg,
    /// PNG.
    Png,
}

impl Format {
    /// The ending of file names.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Avif => "avif",
            Self::WebP => "webp",
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Avif => "image/avif",
            Self::WebP => "image/webp",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    fn number(self) -> u64 {
        self as u64
    }
}

/// One file that is made from a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    pub(super) route: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) format: Format,
    pub(super) quality: u8,
}

/// The same picture in one format and several sizes, the smallest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) format: Format,
    pub(super) variants: Vec<Variant>,
}

/// The files to be made from a picture, by format, the best first.
pub(super) fn sets(
    options: &Options,
    meta: &Meta,
    original: &Digest,
    name: &str,
    widths: &[u32],
) -> Vec<Set> {
    let mut wanted: Vec<u32> =
        widths.iter().map(|width| (*width).min(meta.width)).filter(|width| *width > 0).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let stem = slugify(name.rsplit_once('.').map_or(name, |(stem, _)| stem));
    let stem = if stem.is_empty() { "image" } else { stem.as_str() };
    let of_format = |format: &Format| {
        let format = match format {
            Format::Jpeg if meta.has_alpha => Format::Png,
            format => *format,
        };
        let variants = wanted.iter().map(|width| {
            let (quality, speed) = match format {
                Format::Avif => (options.avif_quality, options.avif_speed),
                Format::WebP | Format::Jpeg => (options.quality, 0),
                Format::Png => (0, 0),
            };
            let hash = key(original, *width, format, quality, speed);
            let exact = u64::from(meta.height) * u64::from(*width) + u64::from(meta.width) / 2;
            let height = u32::try_from(exact / u64::from(meta.width.max(1))).unwrap_or(1).max(1);
            let route = format!("images/{stem}-{width}.{}.{}", names::short(&hash), format.ending());
            Variant { route, width: *width, height, format, quality }
        });
        Set { format, variants: variants.collect() }
    };
    let mut sets: Vec<Set> = options.formats.iter().map(of_format).collect();
    sets.dedup_by(|a, b| a.format == b.format);
    sets
}

/// The hash of everything that decides the bytes of a variant.
fn key(original: &Digest, width: u32, format: Format, quality: u8, speed: u8) -> Digest {
    /// To be raised when another encoder, or another setting of it, gives other bytes.
    const EDITION: u64 = 1;
    let mut hasher = Hasher::new("picture");
    hasher.number(EDITION).field(original.as_bytes()).number(u64::from(width)).number(format.number());
    hasher.number(u64::from(quality)).number(u64::from(speed));
    hasher.finish()
}
