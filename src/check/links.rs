//! Links between the pages of a site: whether something is there.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::html::Facts;
use super::{Input, Notes, Severity};
use crate::base::text::did_you_mean;

/// Where addresses of others stand: page and line of each.
pub(super) type Outside = BTreeMap<String, Vec<(usize, usize)>>;

/// Looks at all links; gives their number, and notes which pages are linked to and which addresses lead outside.
pub(super) fn look(
    input: &Input<'_>,
    facts: &[Facts],
    notes: &mut Notes<'_>,
    linked: &mut HashSet<usize>,
    outside: &mut Outside,
) -> usize {
    let site = Site::new(input);
    let mut count = 0;
    for (page, facts_of_page) in facts.iter().enumerate() {
        for link in &facts_of_page.links {
            count += 1;
            let needles = spellings(&link.address, input.base_url);
            let needles: Vec<&str> = needles.iter().map(String::as_str).collect();
            let mut note =
                |severity, check, message| notes.add(page, link.line, severity, check, message, &needles);
            let address = link.address.as_str();
            match site.resolve(page, address) {
                Target::Outside(address) => outside.entry(address).or_default().push((page, link.line)),
                Target::Code => {
                    let message = format!(
                        "{address} is a program, not an address: visitors' browsers are told not to run it"
                    );
                    note(Severity::Error, "link", message);
                }
                Target::Other => {}
                Target::Page(target, fragment) => {
                    if target != page && link.is_anchor {
                        linked.insert(target);
                    }
                    let id = fragment.map(decoded).filter(|id| !id.is_empty() && id != "top");
                    if let Some(id) = id.filter(|id| !facts[target].ids.contains(id)) {
                        let place = &input.pages[target].path;
                        let message = format!(
                            "{address} leads to a place that is not on its page ({place} has no `{id}`)"
                        );
                        note(Severity::Error, "anchor", message);
                    }
                }
                Target::File(_) => {}
                Target::WithoutSlash => {
                    let message =
                        format!("{address} leads to a page by a detour: its address ends in a slash");
                    note(Severity::Warning, "link", message);
                }
                Target::Missing => {
                    let known = input.pages.iter().map(|page| page.path.trim_end_matches("index.html"));
                    let hint = did_you_mean(address.trim_start_matches('/'), known);
                    let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                    note(Severity::Error, "link", format!("{address} leads nowhere{hint}"));
                }
            }
        }
    }
    count
}

/// How an address may be spelt in the source of a page.
pub(super) fn spellings(address: &str, base_url: &str) -> Vec<String> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let below = path.strip_prefix(base_path(base_url)).unwrap_or(path).trim_matches('/');
    let mut all = vec![
        format!("]({address})"),
        format!("]({address} "),
        format!("<{address}>"),
        format!("\"{address}\""),
        address.to_owned(),
    ];
    if !below.is_empty() && !path.contains(':') {
        let last = below.rsplit('/').next().unwrap_or(below);
        all.extend([format!("@/{below}"), format!("{last}.md"), format!("{last}/_index.md")]);
        if last.contains('.') {
            all.push(format!("({last}"));
        }
    }
    // The name of the site stands on every page.
    all.retain(|spelling| spelling.len() > 2);
    all
}

/// Where an address leads.
pub(super) enum Target<'a> {
    /// A page, with the place on it.
    Page(usize, Option<&'a str>),
    /// Another file of the output, by its path.
    File(String),
    /// A page, but for a slash.
    WithoutSlash,
    /// Nothing.
    Missing,
    /// An address of somebody else.
    Outside(String),
    /// Nothing: it is a program.
    Code,
    /// Mail, telephone and the like.
    Other,
}

/// The pages and files of a site, as addresses lead to them.
pub(super) struct Site<'a> {
    input: &'a Input<'a>,
    by_path: HashMap<&'a str, usize>,
    base_path: &'a str,
}

impl<'a> Site<'a> {
    pub(super) fn new(input: &'a Input<'a>) -> Self {
        let by_path = input.pages.iter().enumerate().map(|(at, page)| (page.path.as_str(), at)).collect();
        Self { input, by_path, base_path: base_path(input.base_url) }
    }

    /// Where an address on a page leads.
    pub(super) fn resolve<'l>(&self, page: usize, address: &'l str) -> Target<'l> {
        if runs_code(address) {
            return Target::Code;
        }
        let (whole, fragment) = match address.split_once('#') {
            Some((whole, fragment)) => (whole, Some(fragment)),
            None => (address, None),
        };
        let path = whole.split('?').next().unwrap_or_default();
        if path.is_empty() {
            return Target::Page(page, fragment);
        }
        let below = match path.strip_prefix(self.input.base_url) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
            _ => {
                if let Some(rest) = path.strip_prefix("//") {
                    return Target::Outside(format!("https://{rest}"));
                }
                if let Some((scheme, _)) = path.split_once(':').filter(|(scheme, _)| !scheme.contains('/')) {
                    let is_web = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
                    return if is_web { Target::Outside(whole.to_owned()) } else { Target::Other };
                }
                match path.strip_prefix(self.base_path) {
                    Some(rest) if path.starts_with('/') => rest,
                    // Below the host, but beside the site: somebody else answers there.
                    None if path.starts_with('/') => return Target::Other,
                    _ => path,
                }
            }
        };
        let Some(file) = self.file(page, below) else { return Target::Missing };
        if let Some(page) = self.by_path.get(file.as_str()) {
            return Target::Page(*page, fragment);
        }
        if self.input.files.contains(&file) {
            return Target::File(file);
        }
        let folder = format!("{file}/index.html");
        if self.by_path.contains_key(folder.as_str()) || self.input.files.contains(&folder) {
            return Target::WithoutSlash;
        }
        Target::Missing
    }

    /// The file of the output that answers an address below the site.
    fn file(&self, page: usize, path: &str) -> Option<String> {
        let path = decoded(path);
        let mut parts: Vec<&str> = Vec::new();
        if !path.starts_with('/') && !path.is_empty() {
            let own = &self.input.pages[page].path;
            parts.extend(own.split('/').take(own.matches('/').count()));
        }
        let mut is_folder = true;
        for part in path.split('/') {
            is_folder = matches!(part, "" | "." | "..");
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        let file = parts.join("/");
        Some(match (is_folder, file.is_empty()) {
            (true, true) => "index.html".to_owned(),
            (true, false) => format!("{file}/index.html"),
            (false, _) => file,
        })
    }
}

/// Whether an address is a program, or a page that an address carries in itself. Browsers leave out control characters and spaces
/// at its front, and line breaks and tabs anywhere, before they look at the scheme (WHATWG URL, section 4.4).
fn runs_code(address: &str) -> bool {
    let shown = address.trim_start_matches(|c: char| c.is_control() || c == ' ');
    let plain: String = shown.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).take(16).collect();
    let plain = plain.to_ascii_lowercase();
    ["javascript:", "vbscript:", "data:text/html"].iter().any(|scheme| plain.starts_with(scheme))
}

fn base_path(base_url: &str) -> &str {
    let after_scheme = base_url.split_once("://").map_or("", |(_, rest)| rest);
    after_scheme.find('/').map_or("", |at| &after_scheme[at..])
}

/// The text with `%20` and its like read.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| byte == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
