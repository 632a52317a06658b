//! The outer lexer: text, `{{ outputs }}` and `{% tags %}`, or the lines of a `liquid` tag.
//!
//! Every byte is looked at a constant number of times, so that parsing stays linear whatever comes.

/// A piece of a template; positions are byte offsets into its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'s> {
    Text {
        start: usize,
        end: usize,
    },
    Output {
        at: usize,
        start: usize,
        end: usize,
    },
    Tag(Tag<'s>),
    /// Something that begins and never ends.
    Broken {
        at: usize,
        what: &'static str,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'s> {
    pub(super) name: &'s str,
    /// Where the tag begins.
    pub(super) at: usize,
    /// What follows its name.
    pub(super) start: usize,
    pub(super) end: usize,
}

pub(super) struct Tokens<'s> {
    source: &'s str,
    pos: usize,
    end: usize,
    /// The tag before ended in `-%}`.
    trim: bool,
    lines: bool,
}

pub(super) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

impl<'s> Tokens<'s> {
    pub(super) fn new(source: &'s str) -> Tokens<'s> {
        Tokens { source, pos: 0, end: source.len(), trim: false, lines: false }
    }

    /// The lines of a `liquid` tag, each a tag.
    pub(super) fn lines(source: &'s str, start: usize, end: usize) -> Tokens<'s> {
        Tokens { source, pos: start, end, trim: false, lines: true }
    }

    /// Takes back the last token, which began at `at`.
    pub(super) fn back_to(&mut self, at: usize) {
        self.pos = at;
    }

    pub(super) fn next(&mut self) -> Option<Token<'s>> {
        if self.lines { self.next_line() } else { self.next_piece() }
    }

    fn next_line(&mut self) -> Option<Token<'s>> {
        while self.pos < self.end {
            let line_end = self.source[self.pos..self.end].find('\n').map_or(self.end, |i| self.pos + i);
            let (mut start, mut end) = (self.pos, line_end);
            self.pos = (line_end + 1).min(self.end);
            let bytes = self.source.as_bytes();
            while start < end && is_space(bytes[start]) {
                start += 1;
            }
            while end > start && is_space(bytes[end - 1]) {
                end -= 1;
            }
            if start < end {
                return Some(Token::Tag(self.named(start, start, end)));
            }
        }
        None
    }

    fn next_piece(&mut self) -> Option<Token<'s>> {
        if self.pos >= self.end {
            return None;
        }
        let open = self.opening(self.pos);
        if open == Some(self.pos) {
            self.trim = false;
            return Some(self.delimited(self.pos));
        }
        let (mut start, mut end) = (self.pos, open.unwrap_or(self.end));
        self.pos = end;
        let bytes = self.source.as_bytes();
        if std::mem::take(&mut self.trim) {
            while start < end && is_space(bytes[start]) {
                start += 1;
            }
        }
        if open.is_some() && bytes.get(end + 2) == Some(&b'-') {
            while end > start && is_space(bytes[end - 1]) {
                end -= 1;
            }
        }
        if start == end { self.next_piece() } else { Some(Token::Text { start, end }) }
    }

    /// Where the next `{{` or `{%` is.
    fn opening(&self, from: usize) -> Option<usize> {
        let bytes = &self.source.as_bytes()[..self.end];
        let mut at = from;
        while let Some(i) = bytes[at..].iter().position(|b| *b == b'{') {
            at += i;
            match bytes.get(at + 1) {
                Some(b'{' | b'%') => return Some(at),
                Some(_) => at += 1,
                None => return None,
            }
        }
        None
    }

    fn delimited(&mut self, at: usize) -> Token<'s> {
        let bytes = self.source.as_bytes();
        if bytes[at + 1] == b'%' {
            return match self.source[at + 2..self.end].find("%}") {
                Some(i) => {
                    let close = at + 2 + i;
                    self.pos = close + 2;
                    Token::Tag(self.tag(at, close))
                }
                None => self.broken(at, "tag"),
            };
        }
        // An output ends at the first brace; one brace alone, or a tag in between, means that it was not closed.
        let mut i = at + 2;
        while i < self.end {
            match bytes[i] {
                b'}' if bytes.get(i + 1) == Some(&b'}') && i + 1 < self.end => {
                    self.pos = i + 2;
                    let (start, end) = self.trimmed(at, i);
                    return Token::Output { at, start, end };
                }
                b'}' => {
                    self.pos = i + 1;
                    return Token::Broken { at, what: "output" };
                }
                b'{' if bytes.get(i + 1) == Some(&b'%') => {
                    self.pos = i;
                    return Token::Broken { at, what: "output" };
                }
                _ => i += 1,
            }
        }
        self.broken(at, "output")
    }

    /// Nothing after this can be trusted: the rest of the template is taken to belong to it.
    fn broken(&mut self, at: usize, what: &'static str) -> Token<'s> {
        self.pos = self.end;
        Token::Broken { at, what }
    }

    /// The inside of `{{- … -}}`, noting that the text after it is to be trimmed.
    fn trimmed(&mut self, at: usize, close: usize) -> (usize, usize) {
        let bytes = self.source.as_bytes();
        let (mut start, mut end) = (at + 2, close);
        if start < end && bytes[start] == b'-' {
            start += 1;
        }
        if start < end && bytes[end - 1] == b'-' {
            end -= 1;
            self.trim = true;
        }
        (start, end)
    }

    fn tag(&mut self, at: usize, close: usize) -> Tag<'s> {
        let (start, end) = self.trimmed(at, close);
        self.named(at, start, end)
    }

    fn named(&self, at: usize, start: usize, end: usize) -> Tag<'s> {
        let bytes = self.source.as_bytes();
        let mut name = start;
        while name < end && is_space(bytes[name]) {
            name += 1;
        }
        let mut after = name;
        if after < end && bytes[after] == b'#' {
            after += 1;
        } else {
            while after < end && is_word(bytes[after]) {
                after += 1;
            }
        }
        Tag { name: &self.source[name..after], at, start: after, end }
    }

    /// Takes everything up to `{% name %}` as it stands, and gives its range and where the end tag begins.
    pub(super) fn verbatim(&mut self, name: &str) -> Option<(usize, usize)> {
        let bytes = self.source.as_bytes();
        let begin = self.pos;
        let mut at = begin;
        if self.lines {
            return self.verbatim_lines(name);
        }
        // Once no tag closes any more, no later one does either: that keeps the search linear.
        while let Some(i) = self.source[at..self.end].find("{%") {
            let open = at + i;
            let mut word = open + 2;
            if bytes.get(word) == Some(&b'-') {
                word += 1;
            }
            while word < self.end && is_space(bytes[word]) {
                word += 1;
            }
            let rest = &self.source[word..self.end];
            if rest.starts_with(name) && !rest.as_bytes().get(name.len()).copied().is_some_and(is_word) {
                let close = word + rest.find("%}")?;
                self.pos = close + 2;
                self.trim = bytes[close - 1] == b'-';
                return Some((begin, open));
            }
            at = open + 2;
        }
        None
    }

    fn verbatim_lines(&mut self, name: &str) -> Option<(usize, usize)> {
        let begin = self.pos;
        while let Some(token) = self.next_line() {
            if let Token::Tag(tag) = token
                && tag.name == name
            {
                return Some((begin.min(tag.at), tag.at));
            }
        }
        None
    }

    /// Skips to the end of a comment: comments nest, and what `raw` holds is no tag.
    pub(super) fn comment(&mut self) -> bool {
        let mut depth = 1;
        loop {
            let tag = if self.lines {
                match self.next_line() {
                    Some(Token::Tag(tag)) => tag,
                    _ => return false,
                }
            } else {
                match self.comment_tag() {
                    Some(tag) => tag,
                    None => return false,
                }
            };
            match tag.name {
                "comment" => depth += 1,
                "endcomment" => {
                    depth -= 1;
                    if depth == 0 {
                        return true;
                    }
                }
                "raw" if self.verbatim("endraw").is_none() => return false,
                _ => {}
            }
        }
    }

    fn comment_tag(&mut self) -> Option<Tag<'s>> {
        loop {
            let at = self.opening(self.pos)?;
            self.trim = false;
            match self.delimited(at) {
                Token::Tag(tag) => return Some(tag),
                Token::Output { .. } => {}
                // A tag inside an output that is not closed belongs to it, and is passed over.
                _ if self.source[self.pos..self.end].starts_with("{%") => {
                    self.pos += self.source[self.pos..self.end].find("%}")? + 2;
                }
                _ => {}
            }
        }
    }
}
