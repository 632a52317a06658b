//! All pages as a build would publish them, rendered anew and written nowhere.

use rayon::prelude::*;

use super::plan::with_request;
use super::run::Request;
use crate::error::Result;
use crate::site::Page;

/// A page, unless it has no layout, with what its templates had to say.
type Made<T> = Result<Option<(T, Vec<String>)>>;

/// Renders every page that has a layout, and hands it over with its HTML; in the order of their paths.
pub fn pages<T: Send>(
    request: &Request<'_>,
    take: impl Fn(&Page, String) -> T + Sync,
) -> Result<(Vec<T>, Vec<String>)> {
    let made: Vec<Made<T>> = (request.site.pages.par_iter())
        .filter(|page| page.route.path().ends_with(".html"))
        .map(|page| {
            let rendered = with_request(request, page, |rendering| request.theme.render(rendering));
            let Some(rendered) = rendered.transpose()? else { return Ok(None) };
            let html = String::from_utf8_lossy(&rendered.bytes).into_owned();
            Ok(Some((take(page, html), rendered.warnings)))
        })
        .collect();
    let (mut pages, mut warnings) = (Vec::with_capacity(made.len()), Vec::new());
    for page in made {
        if let Some((page, told)) = page? {
            pages.push(page);
            warnings.extend(told);
        }
    }
    warnings.sort_unstable();
    warnings.dedup();
    Ok((pages, warnings))
}
