//! What a dialect of Liquid consists of: its filters and tags, to which the host adds its own.

use std::collections::HashMap;
use std::sync::Arc;

use super::ast::{Block, Expr, Filtered, Snippet};
use super::context::Context;
use super::error::{Error, ErrorKind};
use super::limits::ParseLimits;
use super::markup::Markup;
use super::value::Value;

/// What a filter may be given.
#[derive(Debug, Clone, Copy, Default)]
pub struct Arity {
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) named: &'static [&'static str],
    pub(super) expression: Option<usize>,
}

impl Arity {
    /// From `least` to `most` arguments by position.
    pub const fn of(least: usize, most: usize) -> Arity {
        Arity { least, most, named: &[], expression: None }
    }

    /// Allows arguments by name as well.
    pub const fn named(mut self, names: &'static [&'static str]) -> Arity {
        self.named = names;
        self
    }

    /// The argument at this place is an expression or a condition, written as a string in the template.
    ///
    /// It is parsed with the template, so that its errors come early and have a place; see [`Args::evaluate`].
    pub const fn expression(mut self, index: usize) -> Arity {
        self.expression = Some(index);
        self
    }
}

/// The arguments of one call of a filter, already evaluated.
pub struct Args<'a, 'x> {
    pub(super) values: &'x [Value<'a>],
    pub(super) named: &'x [(&'a str, Value<'a>)],
    pub(super) snippet: Option<&'a Snippet>,
}

impl<'a> Args<'a, '_> {
    /// The argument at a place, or nothing if it was not given.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&Value<'a>> {
        self.values.get(index)
    }

    /// The argument of a name, or nothing if it was not given.
    pub fn named(&self, name: &str) -> Option<&Value<'a>> {
        self.named.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// How many arguments were given by position.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether none was given by position.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Evaluates the argument that is an expression (see [`Arity::expression`]) with one more variable in scope.
    ///
    /// A condition gives a boolean.
    pub fn evaluate(&self, cx: &mut Context<'a>, name: &str, value: Value<'a>) -> Result<Value<'a>, Error> {
        let Some(snippet) = self.snippet else {
            return Err(Error::value("this filter has no expression to evaluate"));
        };
        cx.with_variable(name, value, |cx| cx.snippet(snippet))
    }
}

/// A filter: `{{ input | name: arguments }}`.
///
/// Every function of the right shape is one.
pub trait Filter: Send + Sync {
    /// Makes a new value of the input.
    fn apply<'a>(
        &self,
        cx: &mut Context<'a>,
        input: Value<'a>,
        args: &Args<'a, '_>,
    ) -> Result<Value<'a>, Error>;
}

impl<F> Filter for F
where
    F: for<'a> Fn(&mut Context<'a>, Value<'a>, &Args<'a, '_>) -> Result<Value<'a>, Error> + Send + Sync,
{
    fn apply<'a>(
        &self,
        cx: &mut Context<'a>,
        input: Value<'a>,
        args: &Args<'a, '_>,
    ) -> Result<Value<'a>, Error> {
        self(cx, input, args)
    }
}

/// A tag of the host.
pub trait Tag: Send + Sync {
    /// The tag that closes its block, if it has one.
    fn end(&self) -> Option<&'static str> {
        None
    }
    /// Reads what stands in the tag; `body` is there if the tag has a block.
    fn parse(&self, markup: &mut TagMarkup<'_, '_, '_>, body: Option<Body>) -> Result<Box<dyn Run>, Error>;
}

/// A parsed tag of the host, shared by all threads.
pub trait Run: Send + Sync {
    /// Runs it.
    fn run<'a>(&'a self, cx: &mut Context<'a>) -> Result<(), Error>;
}

/// What stands in a tag of the host, to be read from left to right.
pub struct TagMarkup<'s, 'l, 'm>(pub(super) &'m mut Markup<'s, 'l>);

impl<'s> TagMarkup<'s, '_, '_> {
    /// An expression without filters.
    pub fn expression(&mut self) -> Result<Expression, Error> {
        let at = self.0.at() as u32;
        Ok(Expression(Filtered { base: self.0.expression()?, calls: Box::default(), at }))
    }

    /// An expression with filters, up to the end of the tag.
    pub fn filtered(&mut self) -> Result<Expression, Error> {
        self.0.filtered().map(Expression)
    }

