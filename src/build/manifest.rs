//! `output/.sync-manifest.json`: what is in the output, and which data it was made from.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::files;
use crate::error::Result;

/// The name of the manifest in the output folder.
pub const MANIFEST: &str = ".sync-manifest.json";

const VERSION: u32 = 1;
const GENERATOR: &str = concat!("aither ", env!("CARGO_PKG_VERSION"));

/// What is in the output. Hashes are SHA-256.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The version of this format.
    pub version: u32,
    /// The program that wrote it.
    pub generator: String,
    /// When the source was last asked with success.
    pub last_synced_at: Option<Timestamp>,
    /// When the data last changed.
    pub data_changed_at: Option<Timestamp>,
    /// The hash of each record, by kind and id: `course:ck9zz`.
    pub entities: BTreeMap<String, Digest>,
    /// The hash of each file that the program wrote, by its path.
    pub files: BTreeMap<String, Digest>,
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            version: VERSION,
            generator: GENERATOR.to_owned(),
            last_synced_at: None,
            data_changed_at: None,
            entities: BTreeMap::new(),
            files: BTreeMap::new(),
        }
    }
}

impl Manifest {
    /// Reads the manifest of an output folder; nothing where there is none that can be read.
    pub fn load(output: &Path) -> Result<Option<Self>> {
        let bytes = files::read_if_present(&output.join(MANIFEST))?;
        Ok(bytes.and_then(|bytes| Self::parse(&bytes).ok()))
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Edition {
            version: u32,
        }
        // Another version may have another shape, so it is asked for first.
        match serde_json::from_slice::<Edition>(bytes) {
            Ok(Edition { version: VERSION }) => serde_json::from_slice(bytes).map_err(|e| e.to_string()),
            Ok(Edition { version }) => {
                Err(format!("it is of version {version}, this program writes version {VERSION}"))
            }
            Err(e) => Err(e.to_string()),
        }
    }

    /// Says what is wrong with a manifest that is not the one that the last build wrote, under the name
    /// `sync.manifest.corrupted`, and gives the files that it names, as far as it can be read.
    pub(super) fn doubt(
        output: &Path,
        bytes: Option<&[u8]>,
        has_traces: bool,
        told: &mut Vec<String>,
    ) -> Vec<String> {
        let (trouble, files) = match bytes.map(Self::parse) {
            None => ("it is missing".to_owned(), Vec::new()),
            Some(Err(trouble)) => (trouble, Vec::new()),
            Some(Ok(manifest)) if has_traces => (
                "it is not the one that the last build wrote".to_owned(),
                manifest.files.into_keys().collect(),
            ),
            // A lost state folder is nothing wrong with the manifest.
            Some(Ok(manifest)) => return manifest.files.into_keys().collect(),
        };
        let path = output.join(MANIFEST);
        told.push(format!(
            "sync.manifest.corrupted: {}: {trouble}; everything is built anew",
            path.display()
        ));
        files
    }
}

/// Names with their hashes, as they stand in a manifest.
pub(super) type Named<'a> = Vec<(Cow<'a, str>, Digest)>;

/// The bytes of a manifest. It names thousands of files, so it is written line by line, as `serde_json` writes a pretty
/// [`Manifest`].
pub(super) fn to_bytes(
    last_synced_at: Option<Timestamp>,
    data_changed_at: Option<Timestamp>,
    entities: Named<'_>,
    files: Named<'_>,
) -> Vec<u8> {
    let (entities, files) = (sorted(entities), sorted(files));
    let mut text = String::with_capacity((entities.len() + files.len()) * 120 + 256);
    let time = |at: Option<Timestamp>| at.map_or_else(|| "null".to_owned(), |at| format!("\"{at}\""));
    text.push_str(&format!("{{\n  \"version\": {VERSION},\n  \"generator\": \"{GENERATOR}\",\n"));
    text.push_str(&format!("  \"lastSyncedAt\": {},\n", time(last_synced_at)));
    text.push_str(&format!("  \"dataChangedAt\": {},\n", time(data_changed_at)));
    put(&mut text, "entities", &entities);
    text.push_str(",\n");
    put(&mut text, "files", &files);
    text.push_str("\n}\n");
    text.into_bytes()
}

/// In the order of the names, each once.
fn sorted(mut named: Named<'_>) -> Named<'_> {
    named.sort_by(|(a, _), (b, _)| a.cmp(b));
    named.dedup_by(|(a, _), (b, _)| a == b);
    named
}

/// Writes an object of names and hashes.
fn put(text: &mut String, name: &str, named: &[(Cow<'_, str>, Digest)]) {
    text.push_str("  \"");
    text.push_str(name);
    text.push_str("\": {");
    let mut before = "\n    ";
    for (name, digest) in named {
        text.push_str(before);
        before = ",\n    ";
        match name.bytes().any(|byte| matches!(byte, b'"' | b'\\' | ..0x20)) {
            true => text.push_str(&serde_json::to_string(name).unwrap_or_default()),
            false => {
                text.push('"');
                text.push_str(name);
                text.push('"');
            }
        }
        text.push_str(": \"");
        digest.put(text);
        text.push('"');
    }
    text.push_str(if named.is_empty() { "}" } else { "\n  }" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_written_as_the_library_writes_it() {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let named = |names: &[&str]| -> BTreeMap<String, Digest> {
            names.iter().map(|name| ((*name).to_owned(), digest(name))).collect()
        };
        let at = Timestamp::new(1_800_000_000, 5_000_000).ok();
        for (entities, files, last) in [
            (named(&[]), named(&[]), None),
            (named(&["course:10", "course:9", "course:\"\\\u{1}ä\u{7f}"]), named(&["a/index.html", "b"]), at),
        ] {
            let manifest = Manifest {
                last_synced_at: last,
                data_changed_at: at,
                entities,
                files,
                ..Manifest::default()
            };
            let list = |of: &BTreeMap<String, Digest>| -> Named<'_> {
                // In another order, and twice.
                let twice = of.iter().rev().chain(of);
                twice.map(|(name, digest)| (Cow::Owned(name.clone()), *digest)).collect()
            };
            let bytes = to_bytes(last, at, list(&manifest.entities), list(&manifest.files));
            let expected = serde_json::to_string_pretty(&manifest).unwrap() + "\n";
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        }
    }
}
