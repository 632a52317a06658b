//! A request as the dashboard sees it: who sends it, by which line, in which language, and from where.

use std::net::IpAddr;

use hyper::header::{self, HeaderMap, HeaderName};

use super::words::Tongue;
use crate::base::encode::pairs;
use crate::serve::shared::Shared;

/// The cookie that says which language somebody has chosen.
const LANGUAGE: &str = "aither-language";

/// A request.
pub(super) struct Visit<'r> {
    pub(super) headers: &'r HeaderMap,
    pub(super) query: &'r str,
    /// Whether it came by TLS, as a proxy that is trusted says: this server speaks plain HTTP alone.
    pub(super) is_secure: bool,
    /// Who counts as one client.
    pub(super) client: IpAddr,
    pub(super) tongue: Tongue,
    /// Whether the language was chosen by this very request.
    pub(super) has_chosen: bool,
}

impl<'r> Visit<'r> {
    pub(super) fn new(shared: &Shared, peer: IpAddr, headers: &'r HeaderMap, query: &'r str) -> Self {
        let is_trusted =
            |address: IpAddr| shared.serve.trusted_proxies.iter().any(|known| same(*known, address));
        let is_proxied = is_trusted(peer);
        let is_secure =
            is_proxied && text(headers, "x-forwarded-proto").is_some_and(|value| last(value) == "https");
        let client = match is_proxied {
            true => forwarded_for(headers, is_trusted).unwrap_or(peer),
            false => peer,
        };
        let chosen = pairs(query).find(|(key, _)| key == "lang").and_then(|(_, value)| Tongue::of(&value));
        let remembered = || cookie(headers, LANGUAGE).and_then(Tongue::of);
        let accepted = || text(headers, header::ACCEPT_LANGUAGE.as_str()).and_then(Tongue::accepted);
        let tongue = chosen.or_else(remembered).or_else(accepted).unwrap_or(shared.dashboard.tongue);
        Self {
            headers,
            query,
            is_secure,
            client: crate::serve::gatekeeper::network(client.to_canonical()),
            tongue,
            has_chosen: chosen.is_some(),
        }
    }

    /// A header that stands there once, as text.
    pub(super) fn header(&self, name: HeaderName) -> Option<&'r str> {
        text(self.headers, name.as_str())
    }

    /// The name of a cookie on this line. Browsers take one of the longer name over TLS alone.
    fn cookie_name(&self, name: &str) -> String {
        if self.is_secure { format!("__Secure-{name}") } else { name.to_owned() }
    }

    /// The value of a cookie that this server has set, if it may be one.
    pub(super) fn secret_cookie(&self, name: &str) -> Option<&'r str> {
        let is_hex = |value: &&str| value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit());
        cookie(self.headers, &self.cookie_name(name)).filter(is_hex)
    }

    /// `Set-Cookie` for a cookie that no script reads and no other site sends; `age` in seconds, none for the browser's session.
    pub(super) fn set_cookie(&self, name: &str, value: &str, age: Option<u64>) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let age = age.map(|age| format!("; Max-Age={age}")).unwrap_or_default();
        format!("{}={value}; Path=/dashboard; HttpOnly; SameSite=Strict{secure}{age}", self.cookie_name(name))
    }

    /// `Set-Cookie` for the language, if this request has chosen one.
    pub(super) fn language_cookie(&self) -> Option<String> {
        const YEAR: u64 = 365 * 86_400;
        let secure = if self.is_secure { "; Secure" } else { "" };
        let value = self.tongue.tag();
        self.has_chosen.then(|| {
            format!("{LANGUAGE}={value}; Path=/dashboard; HttpOnly; SameSite=Strict{secure}; Max-Age={YEAR}")
        })
    }

    /// Whether a request that changes something comes from a page of this server, as far as the browser says so. Where it says
    /// nothing, the token of the form decides alone.
    pub(super) fn is_from_here(&self, shared: &Shared) -> bool {
        if let Some(site) = text(self.headers, "sec-fetch-site") {
            return matches!(site, "same-origin" | "none");
        }
        let Some(origin) = self.header(header::ORIGIN) else {
            return !self.headers.contains_key(header::ORIGIN);
        };
        let Some((_, authority)) = origin.split_once("://") else { return false };
        let host = self.header(header::HOST).unwrap_or_default();
        let name = authority.split(':').next().unwrap_or_default();
        authority.eq_ignore_ascii_case(host)
            || shared.hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// The client that trusted proxies speak for: of all addresses that they have noted down, the last that is none of theirs.
fn forwarded_for(headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let noted: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let addresses = noted.iter().rev().map_while(|text| text.parse::<IpAddr>().ok());
    addresses.into_iter().find(|address| !is_trusted(*address))
}

fn same(a: IpAddr, b: IpAddr) -> bool {
    a.to_canonical() == b.to_canonical()
}

/// What the nearest proxy has said, where several have added to one line.
fn last(value: &str) -> &str {
    value.rsplit(',').next().unwrap_or_default().trim()
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The value of a cookie; of several with one name none is right.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// Where a form wants to lead to, if that is a page of the dashboard.
pub(super) fn way_back(asked: Option<&str>) -> &str {
    let is_ours = |path: &&str| {
        let rest = path.strip_prefix("/dashboard");
        let follows = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
        let is_plain =
            path.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b'#' | b'"' | b'<' | b'>'));
        follows && is_plain && !path.contains("//") && path.len() <= 512
    };
    asked.filter(is_ours).unwrap_or("/dashboard")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn forms_lead_back_into_the_dashboard_only() {
        for good in ["/dashboard", "/dashboard/sources/a?page=2", "/dashboard?x=1"] {
            assert_eq!(way_back(Some(good)), good);
        }
        for bad in [
            "",
            "/",
            "/dashboards",
            "//evil.example",
            "/dashboard//evil.example",
            "https://evil.example/dashboard",
            "/dashboard/\\evil",
            "/dashboard\r\nSet-Cookie: a=b",
            "/dashboard/ä",
        ] {
            assert_eq!(way_back(Some(bad)), "/dashboard", "{bad}");
        }
        assert_eq!(way_back(None), "/dashboard");
    }

    #[test]
    fn a_cookie_counts_if_it_is_there_once() {
        let of = |lines: &[(&str, &str)]| cookie(&headers(lines), "a").map(str::to_owned);
        assert_eq!(of(&[("cookie", "b=1; a=2"), ("cookie", "c=3")]), Some("2".into()));
        assert_eq!(of(&[("cookie", "a=1; a=2")]), None);
        assert_eq!(of(&[("cookie", "aa=1; ba=2")]), None);
    }

    #[test]
    fn a_proxy_is_believed_about_its_own_client_alone() {
        let trusted = |address: IpAddr| address.is_loopback();
        let of = |line: &str| forwarded_for(&headers(&[("x-forwarded-for", line)]), trusted);
        let address = |text: &str| Some(text.parse().unwrap());
        assert_eq!(of("198.51.100.7"), address("198.51.100.7"));
        assert_eq!(
            of("203.0.113.9, 198.51.100.7, 127.0.0.1"),
            address("198.51.100.7"),
            "the first is the client's own word"
        );
        assert_eq!(of("203.0.113.9, nonsense"), None);
        assert_eq!(of("127.0.0.1"), None);
    }
}
