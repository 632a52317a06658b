//! The proof of the promise: a clean build beside the present output, compared byte by byte.

use std::collections::BTreeSet;
use std::path::Path;

use super::manifest::{MANIFEST, Manifest};
use super::run::{Request, run};
use crate::base::files;
use crate::error::Result;

/// Builds into an empty folder from the same inputs, and gives the files that differ from the output, each with what is
/// wrong with it. Files that the program did not write are left out.
pub fn verify(request: &Request<'_>) -> Result<Vec<String>> {
    let folder = request.state.join(format!("verify-{}", std::process::id()));
    files::remove_folder(&folder)?;
    let (output, state) = (folder.join("output"), folder.join("state"));
    let clean = Request { output: &output, state: &state, clean: false, dry_run: false, ..request.clone() };
    let differences = run(&clean, None).and_then(|_| compare(request.output, &output));
    files::remove_folder(&folder)?;
    differences
}

fn compare(ours: &Path, clean: &Path) -> Result<Vec<String>> {
    let named = |output: &Path| -> Result<BTreeSet<String>> {
        Ok(Manifest::load(output)?.map(|manifest| manifest.files.into_keys().collect()).unwrap_or_default())
    };
    let (mine, theirs) = (named(ours)?, named(clean)?);
    let mut differences = Vec::new();
    for path in mine.union(&theirs).map(String::as_str).chain([MANIFEST]) {
        let (a, b) = (files::digest(&ours.join(path))?, files::digest(&clean.join(path))?);
        let trouble = match (a, b) {
            (Some(a), Some(b)) if a == b => continue,
            (Some(_), Some(_)) => "differs from a clean build",
            (None, Some(_)) => "is missing",
            (Some(_), None) => "should not be there",
            (None, None) => "is in the manifest, but nowhere else",
        };
        differences.push(format!("{path} {trouble}"));
    }
    Ok(differences)
}
