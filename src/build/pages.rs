//! All pages as a build would publish them, rendered anew and written nowhere.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::plan::with_request;
use super::run::Request;
use crate::error::Result;
use crate::site::Page;

/// A page, unless it has no layout, with what its templates had to say.
type Made<T> = Result<Option<(T, (String, Vec<String>), Vec<String>)>>;

/// What was rendered to be looked at.
#[derive(Debug)]
pub struct Looked<T> {
    /// What was made of the pages.
    pub pages: Vec<T>,
    /// What templates had to say.
    pub warnings: Vec<String>,
    /// The paths of the files that pages ask for, such as pictures in other sizes.
    pub files: Vec<String>,
}

/// Renders every page that has a layout, and hands it over with its HTML; in the order of their paths.
pub fn pages<T: Send>(request: &Request<'_>, take: impl Fn(&Page, String) -> T + Sync) -> Result<Looked<T>> {
    let made: Vec<Made<T>> = (request.site.all().par_iter())
        .filter(|page| page.route.path().ends_with(".html"))
        .map(|page| {
            let rendered =
                with_request(request.now, page, |rendering| request.theme.render_telling(rendering, |_| ()));
            let Some((rendered, ())) = rendered.transpose()? else { return Ok(None) };
            let html = String::from_utf8_lossy(&rendered.bytes).into_owned();
            let asked = rendered.assets.into_iter().map(|note| note.key).collect();
            let path = page.route.path().to_owned();
            Ok(Some((take(page, html), (path, rendered.warnings), asked)))
        })
        .collect();
    let (mut pages, mut warnings) = (Vec::with_capacity(made.len()), Warnings::default());
    let mut asked: BTreeSet<String> = BTreeSet::new();
    for page in made {
        if let Some((page, (path, told), keys)) = page? {
            pages.push(page);
            told.iter().for_each(|warning| warnings.add(warning, &path));
            asked.extend(keys);
        }
    }
    let mut files = Vec::new();
    for key in &asked {
        files.extend(request.theme.assets().made_for(key)?.into_iter().map(|made| made.route));
    }
    Ok(Looked { pages, warnings: warnings.finish(), files })
}

/// What templates had to say: once each, with the page on which it is.
#[derive(Default)]
pub(super) struct Warnings(BTreeMap<String, (String, usize)>);

impl Warnings {
    pub(super) fn add(&mut self, warning: &str, path: &str) {
        match self.0.get_mut(warning) {
            Some((first, more)) => {
                *more += 1;
                if path < first.as_str() {
                    path.clone_into(first);
                }
            }
            None => drop(self.0.insert(warning.to_owned(), (path.to_owned(), 0))),
        }
    }

    pub(super) fn finish(self) -> Vec<String> {
        let told = |(warning, (first, more)): (String, (String, usize))| match more {
            0 => format!("{warning}, on {first}"),
            1 => format!("{warning}, on {first} and another page"),
            more => format!("{warning}, on {first} and {more} other pages"),
        };
        self.0.into_iter().map(told).collect()
    }
}
