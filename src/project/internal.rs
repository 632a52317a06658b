//! Internal pages: drawn with the site, written beside the state where no deploy takes them along.
//!
//! No trace is kept of what they read: a hash of somebody's name is as good as the name to whoever can guess. They are
//! few, so they are drawn at every build and written where their bytes differ.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::base::files::{self, Stamps};
use crate::base::report::Reporter;
use crate::config::Config;
use crate::error::Result;
use crate::model::catalogue::Catalogue;
use crate::model::course::nearest;
use crate::site::{self, Site};
use crate::theme::{Request, Theme};

/// The pages as files: path below the folder, and bytes.
pub(super) type Drawn = Vec<(String, Vec<u8>)>;

/// The zone in which courses come next, if pages for the house are made and the theme has some.
pub(super) fn zone(config: &Config) -> Option<&TimeZone> {
    let has_layouts = || Theme::open(config, &[]).is_ok_and(|theme| !theme.internal_layouts().is_empty());
    (config.has_internal_pages() && has_layouts()).then_some(&config.site.time_zone)
}

/// Draws the pages about the course that comes next; none where nobody could read them, or nothing comes.
pub(super) fn draw(
    config: &Config,
    theme: &Theme,
    site: &Site,
    catalogue: &Catalogue,
    now: Timestamp,
    asked: &mut Vec<String>,
) -> Result<Drawn> {
    let layouts = theme.internal_layouts();
    let next = nearest(catalogue.iter(), &config.site.time_zone, now);
    let Some(course) = next.filter(|_| config.has_internal_pages() && !layouts.is_empty()) else {
        return Ok(Drawn::new());
    };
    let pages = site::internal(site, &course.id, &layouts)?;
    let drawn = pages.iter().map(|page| {
        let name = format!("internal/{}", page.route.path());
        let request = Request {
            layouts: &[&page.layout],
            view: &page.view,
            content: None,
            language: page.language,
            now,
            name: &name,
        };
        let rendered = theme.render_internal(&request)?;
        // Style sheets and pictures of these pages are published with those of all others.
        asked.extend(rendered.assets.into_iter().map(|note| note.key));
        Ok((page.route.path().to_owned(), rendered.bytes))
    });
    drawn.collect()
}

/// Writes the pages for nobody but the owner of the process, and removes those of before.
pub(super) fn publish(config: &Config, drawn: &Drawn, reporter: &dyn Reporter) -> Result<()> {
    let folder = folder(&config.paths.state);
    if drawn.is_empty() {
        // What they say of people is not kept where nobody makes it anew.
        if folder.is_dir() && !config.has_internal_pages() {
            reporter.warn(
                "the internal pages of an earlier build are removed, for AITHER_ADMIN_TOKEN is not set here; set it for \
                 each build of this site, as for `aither serve`, and they stay",
            );
        }
        return files::remove_folder(&folder);
    }
    for (path, bytes) in drawn {
        let file = folder.join(path);
        if files::read_if_present(&file)?.as_deref() != Some(&bytes[..]) {
            files::replace_private(&folder, &file, bytes)?;
        }
    }
    let wanted: BTreeSet<&str> = drawn.iter().map(|(path, _)| path.as_str()).collect();
    for path in files::walk(&folder)? {
        if !wanted.contains(files::slashed(&path).as_str()) {
            files::remove(&folder.join(path))?;
        }
    }
    Ok(())
}

/// How the files look, to tell whether somebody touched them.
pub(super) fn stamp(state: &Path) -> u64 {
    let mut stamps = Stamps::default();
    stamps.folder(&folder(state));
    stamps.hash()
}

fn folder(state: &Path) -> PathBuf {
    state.join("internal")
}
