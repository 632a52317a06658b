//! Two files that cannot both stand in the output.

use std::borrow::Cow;

use super::run::Request;
use crate::base::digest::Fingerprint;
use crate::error::{Error, Kind, Result};
use crate::site::Route;

/// Assets may not stand where pages stand, nor two of them at one address.
pub(super) fn check(request: &Request<'_>) -> Result<()> {
    let paths = (request.site.paths())
        .chain(request.assets.iter().map(|asset| asset.route.path()))
        .chain(request.volatile.iter().map(|(route, _)| route.path()));
    // Some file systems do not tell upper from lower case.
    let folded = |path: &str| path.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii());
    let keyed = paths.map(|path| match folded(path) {
        true => (Cow::Owned(path.to_lowercase()), path),
        false => (Cow::Borrowed(path), path),
    });
    let mut all: Vec<(Cow<'_, str>, &str)> = keyed.collect();
    // Pages are in order already.
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    if let Some([_, (_, path)]) = all.array_windows().find(|[(a, _), (b, _)]| a == b) {
        let address = Route::file(path)?.address();
        return Err(Error::new(Kind::Content, format!("two files want the address {address}"))
            .hint("rename the one below static/ or content/"));
    }
    // Folders that cannot be files, which is nearly all of them, are told by this at once.
    let mut files = Hints::new(all.len());
    all.iter().for_each(|(path, _)| files.add(path));
    let mut before = "";
    for (path, own) in &all {
        let same = path.bytes().zip(before.bytes()).take_while(|(a, b)| a == b).count();
        before = path;
        // Folders that the path before lies in as well have been looked at.
        let new = path.match_indices('/').map(|(at, _)| at).filter(|at| *at >= same);
        for folder in new.map(|at| &path[..at]).filter(|folder| files.may_have(folder)) {
            if let Ok(at) = all.binary_search_by(|(known, _)| (**known).cmp(folder)) {
                let file = all[at].1;
                let message = format!("{file} cannot be a file, because {own} stands below it");
                return Err(Error::new(Kind::Content, message));
            }
        }
    }
    Ok(())
}

/// Says of texts that they are surely not among others (a Bloom filter with one hash).
struct Hints {
    bits: Vec<u64>,
}

impl Hints {
    fn new(count: usize) -> Self {
        Self { bits: vec![0; count.div_ceil(4).next_power_of_two()] }
    }

    fn place(&self, text: &str) -> (usize, u64) {
        let hash = Fingerprint::new(61).text(text).get();
        (hash as usize & (self.bits.len() - 1), 1 << (hash >> 58))
    }

    fn add(&mut self, text: &str) {
        let (at, bit) = self.place(text);
        self.bits[at] |= bit;
    }

    fn may_have(&self, text: &str) -> bool {
        let (at, bit) = self.place(text);
        self.bits[at] & bit != 0
    }
}
