//! Style sheets: parsed, made small, and taken apart at the addresses in them.

use lightningcss::dependencies::{Dependency, DependencyOptions};
use lightningcss::error::{ErrorLocation, PrinterErrorKind};
use lightningcss::printer::PrinterOptions;
use lightningcss::stylesheet::{MinifyOptions, ParserOptions, StyleSheet};
use serde::{Deserialize, Serialize};

use super::told::told;
use crate::error::{Error, Kind, Result};

/// A style sheet with gaps where its addresses belong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Sheet {
    /// The text, with the marks of `links` in it.
    text: String,
    /// The addresses that it names.
    pub(super) links: Vec<SheetLink>,
}

/// An address that a style sheet names, by `url()` or `@import`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SheetLink {
    /// The address as written.
    pub(super) url: String,
    /// Where, counted from one.
    pub(super) line: u32,
    pub(super) column: u32,
    mark: String,
}

impl Sheet {
    /// Reads a style sheet and writes it anew, as small as it can be if `minify` says so.
    pub(super) fn parse(file: &str, text: &str, minify: bool) -> Result<Self> {
        let options = ParserOptions { filename: file.to_owned(), ..ParserOptions::default() };
        let mut sheet = StyleSheet::parse(text, options)
            .map_err(|error| wrong(file, text, error.loc.as_ref(), &error.kind.to_string()))?;
        if minify {
            sheet
                .minify(MinifyOptions::default())
                .map_err(|error| wrong(file, text, error.loc.as_ref(), &error.kind.to_string()))?;
        }
        let printed = sheet.to_css(PrinterOptions {
            minify,
            analyze_dependencies: Some(DependencyOptions { remove_imports: false }),
            ..PrinterOptions::default()
        });
        let printed = printed.map_err(|error| match &error.kind {
            PrinterErrorKind::AmbiguousUrlInCustomProperty { url } => {
                let message = "a relative address in a custom property means another file in each style sheet that uses it";
                wrong(file, text, error.loc.as_ref(), message)
                    .hint(format!("write it from the site's root: url(\"/…/{}\")", url.trim_start_matches("./")))
            }
            kind => wrong(file, text, error.loc.as_ref(), &kind.to_string()),
        })?;
        let mut links: Vec<SheetLink> =
            printed.dependencies.unwrap_or_default().into_iter().map(SheetLink::of).collect();
        links.dedup_by(|a, b| a.mark == b.mark);
        let mut text = printed.code;
        if !minify && !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(Self { text, links })
    }

    /// The text with an address at each gap.
    pub(super) fn filled(&self, mut address: impl FnMut(&SheetLink) -> String) -> String {
        let mut text = self.text.clone();
        for link in &self.links {
            let quoted = format!("\"{}\"", link.mark);
            if text.contains(&quoted) {
                let address = address(link);
                // Without quotes where nothing in it would end the address.
                let plain = |b: u8| b.is_ascii_graphic() && !b"\"'()\\".contains(&b);
                if address.bytes().all(plain) {
                    text = text.replace(&format!("url({quoted})"), &format!("url({address})"));
                }
                text = text.replace(&quoted, &string(&address));
            }
        }
        text
    }
}

impl SheetLink {
    fn of(dependency: Dependency) -> Self {
        let (url, mark, start) = match dependency {
            Dependency::Import(import) => (import.url, import.placeholder, import.loc.start),
            Dependency::Url(url) => (url.url, url.placeholder, url.loc.start),
        };
        Self { url, mark, line: start.line, column: start.column }
    }
}

/// A string of CSS.
fn string(text: &str) -> String {
    let mut made = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => made.extend(['\\', character]),
            c if c.is_control() => made.push_str(&format!("\\{:x} ", u32::from(c))),
            c => made.push(c),
        }
    }
    made.push('"');
    made
}

fn wrong(file: &str, text: &str, at: Option<&ErrorLocation>, message: &str) -> Error {
    let message = match at {
        Some(at) => told(file, text, at.line as usize + 1, at.column as usize, message),
        None => format!("{file}: {message}"),
    };
    Error::new(Kind::Template, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_and_filled_in() {
        let text = "@import \"base.css\";\n.a { background: url('x y.png') }\n.b { src: url(x.png); mask: url(x.png) }";
        let sheet = Sheet::parse("a.css", text, true).unwrap();
        let urls: Vec<(&str, u32)> = sheet.links.iter().map(|link| (&*link.url, link.line)).collect();
        assert!(urls.contains(&("base.css", 1)) && urls.contains(&("x y.png", 2)), "{urls:?}");
        let filled = sheet.filled(|link| format!("/n/{}", link.url));
        assert_eq!(
            filled,
            "@import \"/n/base.css\";.a{background:url(\"/n/x y.png\")}.b{src:url(/n/x.png);mask:url(/n/x.png)}"
        );
    }

    #[test]
    fn a_mistake_has_a_place() {
        let error = Sheet::parse("static/a.css", "a { color: red }\n.b:: { }\n", true).unwrap_err();
        assert!(error.message().starts_with("static/a.css:2:"), "{error}");
        assert!(error.message().contains("2 | .b:: { }"), "{error}");
        let error = Sheet::parse("a.css", ":root { --logo: url(logo.svg) }", true).unwrap_err();
        assert!(error.hints()[0].contains("url(\"/…/logo.svg\")"), "{error}");
    }
}
