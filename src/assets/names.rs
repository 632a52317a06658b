//! Names that carry the hash of the bytes behind them: `style.css` is also `style.3f2a9c04b1d87e65.css`.

use crate::base::digest::Digest;

/// How many hexadecimal digits of the hash a name carries.
const DIGITS: usize = 16;

/// The route with the hash before its last ending.
pub(super) fn fingerprinted(route: &str, digest: &Digest) -> String {
    let hash = short(digest);
    let at = route.rfind('/').map_or(0, |slash| slash + 1);
    match route[at..].rfind('.').filter(|dot| *dot > 0) {
        Some(dot) => format!("{}.{hash}{}", &route[..at + dot], &route[at + dot..]),
        None => format!("{route}.{hash}"),
    }
}

/// The first digits of a hash: as many as a name carries, and more where there is no figure among them, so that nobody
/// takes it for a word.
pub(super) fn short(digest: &Digest) -> String {
    let text = digest.to_string();
    let figure = text.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    text[..DIGITS.max(figure + 1)].to_owned()
}

/// Whether the name of a file says by a hash in it (`style.3f2a9c04.css`) that it never means other bytes.
pub fn is_fingerprinted(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let hexadecimal = |part: &str| {
        (8..=64).contains(&part.len())
            && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            && part.bytes().any(|b| b.is_ascii_digit())
    };
    let mut parts = name.split('.').skip(1).collect::<Vec<_>>();
    parts.pop();
    parts.into_iter().any(hexadecimal)
}

/// The path of an address with everything escaped that has a meaning in one or in a style sheet.
pub(super) fn escaped(path: &str) -> String {
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

/// The path that an address means, its escapes resolved; nothing where they are broken.
pub(super) fn unescaped(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// A path seen from a folder, without `.` and `..`; nothing where it leads out of the site.
pub(super) fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The folder of a route: empty at the top.
pub(super) fn folder(route: &str) -> &str {
    route.rfind('/').map_or("", |slash| &route[..slash])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_carries_the_hash_and_whoever_serves_it_sees_that() {
        let digest = Digest::of(b"abc");
        assert_eq!(fingerprinted("a.b/style.css", &digest), "a.b/style.ba7816bf8f01cfea.css");
        assert_eq!(fingerprinted("LICENSE", &digest), "LICENSE.ba7816bf8f01cfea");
        for number in 0..2_000_u32 {
            let name = fingerprinted("assets/x.min.js", &Digest::of(&number.to_le_bytes()));
            assert!(is_fingerprinted(&name), "{name}");
        }
        // Sixty-three letters before the first figure.
        let mut bytes = [0xab; 32];
        bytes[31] = 0xa7;
        assert!(is_fingerprinted(&fingerprinted("x.css", &Digest::from_bytes(bytes))));
        for plain in ["assets/style.css", "a.deadbeef.css", "3f2a9c04.css", "style.3f2a.css"] {
            assert!(!is_fingerprinted(plain), "{plain}");
        }
    }

    #[test]
    fn paths_stay_inside_the_site() {
        assert_eq!(joined("a/b", "../c/./d.png").as_deref(), Some("a/c/d.png"));
        assert_eq!(joined("", "../x"), None);
        assert_eq!(unescaped("a%20b%C3%BC").as_deref(), Some("a bü"));
        assert_eq!(unescaped("%zz"), None);
        assert_eq!(escaped("a b/ü.png"), "a%20b/%C3%BC.png");
    }
}
