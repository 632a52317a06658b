//! Static files: the theme's, with the site's own over them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::builtin;
use super::places::Folder;
use crate::base::files;
use crate::error::Result;

/// A file that is published as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its address in the site, relative, with `/` between the parts.
    pub route: String,
    /// Where its bytes are.
    pub body: Body,
}

/// The bytes of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// In a file, with its absolute path.
    File(PathBuf),
    /// In the program.
    BuiltIn(&'static [u8]),
}

impl Asset {
    /// The bytes.
    pub fn read(&self) -> Result<Cow<'static, [u8]>> {
        match &self.body {
            Body::File(path) => files::read(path).map(Cow::Owned),
            Body::BuiltIn(bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }
}

/// All static files by route: `static/` of the theme, also as `assets/` with the folder in the address as Jekyll has
/// it, and the site's `static/` over both.
pub(super) fn all(theme: &Folder, site: &Path) -> Result<Vec<Asset>> {
    let mut assets = BTreeMap::new();
    match theme {
        Folder::Disk(folder) => {
            add(&mut assets, &folder.join("assets"), "assets/")?;
            add(&mut assets, &folder.join("static"), "")?;
        }
        Folder::BuiltIn => {
            let published = |(path, bytes): &(&'static str, &'static [u8])| {
                path.strip_prefix("static/").map(|route| (route.to_owned(), Body::BuiltIn(bytes)))
            };
            assets.extend(builtin::FILES.iter().filter_map(published));
        }
    }
    add(&mut assets, site, "")?;
    Ok(assets.into_iter().map(|(route, body)| Asset { route, body }).collect())
}

fn add(assets: &mut BTreeMap<String, Body>, folder: &Path, before: &str) -> Result<()> {
    for path in files::walk(folder)? {
        assets.insert(format!("{before}{}", files::slashed(&path)), Body::File(folder.join(path)));
    }
    Ok(())
}
