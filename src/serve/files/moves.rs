//! Addresses that have moved, as the build wrote them down for servers: `_redirects` of the output.

use std::collections::HashMap;

use super::target::{self, Target};

/// Where addresses of the site have moved to. Both are whole paths, with that of the base URL.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Moves(HashMap<Box<str>, Box<str>>);

impl Moves {
    /// Reads lines such as `/courses/old/ /courses/new/ 301`. Those with patterns or conditions, and those that lead to
    /// another host, are for other servers.
    pub(super) fn read(text: &str) -> Self {
        let mut moves = HashMap::new();
        for (from, to) in text.lines().filter_map(moved) {
            // The first line that tells of an address holds.
            moves.entry(from).or_insert(to);
        }
        Self(moves)
    }

    /// The new address of what a request's target asks for.
    pub(super) fn find(&self, path: &str, query: Option<&str>) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let to = self.0.get(&*key(path)?)?;
        Some(match query.filter(|_| !to.contains(['?', '#'])) {
            Some(query) => format!("{to}?{query}"),
            None => to.to_string(),
        })
    }
}

fn moved(line: &str) -> Option<(Box<str>, Box<str>)> {
    let mut parts = line.split_whitespace();
    let (from, to, status) = (parts.next()?, parts.next()?, parts.next()?);
    let is_plain = !from.contains(['*', ':', '?']) && to.bytes().all(|b| b.is_ascii_graphic());
    // With two slashes at its beginning, or what browsers take for them, an address is one on another host.
    let is_here = to.starts_with('/') && !to[1..].starts_with(['/', '\\']);
    if parts.next().is_some() || !matches!(status, "301" | "308") || !is_plain || !is_here {
        return None;
    }
    let from = key(from)?;
    let target = key(to.split(['?', '#']).next()?)?;
    (from != target).then(|| (from, to.into()))
}

/// What an address is called here: unescaped, and without a slash at its end.
fn key(path: &str) -> Option<Box<str>> {
    match target::read(path).ok()? {
        Target::Folder(path) => Some(path.trim_end_matches('/').into()),
        Target::File(path) => Some(path.into()),
        Target::Nowhere => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_has_moved_leads_to_another_one_of_the_same_host() {
        let moves = Moves::read(
            "/old/ /new/ 301\n/%C3%BCber/ /about/ 308\n/a.html /a/?x=1 301\n/old/ /later/ 301\n/ /home/ 301\n",
        );
        let find = |path: &str, query| moves.find(path, query);
        assert_eq!(find("/old/", None).as_deref(), Some("/new/"));
        assert_eq!(find("/old", Some("a=b")).as_deref(), Some("/new/?a=b"));
        assert_eq!(find("/%c3%bcber", None).as_deref(), Some("/about/"));
        assert_eq!(find("/a.html", Some("a=b")).as_deref(), Some("/a/?x=1"));
        assert_eq!(find("/", None).as_deref(), Some("/home/"));
        for path in ["/new/", "/old/x", "//old/", "/older"] {
            assert_eq!(find(path, None), None, "{path}");
        }
    }

    #[test]
    fn what_leads_elsewhere_or_has_conditions_is_for_others() {
        for line in [
            "/a https://evil.example/ 301",
            "/a //evil.example 301",
            "/a /\\evil.example 301",
            "/a evil 301",
            "/a/* /b/:splat 301",
            "/a /b 302",
            "/a /b 200",
            "/a /b",
            "/a /b 301 Language=de",
            "/a /a/ 301",
            "/a/ /a/?x#y 301",
            "/a /b%zz 301",
            "# /a /b 301",
            "/a /über 301",
        ] {
            assert_eq!(Moves::read(line), Moves::default(), "{line}");
        }
    }
}
