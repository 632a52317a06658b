//! `output/.sync-manifest.json`: what is in the output, and which data it was made from.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

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

/// The bytes of a manifest. It names thousands of files, so it is written without a tree of them.
pub(super) fn to_bytes(
    last_synced_at: Option<Timestamp>,
    data_changed_at: Option<Timestamp>,
    entities: Named<'_>,
    files: Named<'_>,
) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Written<'a> {
        version: u32,
        generator: &'static str,
        last_synced_at: Option<Timestamp>,
        data_changed_at: Option<Timestamp>,
        entities: Sorted<'a>,
        files: Sorted<'a>,
    }
    let (entities, files) = (Sorted::new(entities), Sorted::new(files));
    let (version, generator) = (VERSION, GENERATOR);
    let mut bytes = Vec::with_capacity((entities.0.len() + files.0.len()) * 112);
    let whole = Written { version, generator, last_synced_at, data_changed_at, entities, files };
    let mut serializer = serde_json::Serializer::pretty(&mut bytes);
    // Into memory, and all of it is text: there is nothing that could fail.
    let _ = whole.serialize(&mut serializer);
    bytes.push(b'\n');
    bytes
}

/// In the order of the names, each once.
struct Sorted<'a>(Named<'a>);

impl<'a> Sorted<'a> {
    fn new(mut named: Named<'a>) -> Self {
        named.sort_by(|(a, _), (b, _)| a.cmp(b));
        named.dedup_by(|(a, _), (b, _)| a == b);
        Self(named)
    }
}

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, digest)| (name, digest)))
    }
}