    /// A bare name, if one comes next.
    pub fn ident(&mut self) -> Option<&'s str> {
        self.0.ident()
    }

    /// A comma, if one comes next.
    pub fn comma(&mut self) -> bool {
        self.0.comma()
    }

    /// Parameters `key: value`, up to the end of the tag.
    pub fn arguments(&mut self) -> Result<Vec<(Box<str>, Expression)>, Error> {
        let at = self.0.at() as u32;
        let wrap = |base: Expr| Expression(Filtered { base, calls: Box::default(), at });
        Ok(self.0.arguments()?.into_iter().map(|(name, e)| (name.text, wrap(e))).collect())
    }

    /// What is left of the tag as it is written.
    pub fn rest(&self) -> &'s str {
        self.0.rest()
    }

    /// Refuses anything that is left.
    pub fn expect_end(&mut self) -> Result<(), Error> {
        self.0.expect_end()
    }

    /// An error at this place.
    pub fn error(&self, message: impl Into<String>) -> Error {
        self.0.error(self.0.at(), message)
    }
}

/// An expression in a tag of the host; see [`Context::evaluate`].
pub struct Expression(pub(super) Filtered);

impl Expression {
    /// Whether it stands in the template itself, and not in the data.
    pub fn is_literal(&self) -> bool {
        matches!(self.0.base, Expr::Literal(_)) && self.0.calls.is_empty()
    }

    /// Where it stands, for [`Context::warn`].
    pub fn at(&self) -> u32 {
        self.0.at
    }
}

/// The block of a tag of the host; see [`Context::body`].
pub struct Body(pub(super) Block);

pub(super) struct FilterSpec {
    pub(super) filter: Arc<dyn Filter>,
    pub(super) arity: Arity,
    pub(super) escapes: bool,
}

/// Which filters and tags there are, and how templates are read.
pub struct Language {
    pub(super) filters: HashMap<Box<str>, FilterSpec>,
    pub(super) tags: HashMap<Box<str>, Arc<dyn Tag>>,
    pub(super) limits: ParseLimits,
    pub(super) jekyll_include: bool,
    pub(super) strict_syntax: bool,
}

impl Default for Language {
    fn default() -> Self {
        Language::standard()
    }
}

impl Language {
    /// Liquid as Shopify has it: all standard tags and filters.
    pub fn standard() -> Language {
        let mut language = Language {
            filters: HashMap::new(),
            tags: HashMap::new(),
            limits: ParseLimits::default(),
            jekyll_include: false,
            strict_syntax: false,
        };
        super::filters::register(&mut language);
        language
    }

    /// Adds a filter, or replaces the one of this name.
    pub fn filter(&mut self, name: &str, arity: Arity, filter: impl Filter + 'static) -> &mut Self {
        self.filters.insert(name.into(), FilterSpec { filter: Arc::new(filter), arity, escapes: false });
        self
    }

    /// Adds a tag. The standard tags cannot be replaced.
    pub fn tag(&mut self, name: &str, tag: impl Tag + 'static) -> &mut Self {
        self.tags.insert(name.into(), Arc::new(tag));
        self
    }

    /// Whether `{% include file.html key=value %}` is understood as Jekyll has it.
    pub fn jekyll_include(&mut self, on: bool) -> &mut Self {
        self.jekyll_include = on;
        self
    }

    /// Whether what Liquid forgives for the sake of old templates is an error: so far, words in `when` that
    /// belong to nothing.
    pub fn strict_syntax(&mut self, on: bool) -> &mut Self {
        self.strict_syntax = on;
        self
    }

    /// Sets the limits of a parse.
    pub fn limits(&mut self, limits: ParseLimits) -> &mut Self {
        self.limits = limits;
        self
    }

    /// The names of all filters, in alphabetical order.
    pub fn filter_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.filters.keys().map(|k| &**k).collect();
        names.sort_unstable();
        names
    }

    /// The names of all tags that begin something, in alphabetical order.
    pub fn tag_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            super::parse::TAGS.iter().copied().chain(self.tags.keys().map(|k| &**k)).collect();
        names.sort_unstable();
        names
    }

    /// A filter that was registered, applied from outside a template: for filters that build on others.
    pub fn call<'a>(
        &self,
        name: &str,
        cx: &mut Context<'a>,
        input: Value<'a>,
        args: &[Value<'a>],
    ) -> Result<Value<'a>, Error> {
        match self.filters.get(name) {
            Some(spec) => spec.filter.apply(cx, input, &Args { values: args, named: &[], snippet: None }),
            None => Err(Error::new(ErrorKind::Undefined, format!("there is no filter \"{name}\""))),
        }
    }
}
