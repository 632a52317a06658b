//! From the target of a request to the path of a file: one reading of an address, and no way out of the folder.

use std::borrow::Cow;

/// What a target asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A folder by its address with a slash: `courses/ruhig/`, or nothing for the home page.
    Folder(String),
    /// A file, or a folder without its slash: `feed.xml`, `courses/ruhig`.
    File(String),
    /// Well formed, but nothing is ever found there: a hidden name, an empty or a dot segment.
    Nowhere,
}

/// The text is not an address: a broken escape, a control character, a backslash, bytes that are not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads the path of a request's target (RFC 3986), which begins with a slash and has no query.
///
/// An escaped slash is refused: it would be a separator for the file system and none for proxies in front.
pub(super) fn read(path: &str) -> Result<Target, Malformed> {
    let rest = path.strip_prefix('/').ok_or(Malformed)?;
    if rest.is_empty() {
        return Ok(Target::Folder(String::new()));
    }
    let is_folder = rest.ends_with('/');
    let mut read = String::with_capacity(rest.len());
    for segment in rest.strip_suffix('/').unwrap_or(rest).split('/') {
        let segment = unescape(segment)?;
        // Hidden names hold the manifest and what a build has not finished; `.` and `..` begin with a dot as well.
        if segment.is_empty() || segment.starts_with('.') {
            return Ok(Target::Nowhere);
        }
        if !read.is_empty() {
            read.push('/');
        }
        read.push_str(&segment);
    }
    if is_folder {
        read.push('/');
    }
    Ok(if is_folder { Target::Folder(read) } else { Target::File(read) })
}

fn unescape(segment: &str) -> Result<Cow<'_, str>, Malformed> {
    let bad = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':');
    if !segment.contains('%') {
        return if segment.contains(bad) { Err(Malformed) } else { Ok(Cow::Borrowed(segment)) };
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16)).ok_or(Malformed);
        let value = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(value).map_err(|_| Malformed)?);
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains(bad) => Ok(Cow::Owned(text)),
        _ => Err(Malformed),
    }
}

/// The escaped form of a path that was read: fit for a `Location`.
pub(super) fn escape(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                escaped.push(char::from(byte));
            }
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_once_and_never_leads_out() {
        let file = |text: &str| Ok(Target::File(text.into()));
        assert_eq!(read("/"), Ok(Target::Folder(String::new())));
        assert_eq!(read("/courses/ruhig/"), Ok(Target::Folder("courses/ruhig/".into())));
        assert_eq!(read("/feed.xml"), file("feed.xml"));
        assert_eq!(read("/%C3%BCber"), file("über"));
        assert_eq!(read("/a%252e"), file("a%2e"));
        for nowhere in [
            "//evil.example",
            "/a//b",
            "/../x",
            "/a/%2e%2e/b",
            "/.sync-manifest.json",
            "/a/.git/config",
            "/.",
        ] {
            assert_eq!(read(nowhere), Ok(Target::Nowhere), "{nowhere}");
        }
        for bad in [
            "",
            "*",
            "x",
            "/..%2fx",
            "/a%00",
            "/a\\b",
            "/%5c..",
            "/%c0%ae%c0%ae",
            "/%",
            "/%4",
            "/%zz",
            "/%ff",
            "/c:",
        ] {
            assert_eq!(read(bad), Err(Malformed), "{bad}");
        }
        assert_eq!(escape("über uns/"), "%C3%BCber%20uns/");
    }
}
