//! `output/.sync-manifest.json`: what is in the output, and which data it was made from.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::files;
use crate::base::report::Reporter;
use crate::error::Result;

/// The name of the manifest in the output folder.
pub const MANIFEST: &str = ".sync-manifest.json";

const VERSION: u32 = 1;

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
            generator: concat!("aither ", env!("CARGO_PKG_VERSION")).to_owned(),
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
        reporter: &dyn Reporter,
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
        reporter.warn(&format!(
            "sync.manifest.corrupted: {}: {trouble}; everything is built anew",
            path.display()
        ));
        files
    }

    /// The bytes of the file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}
