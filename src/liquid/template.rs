//! A parsed template, what it is rendered with, and what comes out.

use std::sync::Arc;
use std::time::Duration;

use super::ast::Block;
use super::context::Context;
use super::error::{Error, Frame};
use super::language::Language;
use super::limits::Limits;
use super::markup::Source;
use super::reads::Reads;
use super::time::Time;
use super::value::{NoData, Object, Value};

/// A parsed template. One serves any number of renders, on all threads at once.
pub struct Template {
    pub(super) name: Arc<str>,
    pub(super) source: Box<str>,
    pub(super) root: Block,
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Template").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Template {
    /// Parses a template; `name` is what errors call it. All errors that can be found are given at once.
    pub fn parse(name: &str, source: &str, language: &Language) -> Result<Template, Vec<Error>> {
        let name: Arc<str> = name.into();
        let root = super::parse::parse(Source { name: name.clone(), text: source }, language)?;
        Ok(Template { name, source: source.into(), root })
    }

    /// The name that errors call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text it was parsed from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Renders it.
    pub fn render<'a>(&'a self, scene: Scene<'a>) -> Result<Rendered, Error> {
        Context::new(self, scene, None).run().0
    }

    /// Renders it and records what it reads; `reads` may come from another render over the same data.
    pub fn render_recorded<'a>(&'a self, scene: Scene<'a>, reads: &mut Reads<'a>) -> Result<Rendered, Error> {
        let taken = std::mem::take(reads);
        let (result, given) = Context::new(self, scene, Some(taken)).run();
        *reads = given.unwrap_or_default();
        result
    }
}

/// What a render gives.
#[derive(Debug, Clone, Default)]
pub struct Rendered {
    /// The output.
    pub text: String,
    /// What looked wrong but was let pass, such as undefined names.
    pub warnings: Vec<Error>,
}

/// All that a template can reach while it runs.
#[derive(Clone)]
pub struct Scene<'a> {
    /// The data: what names mean that the template has not set itself.
    pub globals: &'a dyn Object,
    /// Variables on top of the data, such as the `content` of a layout. What they hold is not recorded as read.
    pub variables: Vec<(&'a str, Value<'a>)>,
    /// Where partials come from.
    pub partials: &'a dyn Partials,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// How to render.
    pub options: Options,
    /// How the render came about, the innermost first: `layout of page`. Errors tell it.
    pub chain: Vec<Frame>,
    /// Which of the host's languages the page is in: its filters ask for it. It is no read, so the host has to know.
    pub locale: usize,
}

impl<'a> Scene<'a> {
    /// A scene with nothing but data.
    pub fn new(globals: &'a dyn Object) -> Scene<'a> {
        Scene {
            globals,
            variables: Vec::new(),
            partials: &(),
            clock: &(),
            options: Options::default(),
            chain: Vec::new(),
            locale: 0,
        }
    }
}

impl Default for Scene<'_> {
    fn default() -> Self {
        Scene::new(&NoData)
    }
}

/// How to render.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether text is escaped for HTML as it is written, unless it is marked as safe.
    pub autoescape: bool,
    /// Whether an undefined name is an error instead of a warning.
    pub strict: bool,
    /// Whether templates called by `render` see the data, as Shopify's see its global objects.
    pub render_sees_globals: bool,
    /// The limits of the render.
    pub limits: Limits,
}

/// Where partials come from.
pub trait Partials {
    /// Looks for a partial.
    fn find<'p>(&'p self, name: &str) -> Found<'p>;

    /// The names of all partials, for "did you mean".
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Partials for () {
    fn find<'p>(&'p self, _: &str) -> Found<'p> {
        Found::default()
    }
}

/// What was found under a partial's name.
#[derive(Default)]
pub struct Found<'p> {
    /// The template, if there is one that can be parsed.
    pub template: Option<&'p Template>,
    /// What is wrong with the one there is.
    pub errors: Option<&'p [Error]>,
    /// Where it was found, in words that name the place for good (`theme/partials/card.html`).
    pub place: Option<String>,
    /// Places that come first and did not have it: a file that appears there changes the answer.
    pub missing: Vec<String>,
}

/// The time that templates see. The engine never asks the system for it.
pub trait Clock {
    /// The time of the build, in its zone.
    fn now(&self) -> Time;

    /// How long ago the render began, for the limit on time; a clock that stands still sets none.
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    /// Seconds by which the site's zone is ahead of UTC, for times that name no zone.
    fn offset_at(&self, _seconds: i64) -> i32 {
        self.now().offset()
    }
}

/// The clock of a render that has none: the beginning of 1970.
impl Clock for () {
    fn now(&self) -> Time {
        Time::new(0, 0, 0)
    }
}
