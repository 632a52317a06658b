//! One page: its chain of layouts, and what they write and read.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::failure::Teller;
use super::places::{Template, Use};
use super::trace::{TemplateRead, Trace, Window};
use super::{Rendered, Request, Theme};
use crate::base::digest::Fingerprint;
use crate::base::minify;
use crate::error::{Error, Kind, Result};
use crate::liquid::{
    Clock, Found, Note, Options, Partials, Read, Reads, Scene, Seen, Time, Top, Treat, Value,
};
use crate::model::view::Map;

/// How many layouts may stand around one another.
const LONGEST_CHAIN: usize = 16;

impl Theme {
    /// Renders a page: the innermost layout over the page's content, then each layout around it.
    pub fn render(&self, request: &Request<'_>) -> Result<Rendered> {
        let (drawn, (rows, templates)) =
            self.render_telling(request, |told| (told.rows(), told.templates()))?;
        let Drawn { bytes, clock, assets, warnings } = drawn;
        Ok(Rendered { bytes, trace: Trace { rows, templates, clock, assets }, warnings })
    }

    /// The same for whoever may not need to know all that the page read: `tell` asks for what it wants to know.
    pub fn render_telling<T>(
        &self,
        request: &Request<'_>,
        tell: impl FnOnce(&Told<'_>) -> T,
    ) -> Result<(Drawn, T)> {
        let mut names = BTreeSet::new();
        let chain = self.chain(request, &mut names)?;
        if let Some(layout) = chain.iter().find(|layout| layout.is_internal) {
            let message = format!("{}: {} is for internal pages only", request.name, layout.file);
            return Err(Error::new(Kind::Privacy, message)
                .hint("this page is public: give it another layout, or take `audience` out of that one"));
        }
        self.draw(request, names, &chain, tell)
    }

    /// Renders a page that the house alone sees, by a layout for such pages.
    pub fn render_internal(&self, request: &Request<'_>) -> Result<Drawn> {
        let mut names = BTreeSet::new();
        let chain = self.chain(request, &mut names)?;
        self.draw(request, names, &chain, |_| ()).map(|(drawn, ())| drawn)
    }

    fn draw<T>(
        &self,
        request: &Request<'_>,
        mut names: BTreeSet<String>,
        chain: &[&Template],
        tell: impl FnOnce(&Told<'_>) -> T,
    ) -> Result<(Drawn, T)> {
        let matter = matter(chain);
        let globals = self.globals(request, &matter);
        let clock = BuildClock::new(request.now, &self.edition(request.language).settings.zone);
        let partials = Shelf(self);
        let mut reads = Reads::new();
        let mut html: Option<String> = None;
        let mut warnings = Vec::new();
        for (index, layout) in chain.iter().enumerate() {
            let teller = Teller { places: &self.places, page: request.name, chain: &chain[..=index] };
            let parsed = layout.parsed(&self.language).map_err(|errors| teller.unparsable(errors))?;
            let scene = Scene {
                // What an outer layout sees as `content` was made from reads that are already noted.
                variables: html.take().map(|html| ("content", Value::html(html))).into_iter().collect(),
                partials: &partials,
                clock: &clock,
                options: Options {
                    autoescape: layout.autoescape,
                    strict: self.manner.strict,
                    render_sees_globals: true,
                    ..Options::default()
                },
                locale: request.language,
                ..Scene::new(&globals)
            };
            let rendered =
                parsed.render_recorded(scene, &mut reads).map_err(|error| teller.failed(&error))?;
            warnings.extend(rendered.warnings.iter().map(|warning| teller.warning(warning)));
            html = Some(rendered.text);
        }
        let seen = reads.settle();
        names.extend(seen.partials().iter().map(|partial| Use::Partial.key(&partial.name)));
        let told = tell(&Told { theme: self, seen: &seen, names: &names });
        let clock = seen.clock().map(|until| Window {
            from: request.now,
            until: Timestamp::from_second(until).unwrap_or(request.now),
        });
        let bytes = html.unwrap_or_default().into_bytes();
        let bytes =
            if self.manner.minify && request.name.ends_with(".html") { minify::html(&bytes) } else { bytes };
        Ok((Drawn { bytes, clock, assets: seen.into_notes(), warnings }, told))
    }

    /// The layouts around a page, innermost first.
    fn chain(&self, request: &Request<'_>, names: &mut BTreeSet<String>) -> Result<Vec<&Template>> {
        let mut look_up = |name: &str| {
            names.insert(Use::Layout.key(name));
            self.places.get(Use::Layout, name)
        };
        let Some(first) = request.layouts.iter().find_map(|name| look_up(name)) else {
            let names: Vec<_> = request.layouts.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("{}: there is no layout {}", request.name, names.join(" or "));
            let wanted = request.layouts.first().copied().unwrap_or_default();
            return Err(Error::new(Kind::Template, message)
                .maybe_hint(self.places.suggestion(Use::Layout, wanted))
                .hint("layouts stand in `templates/layouts/` or in the theme's `layouts/`"));
        };
        let mut chain = vec![first];
        let mut innermost = first;
        while let Some((parent, line)) = &innermost.parent {
            let Some(next) = look_up(parent) else {
                let message = format!("{}:{line}: there is no layout `{parent}`", innermost.file);
                let hint = self.places.suggestion(Use::Layout, parent);
                return Err(Error::new(Kind::Template, message).maybe_hint(hint));
            };
            if chain.iter().any(|layout| layout.file == next.file) || chain.len() == LONGEST_CHAIN {
                let files: Vec<&str> =
                    chain.iter().copied().chain([next]).map(|layout| &*layout.file).collect();
                let message = format!("the layouts go round in a circle: {}", files.join(" > "));
                return Err(Error::new(Kind::Template, message)
                    .hint(format!("take `layout: {parent}` out of {}", innermost.file)));
            }
            chain.push(next);
            innermost = next;
        }
        Ok(chain)
    }
}

/// A rendered page, without what it read of data and templates.
#[derive(Debug)]
pub struct Drawn {
    /// The file to be written.
    pub bytes: Vec<u8>,
    /// If the time was asked for: from when until when the answer holds.
    pub clock: Option<Window>,
    /// Assets that were asked for, each with the hash of what was found.
    pub assets: Vec<Note>,
    /// What a person should look at, although the page could be made.
    pub warnings: Vec<String>,
}

/// What a page that has just been rendered read.
pub struct Told<'a> {
    theme: &'a Theme,
    seen: &'a Seen<'a>,
    names: &'a BTreeSet<String>,
}

/// The front matter of the layouts. It comes from their files, which the trace has.
const MATTER: &str = "layout";

impl Told<'_> {
    /// Looks at the view, in words.
    pub fn rows(&self) -> Vec<Read> {
        let mut rows = self.seen.reads();
        let is_matter = |row: &Read| {
            row.path.strip_prefix(MATTER).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        rows.retain(|row| !is_matter(row));
        rows
    }

    /// Layouts and partials.
    pub fn templates(&self) -> Vec<TemplateRead> {
        self.names.iter().map(|name| self.theme.template(name)).collect()
    }

    /// A quick hash that is the same for pages that looked alike: for the same templates and at the same places, if what they
    /// saw at those that are `Shared` is the same. The hashes of their own looks come in the order of [`Told::rows`].
    pub fn digest(&self, treat: impl Fn(Top<'_>) -> Treat, hashes: &mut Vec<u64>) -> u64 {
        let treat = |top: Top<'_>| if top == Top::Name(MATTER) { Treat::Left } else { treat(top) };
        let looks = self.seen.digest(treat, hashes);
        self.names.iter().fold(Fingerprint::new(43).number(looks), |mark, name| mark.text(name)).get()
    }
}

/// The front matter of all layouts; what an inner one says covers what an outer one does.
fn matter(chain: &[&Template]) -> Map {
    match chain {
        [only] => only.matter.clone(),
        // Of two entries with one name the first is seen.
        _ => Map::new(chain.iter().flat_map(|layout| layout.matter.entries().iter().cloned()).collect()),
    }
}

/// The partials as the engine asks for them.
pub(super) struct Shelf<'a>(pub(super) &'a Theme);

impl Partials for Shelf<'_> {
    fn find<'p>(&'p self, name: &str) -> Found<'p> {
        let mut found = Found::default();
        match self.0.places.get(Use::Partial, name).map(|template| template.parsed(&self.0.language)) {
            Some(Ok(template)) => found.template = Some(template),
            Some(Err(errors)) => found.errors = Some(errors),
            None => {}
        }
        found
    }

    fn names(&self) -> Vec<String> {
        self.0.places.names(Use::Partial).map(str::to_owned).collect()
    }
}

/// The moment of the build in the site's zone.
pub(super) struct BuildClock<'a> {
    now: Timestamp,
    zone: &'a TimeZone,
    begin: Instant,
}

impl<'a> BuildClock<'a> {
    pub(super) fn new(now: Timestamp, zone: &'a TimeZone) -> Self {
        Self { now, zone, begin: Instant::now() }
    }
}

impl Clock for BuildClock<'_> {
    fn now(&self) -> Time {
        let nanos = u32::try_from(self.now.subsec_nanosecond()).unwrap_or(0);
        Time::new(self.now.as_second(), nanos, self.zone.to_offset(self.now).seconds())
    }

    fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }

    fn offset_at(&self, seconds: i64) -> i32 {
        Timestamp::from_second(seconds).map_or(0, |at| self.zone.to_offset(at).seconds())
    }
}
