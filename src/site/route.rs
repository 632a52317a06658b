//! The address of a page: a path below the site's base address, and the file that answers it.

use std::fmt;

use crate::error::{Error, Kind, Result};

/// Where a page lives: `courses/ruhig/index.html` in the output, `/courses/ruhig/` for the reader.
///
/// Made only of parts that are safe as a file name, so no route can leave the output folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route(String);

impl Route {
    /// A page with an address that ends in a slash: `["courses", "ruhig"]` is `courses/ruhig/index.html`.
    pub fn page(parts: &[&str]) -> Result<Self> {
        let length: usize = parts.iter().map(|part| part.len() + 1).sum();
        let mut path = String::with_capacity(length + "index.html".len());
        for part in parts {
            path.push_str(safe(part)?);
            path.push('/');
        }
        path.push_str("index.html");
        Ok(Self(path))
    }

    /// A file by its path below the output: `feed.xml`, `assets/style.css`.
    pub fn file(path: &str) -> Result<Self> {
        path.split('/').try_for_each(|part| safe(part).map(drop))?;
        Ok(Self(path.to_owned()))
    }

    /// The route of an address below the site's base address: the other way round than [`Route::address`].
    pub fn of_address(address: &str) -> Result<Self> {
        let path = address.strip_prefix('/').unwrap_or(address);
        match path.strip_suffix('/') {
            Some(folders) => Self::page(&folders.split('/').collect::<Vec<_>>()),
            None if path.is_empty() => Self::page(&[]),
            None => Self::file(path),
        }
    }

    /// The same route in the tree of a language: `/en` makes `en/courses/ruhig/index.html` of it.
    #[must_use]
    pub(super) fn below(&self, prefix: &str) -> Self {
        match prefix.strip_prefix('/') {
            Some(prefix) => Self(format!("{prefix}/{}", self.0)),
            None => self.clone(),
        }
    }

    /// The path of the file below the output folder, with `/` between its parts.
    pub fn path(&self) -> &str {
        &self.0
    }

    /// Whether this is its address.
    pub(super) fn is_at(&self, address: &str) -> bool {
        let page = self.0.strip_suffix("index.html").filter(|rest| rest.is_empty() || rest.ends_with('/'));
        address.strip_prefix('/') == Some(page.unwrap_or(&self.0))
    }

    /// The path of the folder that the file is in, with the slash at its end; nothing for one at the top.
    pub(super) fn folder(&self) -> &str {
        self.0.rfind('/').map_or("", |slash| &self.0[..=slash])
    }

    /// Another file in the folder of this one. The name is made of what a route may consist of.
    pub(super) fn beside(&self, [name, ending]: [&str; 2]) -> Self {
        Self([self.folder(), name, ending].concat())
    }

    /// The address below the site's base address: `/courses/ruhig/`, `/feed.xml`.
    pub fn address(&self) -> String {
        let page = self.0.strip_suffix("index.html").filter(|rest| rest.is_empty() || rest.ends_with('/'));
        ["/", page.unwrap_or(&self.0)].concat()
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A part of a path that is a plain name on every file system: not empty, not hidden, without separators, control
/// characters and what Windows reserves.
fn safe(part: &str) -> Result<&str> {
    const LONGEST: usize = 200;
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    // Nearly all of them: letters and digits, and a dot within.
    if let [first, within @ .., last] = part.as_bytes()
        && part.len() <= LONGEST
        && is_plain(first)
        && is_plain(last)
        && within.iter().all(|b| is_plain(b) || *b == b'.')
    {
        return Ok(part);
    }
    let bad = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    let reason = if part.is_empty() {
        "it is empty"
    } else if part.starts_with('.') {
        "it begins with a dot"
    } else if part.ends_with(['.', ' ']) {
        "it ends with a dot or a space"
    } else if part.len() > LONGEST {
        "it is longer than 200 bytes"
    } else if part.contains(bad) {
        "it holds a character that is not allowed in file names"
    } else {
        return Ok(part);
    };
    Err(Error::new(Kind::Content, format!("{part:?} cannot be part of an address: {reason}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_never_leaves_the_output() {
        for part in ["..", ".", "", "a/b", "a\\b", ".hidden", "nul\0", "x."] {
            assert!(Route::page(&["courses", part]).is_err(), "{part:?}");
        }
        for path in ["../x", "a//b", "/etc/passwd", "a/.git/config"] {
            assert!(Route::file(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn an_address_hides_the_index_file() -> Result<()> {
        assert_eq!(Route::page(&[])?.address(), "/");
        assert_eq!(Route::page(&["courses", "ruhig"])?.address(), "/courses/ruhig/");
        assert_eq!(Route::file("feed.xml")?.address(), "/feed.xml");
        assert_eq!(Route::file("xindex.html")?.address(), "/xindex.html");
        for path in ["index.html", "courses/ruhig/index.html", "feed.xml", "xindex.html"] {
            let route = Route::file(path)?;
            assert!(
                route.is_at(&route.address()) && !route.is_at(&format!("/{path}/")) && !route.is_at(path)
            );
        }
        Ok(())
    }
}
