//! The files as their authors wrote them.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::base::files;
use crate::error::Result;

/// A file as it was found, and where it is to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
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

impl Source {
    /// The bytes.
    pub fn read(&self) -> Result<Cow<'static, [u8]>> {
        match &self.body {
            Body::File(path) => files::read(path).map(Cow::Owned),
            Body::BuiltIn(bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }

    /// Whether it is Sass: published as the style sheet that it is compiled to.
    pub(super) fn is_sass(&self) -> bool {
        matches!(&self.body, Body::File(path) if path.extension().is_some_and(|end| end == "scss" || end == "sass"))
    }
}

/// The address at which a file of a static folder is published: Sass as the style sheet it is compiled to, its partials
/// (`_colours.scss`) nowhere.
pub fn published_route(path: &str) -> Option<String> {
    let Some(stem) = path.strip_suffix(".scss").or_else(|| path.strip_suffix(".sass")) else {
        return Some(path.to_owned());
    };
    let name = stem.rsplit('/').next().unwrap_or(stem);
    (!name.starts_with('_')).then(|| format!("{stem}.css"))
}
