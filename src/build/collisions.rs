//! Two files that cannot both stand in the output.

use std::borrow::Cow;

use super::run::Request;
use crate::error::{Error, Kind, Result};
use crate::site::Route;

/// Assets may not stand where pages stand, nor two of them at one address.
pub(super) fn check(request: &Request<'_>) -> Result<()> {
    let routes = (request.site.pages.iter().map(|page| &page.route))
        .chain(request.assets.iter().map(|asset| &asset.route))
        .chain(request.volatile.iter().map(|(route, _)| route));
    // Some file systems do not tell upper from lower case.
    let folded = |path: &str| path.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii());
    let keyed = routes.map(|route| match folded(route.path()) {
        true => (Cow::Owned(route.path().to_lowercase()), route),
        false => (Cow::Borrowed(route.path()), route),
    });
    let mut all: Vec<(Cow<'_, str>, &Route)> = keyed.collect();
    // Pages are in order already.
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    if let Some([_, (_, route)]) = all.array_windows().find(|[(a, _), (b, _)]| a == b) {
        return Err(Error::new(Kind::Content, format!("two files want the address {}", route.address()))
            .hint("rename the one below static/ or content/"));
    }
    let mut before = "";
    for (path, route) in &all {
        let same = path.bytes().zip(before.bytes()).take_while(|(a, b)| a == b).count();
        before = path;
        // Folders that the path before lies in as well have been looked at.
        let new = path.match_indices('/').map(|(at, _)| at).filter(|at| *at >= same);
        for folder in new.map(|at| &path[..at]) {
            if let Ok(at) = all.binary_search_by(|(known, _)| (**known).cmp(folder)) {
                let (file, path) = (all[at].1.path(), route.path());
                let message = format!("{file} cannot be a file, because {path} stands below it");
                return Err(Error::new(Kind::Content, message));
            }
        }
    }
    Ok(())
}
