//! The parser of blocks: text, outputs and tags, to a tree. Errors are collected, not thrown one by one.

use super::ast::{Block, Custom, Node};
use super::error::{Error, did_you_mean};
use super::language::{Body, Language, TagMarkup};
use super::markup::{Markup, Source};
use super::tags;
use super::tokens::{Tag, Token, Tokens};

/// The standard tags that begin something.
pub(super) const TAGS: [&str; 21] = [
    "#",
    "assign",
    "break",
    "capture",
    "case",
    "comment",
    "continue",
    "cycle",
    "decrement",
    "doc",
    "echo",
    "for",
    "if",
    "ifchanged",
    "include",
    "increment",
    "liquid",
    "raw",
    "render",
    "tablerow",
    "unless",
];

/// The tags that go on with or end a block.
const INNER: [&str; 14] = [
    "else",
    "elsif",
    "when",
    "endif",
    "endunless",
    "endcase",
    "endfor",
    "endtablerow",
    "endcapture",
    "endifchanged",
    "endcomment",
    "endraw",
    "enddoc",
    "end",
];

pub(super) struct Parser<'s> {
    pub(super) source: Source<'s>,
    pub(super) language: &'s Language,
    tokens: Tokens<'s>,
    errors: Vec<Error>,
    /// Which tags end the blocks that are open, from the outside in.
    open: Vec<&'static [&'static str]>,
    depth: u16,
    /// Block tags that were not known: their ends are not worth a second error.
    unknown: Vec<&'s str>,
    /// Set when going on makes no sense.
    stopped: bool,
}

pub(super) fn parse(source: Source<'_>, language: &Language) -> Result<Block, Vec<Error>> {
    let text = source.text;
    let most = language.limits.bytes.min(u32::MAX as usize);
    if text.len() > most {
        return Err(vec![source.limit(0, format!("the template has {} bytes; at most {most}", text.len()))]);
    }
    let mut parser = Parser {
        tokens: Tokens::new(text),
        language,
        source,
        errors: Vec::new(),
        open: Vec::new(),
        depth: 0,
        unknown: Vec::new(),
        stopped: false,
    };
    let mut block = Block::default();
    parser.run(&mut block, &[]);
    if parser.errors.is_empty() { Ok(block) } else { Err(parser.errors) }
}

impl<'s> Parser<'s> {
    pub(super) fn report(&mut self, error: Error) {
        if self.errors.len() < self.language.limits.errors {
            self.errors.push(error);
        } else {
            self.stopped = true;
        }
    }

