//! What a page asks for, as one line of text: it stands in traces, and is understood again at the next build.

use std::fmt;

/// A picture in some widths, as a page asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    /// The widths in pixels; none means those of the configuration.
    pub(crate) widths: Vec<u32>,
    /// The folder of the page, where the file is looked for first; empty for addresses from the root and from the web.
    pub(crate) folder: String,
    /// The file or address as written.
    pub(crate) src: String,
}

const MARK: &str = "image:";

impl Ask {
    /// The ask that a line of text is; nothing where it is none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (widths, rest) = text.strip_prefix(MARK)?.split_once(':')?;
        let (folder, src) = rest.split_once(':')?;
        let widths: Result<Vec<u32>, _> =
            widths.split(',').filter(|width| !width.is_empty()).map(str::parse).collect();
        Some(Self { widths: widths.ok()?, folder: folder.to_owned(), src: src.to_owned() })
    }

    /// Whether it is an address of the web.
    pub(crate) fn is_remote(&self) -> bool {
        let lower = self.src.get(..8).unwrap_or(&self.src).to_ascii_lowercase();
        lower.starts_with("https://") || lower.starts_with("http://")
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MARK)?;
        for (index, width) in self.widths.iter().enumerate() {
            write!(f, "{}{width}", if index > 0 { "," } else { "" })?;
        }
        write!(f, ":{}:{}", self.folder, self.src)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ask_is_read_as_it_was_written() {
        for (widths, folder, src) in
            [(vec![400, 800], "courses/ruhig", "a:b.png"), (vec![], "", "https://a.example/x.jpg?a=1:2")]
        {
            let ask = Ask { widths, folder: folder.to_owned(), src: src.to_owned() };
            assert_eq!(Ask::read(&ask.to_string()), Some(ask));
        }
        for other in ["style.css", "image:", "image:x:y:z", "image:4:y"] {
            assert_eq!(Ask::read(other), None, "{other}");
        }
    }
}
