//! The files that somebody looks at, before the rest of their build.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rayon::prelude::*;

use super::plan::with_request;
use super::run::{Asset, Bytes};
use crate::base::files;
use crate::error::Result;
use crate::site::Page;
use crate::theme::{Note, Theme};

/// What is known of the site when pages can be shown.
pub struct Outline<'a> {
    /// The pages that layouts make, in any order.
    pub pages: &'a [Page],
    /// The assets.
    pub assets: &'a [Asset],
    /// What renders the pages.
    pub theme: &'a Theme,
    /// The folder of the site that was published last.
    pub output: &'a Path,
    /// The present moment.
    pub now: Timestamp,
}

impl fmt::Debug for Outline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outline").field("output", &self.output).finish_non_exhaustive()
    }
}

/// The pages at `paths`, and the assets that they may need besides those of the last build: new ones, others than before,
/// and those made from a file among `changed`. Path in the output and bytes. Nothing is written.
pub fn early(site: &Outline<'_>, paths: &[String], changed: &[PathBuf]) -> Result<Vec<(String, Vec<u8>)>> {
    let wanted: Vec<&Page> =
        site.pages.iter().filter(|page| paths.iter().any(|path| page.route.path() == path)).collect();
    let pages = wanted.into_par_iter().filter_map(|page| {
        let drawn = render(site, page)?;
        Some(drawn.map(|(bytes, asked)| ((page.route.path().to_owned(), bytes), asked)))
    });
    let (mut files, asked): (Vec<_>, Vec<_>) = pages.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    let assets = site.assets.par_iter().filter_map(|asset| {
        // What is large appears with the rest of the build.
        let is_wanted = asset.bytes.large().is_none() && is_news(site, asset, changed);
        let bytes = is_wanted.then(|| asset.bytes.load())?;
        Some(bytes.map(|bytes| (asset.route.path().to_owned(), bytes.into_owned())))
    });
    files.extend(assets.collect::<Result<Vec<_>>>()?);
    // The name of a derived file tells its bytes.
    let asked: BTreeSet<String> = asked.into_iter().flatten().map(|note| note.key).collect();
    for made in asked.iter().map(|name| site.theme.assets().made_for(name)).collect::<Result<Vec<_>>>()? {
        for made in made.into_iter().filter(|made| !site.output.join(&made.route).exists()) {
            let bytes = site.theme.assets().load(&made)?;
            files.push((made.route, bytes.to_vec()));
        }
    }
    Ok(files)
}

type Drawn = (Vec<u8>, Vec<Note>);

fn render(site: &Outline<'_>, page: &Page) -> Option<Result<Drawn>> {
    let rendered = with_request(site.now, page, |rendering| site.theme.render_telling(rendering, |_| ()))?;
    Some(rendered.map(|(drawn, ())| (drawn.bytes, drawn.assets)))
}

fn is_news(site: &Outline<'_>, asset: &Asset, changed: &[PathBuf]) -> bool {
    let published = site.output.join(asset.route.path());
    match &asset.bytes {
        Bytes::File(file) => changed.contains(file) || !published.exists(),
        Bytes::Here(bytes) => {
            files::read_if_present(&published).ok().flatten().as_deref() != Some(&bytes[..])
        }
    }
}
