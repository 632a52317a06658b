//! Compressed twins of files, for servers that send them as they are: the home of the three codings.

use std::io::{self, Write as _};

/// Text shorter than this fits into one packet anyway.
const LEAST: u64 = 1_024;

/// Larger files get no twins: compressing them takes many times their length in memory, and no page is as long.
pub const LARGEST: u64 = 8 << 20;

/// A content coding that a file may have a twin in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coding {
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
    /// RFC 1952.
    Gzip,
}

impl Coding {
    /// All of them, the one that gives the smallest files first, as a rule.
    pub const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// The name in `Accept-Encoding` and `Content-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// What is added to the name of the file.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Zstd => ".zst",
            Self::Gzip => ".gz",
        }
    }

    /// The bytes in this coding. Equal bytes give equal bytes: nothing in them tells of the time or the machine.
    pub fn encode(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::with_capacity(bytes.len() / 3);
        match self {
            Self::Brotli => {
                // One step below the highest quality costs a tenth of the time and one per cent of the size.
                let parameters = brotli::enc::BrotliEncoderParams {
                    quality: 9,
                    // A window that is wider than the file costs time and memory for nothing.
                    lgwin: (bytes.len().next_power_of_two().trailing_zeros() as i32).clamp(16, 22),
                    size_hint: bytes.len(),
                    ..brotli::enc::BrotliEncoderParams::default()
                };
                brotli::BrotliCompress(&mut &*bytes, &mut out, &parameters)?;
            }
            Self::Zstd => return zstd::bulk::compress(bytes, 17),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::best());
                encoder.write_all(bytes)?;
                out = encoder.finish()?;
            }
        }
        Ok(out)
    }
}

/// Whether a file of this name is text of a kind that browsers ask for in compressed form.
pub fn is_text(path: &str) -> bool {
    const ENDINGS: [&str; 17] = [
        "html",
        "htm",
        "css",
        "js",
        "mjs",
        "json",
        "map",
        "xml",
        "svg",
        "txt",
        "md",
        "csv",
        "ics",
        "atom",
        "rss",
        "webmanifest",
        "wasm",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.')
        .is_some_and(|(_, ending)| ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}

/// Whether this file is to have twins: text that is long enough to be worth it, and not too long.
pub fn is_worthwhile(path: &str, length: u64) -> bool {
    (LEAST + 1..=LARGEST).contains(&length) && is_text(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coding_gives_the_bytes_back() {
        let text = "Überzeugend reden, ruhig reden. ".repeat(200);
        let decoded = |coding: Coding, bytes: &[u8]| -> Vec<u8> {
            let mut out = Vec::new();
            match coding {
                Coding::Brotli => brotli::BrotliDecompress(&mut &*bytes, &mut out).unwrap(),
                Coding::Zstd => out = zstd::bulk::decompress(bytes, 1 << 20).unwrap(),
                Coding::Gzip => {
                    flate2::write::GzDecoder::new(&mut out).write_all(bytes).unwrap();
                }
            }
            out
        };
        for coding in Coding::ALL {
            let coded = coding.encode(text.as_bytes()).unwrap();
            assert!(coded.len() < text.len() / 4, "{coding:?}");
            assert_eq!(coded, coding.encode(text.as_bytes()).unwrap());
            assert_eq!(decoded(coding, &coded), text.as_bytes(), "{coding:?}");
        }
        assert!(is_worthwhile("a/index.html", 1_025) && !is_worthwhile("a/index.html", 1_024));
        assert!(is_worthwhile("a.json", LARGEST) && !is_worthwhile("a.json", LARGEST + 1));
        assert!(!is_worthwhile("a.png", 10_000) && !is_worthwhile("_redirects", 10_000));
    }
}
