//! The files that somebody looks at, before the rest of their build.

use std::collections::BTreeSet;
use std::path::PathBuf;

use rayon::prelude::*;

use super::plan::with_request;
use super::run::{Asset, Bytes, Request};
use crate::base::files;
use crate::error::Result;
use crate::site::{Body, Page};
use crate::theme::Note;

/// The pages at `paths`, and the assets that they may need besides those of the last build: new ones, others than before,
/// and those made from a file among `changed`. Path in the output and bytes. Nothing is written.
pub fn early(request: &Request<'_>, paths: &[String], changed: &[PathBuf]) -> Result<Vec<(String, Vec<u8>)>> {
    let pages = paths.par_iter().filter_map(|path| {
        let at = request.site.pages.binary_search_by(|page| page.route.path().cmp(path)).ok()?;
        let drawn = render(request, request.site.pages.get(at)?)?;
        Some(drawn.map(|(bytes, asked)| ((path.clone(), bytes), asked)))
    });
    let (mut files, asked): (Vec<_>, Vec<_>) = pages.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    let assets = request.assets.par_iter().filter_map(|asset| {
        // What is large appears with the rest of the build.
        let is_wanted = asset.bytes.large().is_none() && is_news(request, asset, changed);
        let bytes = is_wanted.then(|| asset.bytes.load())?;
        Some(bytes.map(|bytes| (asset.route.path().to_owned(), bytes.into_owned())))
    });
    files.extend(assets.collect::<Result<Vec<_>>>()?);
    // The name of a derived file tells its bytes.
    let asked: BTreeSet<String> = asked.into_iter().flatten().map(|note| note.key).collect();
    for made in asked.iter().map(|name| request.theme.assets().made_for(name)).collect::<Result<Vec<_>>>()? {
        for made in made.into_iter().filter(|made| !request.output.join(&made.route).exists()) {
            let bytes = request.theme.assets().load(&made)?;
            files.push((made.route, bytes.to_vec()));
        }
    }
    Ok(files)
}

type Drawn = (Vec<u8>, Vec<Note>);

fn render(request: &Request<'_>, page: &Page) -> Option<Result<Drawn>> {
    if let Body::Made(make) = &page.body {
        return Some(Ok((make.bytes(), Vec::new())));
    }
    let rendered = with_request(request, page, |rendering| request.theme.render_telling(rendering, |_| ()))?;
    Some(rendered.map(|(drawn, ())| (drawn.bytes, drawn.assets)))
}

fn is_news(request: &Request<'_>, asset: &Asset, changed: &[PathBuf]) -> bool {
    let published = request.output.join(asset.route.path());
    match &asset.bytes {
        Bytes::File(file) => changed.contains(file) || !published.exists(),
        Bytes::Here(bytes) => {
            files::read_if_present(&published).ok().flatten().as_deref() != Some(&bytes[..])
        }
    }
}