    /// Notes an error and goes on with something in its place.
    pub(super) fn recover<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        result.map_err(|e| self.report(e)).ok()
    }

    /// What stands in a tag, as `read` understands it.
    pub(super) fn read<T>(
        &mut self,
        tag: Tag<'s>,
        read: impl FnOnce(&mut Markup<'s, '_>) -> Result<T, Error>,
    ) -> Option<T> {
        let source = self.source.clone();
        let mut markup = Markup::new(&source, self.language, tag.start, tag.end);
        let result = read(&mut markup);
        self.recover(result)
    }

    /// Parses a block up to one of its ends, which is given back.
    pub(super) fn block(&mut self, tag: Tag<'s>, ends: &'static [&'static str]) -> (Block, Option<Tag<'s>>) {
        let mut block = Block::default();
        self.depth += 1;
        let most = self.language.limits.nesting;
        if self.depth > most {
            // Said once: the rest would say it of every tag.
            self.report(self.source.limit(tag.at, format!("blocks nest deeper than {most}")));
            self.stopped = true;
            self.depth -= 1;
            return (block, None);
        }
        self.open.push(ends);
        let end = self.run(&mut block, ends);
        self.open.pop();
        self.depth -= 1;
        if end.is_none() && !self.stopped {
            let last = ends.last().copied().unwrap_or("end");
            let message = format!("\"{}\" is never closed", tag.name);
            let hint = Some(format!("it ends with {{% {last} %}}"));
            self.report(self.source.error(tag.at, message).with_hint(hint));
        }
        block.blank = block.nodes.iter().all(|n| self.is_blank(n));
        (block, end)
    }

    fn run(&mut self, block: &mut Block, ends: &'static [&'static str]) -> Option<Tag<'s>> {
        while !self.stopped {
            match self.tokens.next()? {
                Token::Text { start, end } => block.nodes.push(Node::Text(start as u32, end as u32)),
                Token::Output { start, end, at } => {
                    let tag = Tag { name: "", at, start, end };
                    if let Some(value) = self.read(tag, |m| m.filtered()) {
                        block.nodes.push(Node::Output(value));
                    }
                }
                Token::Broken { at, what } => {
                    let close = if what == "tag" { "%}" } else { "}}" };
                    self.report(
                        self.source.error(at, format!("this {what} is never closed with \"{close}\"")),
                    );
                }
                Token::Tag(tag) if ends.contains(&tag.name) => return Some(tag),
                Token::Tag(tag) => {
                    if self.open.iter().any(|ends| ends.contains(&tag.name)) {
                        // It belongs to a block further out; this one was not closed.
                        self.tokens.back_to(tag.at);
                        return None;
                    }
                    self.tag(tag, block);
                }
            }
        }
        None
    }

    fn tag(&mut self, tag: Tag<'s>, block: &mut Block) {
        match tag.name {
            "#" => self.inline_comment(tag),
            "comment" => {
                if !self.tokens.comment() {
                    self.unclosed(tag, "endcomment");
                }
            }
            "raw" => {
                self.read(tag, |m| m.expect_end());
                match self.tokens.verbatim("endraw") {
                    Some((start, end)) => block.nodes.push(Node::Text(start as u32, end as u32)),
                    None => self.unclosed(tag, "endraw"),
                }
            }
            "doc" => self.doc(tag),
            "liquid" => self.liquid(tag, block),
            _ => {
                if let Some(node) = self.standard(tag) {
                    block.nodes.extend(node);
                } else if let Some(custom) = self.language.tags.get(tag.name) {
                    let custom = custom.clone();
                    let body = custom.end().map(|end| Body(self.custom_body(tag, end)));
                    let run = self.read(tag, |m| custom.parse(&mut TagMarkup(m), body));
                    block
                        .nodes
                        .extend(run.map(|run| Node::Custom(Box::new(Custom { run, at: tag.at as u32 }))));
                } else {
                    self.unknown_tag(tag);
                }
            }
        }
    }

    /// A standard tag: `None` if it is none, an empty option if it had an error.
    fn standard(&mut self, tag: Tag<'s>) -> Option<Option<Node>> {
        Some(match tag.name {
            "assign" => tags::variables::assign(self, tag),
            "capture" => tags::variables::capture(self, tag),
            "increment" => tags::variables::counter(self, tag, false),
            "decrement" => tags::variables::counter(self, tag, true),
            "echo" => self.read(tag, |m| m.filtered()).map(Node::Output),
            "if" => tags::conditions::if_tag(self, tag, false),
            "unless" => tags::conditions::if_tag(self, tag, true),
            "case" => tags::conditions::case(self, tag),
            "ifchanged" => {
                let (body, _) = self.block(tag, &["endifchanged"]);
                Some(Node::IfChanged(Box::new(body)))
            }
            "for" => tags::loops::for_tag(self, tag),
            "tablerow" => tags::loops::tablerow(self, tag),
            "cycle" => tags::loops::cycle(self, tag),
            "break" => Some(Node::Break),
            "continue" => Some(Node::Continue),
            "include" => tags::partials::include(self, tag),
            "render" => tags::partials::render(self, tag),
            _ => return None,
        })
    }

    fn custom_body(&mut self, tag: Tag<'s>, end: &'static str) -> Block {
        // A host registers a handful of tags for the length of the program.
        let ends: &'static [&'static str] = match end {
            "" => &[],
            _ => Box::leak(Box::new([end])),
        };
        self.block(tag, ends).0
    }

    fn unclosed(&mut self, tag: Tag<'s>, end: &str) {
        let message = format!("\"{}\" is never closed", tag.name);
        self.report(
            self.source.error(tag.at, message).with_hint(Some(format!("it ends with {{% {end} %}}"))),
        );
        self.stopped = true;
    }

    fn unknown_tag(&mut self, tag: Tag<'s>) {
        let name = tag.name;
        if let Some(opened) = name.strip_prefix("end")
            && self.unknown.contains(&opened)
        {
            return;
        }
        let error = if name.is_empty() {
            self.source.error(tag.at, "a tag without a name")
        } else if INNER.contains(&name) {
            self.source.error(tag.at, format!("\"{name}\" without a tag that it belongs to"))
        } else {
            self.unknown.push(name);
            let names = self.language.tag_names();
            let hint = did_you_mean(name, names.into_iter().chain(INNER));
            self.source.error(tag.at, format!("there is no tag \"{name}\"")).with_hint(hint)
        };
        self.report(error);
    }

    fn inline_comment(&mut self, tag: Tag<'s>) {
        let text = &self.source.text[tag.start..tag.end];
        let mut at = tag.start;
        for (i, line) in text.split('\n').enumerate() {
            let trimmed = line.trim();
            if i > 0 && !trimmed.is_empty() && !trimmed.starts_with('#') {
                let message = "each line of an inline comment begins with \"#\"";
                self.report(self.source.error(at, message));
                return;
            }
            at += line.len() + 1;
        }
    }

    fn doc(&mut self, tag: Tag<'s>) {
        self.read(tag, |m| m.expect_end());
        match self.tokens.verbatim("enddoc") {
            Some((start, end)) => {
                let mut inner = Tokens::new(&self.source.text[..end]);
                inner.back_to(start);
                let text = &self.source.text[start..end];
                let nested = text.match_indices("{%").any(|(i, _)| {
                    let name = text[i + 2..].trim_start_matches('-').trim_start();
                    name.starts_with("doc")
                        && !name[3..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
                });
                if nested {
                    self.report(self.source.error(tag.at, "\"doc\" cannot be nested"));
                }
            }
            None => self.unclosed(tag, "enddoc"),
        }
    }

    /// The tags of a `liquid` tag go to the block around it; its blocks are closed inside.
    fn liquid(&mut self, tag: Tag<'s>, block: &mut Block) {
        self.depth += 1;
        if self.depth > self.language.limits.nesting {
            let most = self.language.limits.nesting;
            self.report(self.source.limit(tag.at, format!("blocks nest deeper than {most}")));
            self.stopped = true;
        } else {
            let lines = Tokens::lines(self.source.text, tag.start, tag.end);
            let tokens = std::mem::replace(&mut self.tokens, lines);
            let open = std::mem::take(&mut self.open);
            self.run(block, &[]);
            self.open = open;
            self.tokens = tokens;
        }
        self.depth -= 1;
    }

    pub(super) fn is_text_space(&self, node: &Node) -> bool {
        matches!(node, Node::Text(a, b)
            if self.source.text[*a as usize..*b as usize].bytes().all(super::tokens::is_space))
    }

    fn is_blank(&self, node: &Node) -> bool {
        match node {
            Node::Text(..) => self.is_text_space(node),
            Node::Assign(_) | Node::Capture(_) => true,
            Node::If(tag) => tag.branches.iter().all(|(_, b)| b.blank),
            Node::Case(tag) => tag.arms.iter().all(|a| a.body.blank),
            Node::For(tag) => tag.body.blank && tag.otherwise.as_ref().is_none_or(|b| b.blank),
            Node::TableRow(_) => false,
            Node::IfChanged(body) => body.blank,
            _ => false,
        }
    }

    /// Takes the white space out of blocks that hold nothing else, as Liquid does.
    pub(super) fn strip_blank<'b>(&self, blocks: impl IntoIterator<Item = &'b mut Block>) {
        for block in blocks {
            block.nodes.retain(|n| !self.is_text_space(n));
        }
    }
}
