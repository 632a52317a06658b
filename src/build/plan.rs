//! Which files have to be made, each with the reason, and which stay.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;

use jiff::Timestamp;

use super::before::{Before, Seen};
use super::large;
use super::reads::{self, Look};
use super::reason::Reason;
use super::run::{Asset, Bytes, Request};
use super::stamp::Stamp;
use super::trace::{Row, Shape, Trace};
use super::twins::{self, Twin, Wanted};

use crate::assets::without_metadata;
use crate::base::digest::{Digest, Fingerprint};
use crate::base::files;
use crate::error::Result;
use crate::site::{Body, Family, Page, PageRef, Rank};
use crate::theme;

/// What a build has to make, and what stays.
#[derive(Default)]
pub(super) struct Plan<'a> {
    /// Files to make.
    pub(super) work: Vec<Work<'a>>,
    /// Files that stay, in the order of their paths.
    pub(super) kept: Vec<Kept>,
    /// Whether a kept file has to be remembered otherwise than before.
    pub(super) is_news: bool,
    /// Files of the last build that nobody wants any more.
    pub(super) gone: Vec<String>,
    /// Whether there are files that the last build, as far as is known, did not leave.
    pub(super) has_new: bool,
}

/// A file that stays.
pub(super) struct Kept {
    /// Its place among the traces of the last build.
    pub(super) at: usize,
    /// What is to be remembered of it otherwise than before; mostly nothing.
    pub(super) renewed: Option<Box<Renewed>>,
}

/// What may be new about a file that stays.
pub(super) struct Renewed {
    inputs: u64,
    stamp: Stamp,
    twins: Box<[Twin]>,
}

impl Renewed {
    /// A trace with what is new about it.
    pub(super) fn put(self, trace: &mut Trace) {
        let Self { inputs, stamp, twins } = self;
        (trace.inputs, trace.stamp, trace.twins) = (inputs, stamp, twins);
    }
}

/// One file to make.
pub(super) struct Work<'a> {
    pub(super) what: What<'a>,
    pub(super) reason: Reason,
    /// Whether nothing stands at the address and nothing leads to it.
    pub(super) fresh: bool,
    /// The hash of what stands there.
    pub(super) present: Option<Digest>,
}

/// A page or an asset.
#[derive(Clone, Copy)]
pub(super) enum What<'a> {
    Page(&'a Page),
    /// A page that is not made yet, by its place in the family.
    Member(&'a Family, usize),
    Asset(&'a Asset),
}

impl<'a> Work<'a> {
    pub(super) fn path(&self) -> &'a str {
        self.what.path()
    }

    /// Whether it is written where it belongs before all the others are there.
    pub(super) fn is_placed(&self) -> bool {
        self.fresh && self.rank() == Rank::Leaf
    }

    pub(super) fn rank(&self) -> Rank {
        match self.what {
            What::Page(page) => page.rank,
            What::Member(..) | What::Asset(_) => Rank::Leaf,
        }
    }
}

impl<'a> What<'a> {
    pub(super) fn path(self) -> &'a str {
        match self {
            What::Page(page) => page.route.path(),
            What::Member(family, at) => family.path(at),
            What::Asset(asset) => asset.route.path(),
        }
    }

    /// The page, if it is one.
    pub(super) fn page(self) -> Option<PageRef<'a>> {
        match self {
            What::Page(page) => Some(PageRef::There(page)),
            What::Member(family, at) => Some(family.page(at).into()),
            What::Asset(_) => None,
        }
    }

    /// Whether templates make it, and in which language.
    fn templates(self) -> Option<usize> {
        match self {
            What::Page(page) => matches!(page.body, Body::Layout { .. }).then_some(page.language),
            What::Member(family, at) => family.has_template(at).then_some(0),
            What::Asset(_) => None,
        }
    }

    /// The quick hash of what the file is made from.
    pub(super) fn inputs(self) -> Result<u64> {
        match self {
            What::Page(page) => Ok(page.inputs),
            What::Member(family, at) => Ok(family.inputs(at)),
            What::Asset(asset) => asset.bytes.inputs(),
        }
    }
}

impl Bytes {
    /// The bytes.
    pub fn load(&self) -> Result<Cow<'_, [u8]>> {
        match self {
            Self::File(path) => files::read(path).map(|bytes| Cow::Owned(without_metadata(path, bytes))),
            Self::Here(bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }

    fn inputs(&self) -> Result<u64> {
        if let Some(file) = self.large() {
            return large::inputs(file);
        }
        Ok(Fingerprint::new(15).bytes(&self.load()?).get())
    }
}

/// Hands over what the theme needs to render a page; nothing for one that needs no theme.
pub(super) fn with_request<T>(
    now: Timestamp,
    page: &Page,
    run: impl FnOnce(&theme::Request<'_>) -> T,
) -> Option<T> {
    let Body::Layout { layouts, view, content } = &page.body else { return None };
    let layouts: Vec<&str> = layouts.iter().map(|layout| &**layout).collect();
    Some(run(&theme::Request {
        layouts: &layouts,
        view: &view.map(),
        content: content.as_ref(),
        language: page.language,
        now,
        name: page.route.path(),
    }))
}

impl<'a> Plan<'a> {
    /// Compares everything that must be there with what the last build left. Both are in the order of their paths, so
    /// this is one walk along the two; a page whose inputs are what they were costs a comparison of two numbers.
    pub(super) fn new(request: &'a Request<'_>, before: &Before) -> Result<Self> {
        let mut judge = Judge::new(request, before);
        let mut plan = Self { kept: Vec::with_capacity(before.traces.files.len()), ..Self::default() };
        let mut known = before.traces.files.iter().enumerate().peekable();
        let mut members = Members(&request.site.family, 0);
        let others = single(request).into_iter().map(Some).chain([None]);
        let wanted = others.flat_map(|other| {
            let before = members.before(other.map(What::path));
            let (family, range) = (members.0, before);
            range.map(move |at| What::Member(family, at)).chain(other)
        });
        for what in wanted {
            let path = what.path();
            let mut old = None;
            while let Some((at, (known_path, trace))) = known.peek() {
                match (**known_path).cmp(path) {
                    Ordering::Less => plan.goes(known_path, trace),
                    Ordering::Equal => old = Some((*at, trace)),
                    Ordering::Greater => break,
                }
                known.next();
                if old.is_some() {
                    break;
                }
            }
            plan.has_new |= old.is_none();
            match judge.judge(what, old)? {
                Ok(kept) => {
                    plan.is_news |= kept.renewed.is_some();
                    plan.kept.push(kept);
                }
                Err(reason) => plan.work.push(work(request, before, what, reason, old.is_none())),
            }
        }
        known.for_each(|(_, (old, trace))| plan.goes(old, trace));
        Ok(plan)
    }
}

impl Plan<'_> {
    /// The traces of the files that stay, as they were.
    pub(super) fn standing<'b>(&self, before: &'b Before) -> impl Iterator<Item = (&'b str, &'b Trace)> {
        let file = |kept: &Kept| before.traces.files.get(kept.at).map(|(path, trace)| (&**path, trace));
        self.kept.iter().filter_map(file)
    }

    /// The twins of a file, if it is one that stays.
    pub(super) fn twins_of<'p>(&'p self, before: &'p Before, path: &str) -> Option<&'p [Twin]> {
        let at = before.traces.files.binary_search_by(|(known, _)| (**known).cmp(path)).ok()?;
        let kept = &self.kept[self.kept.binary_search_by_key(&at, |kept| kept.at).ok()?];
        let known = || before.traces.files.get(at).map(|(_, trace)| &*trace.twins);
        kept.renewed.as_ref().map(|renewed| &*renewed.twins).or_else(known)
    }

    /// A file of the last build that nobody wants any more, with its twins.
    fn goes(&mut self, path: &str, trace: &Trace) {
        self.gone.push(path.to_owned());
        self.gone.extend(twins::names(path, trace));
    }
}

/// The members of a family from a place on.
struct Members<'a>(&'a Family, usize);

impl Members<'_> {
    /// The places of those that come before a path, or of all that are left.
    fn before(&mut self, path: Option<&str>) -> Range<usize> {
        let Self(family, from) = *self;
        let is_before = |at: &usize| path.is_none_or(|path| family.path(*at) < path);
        self.1 = match path {
            None => family.len(),
            Some(_) => from + (from..family.len()).take_while(is_before).count(),
        };
        from..self.1
    }
}

/// Pages and assets in the order of their paths, without those of the family. Pages, of which there may be thousands, come in
/// their order.
fn single<'a>(request: &'a Request<'_>) -> Vec<What<'a>> {
    let mut assets: Vec<What<'a>> = request.assets.iter().map(What::Asset).collect();
    assets.sort_by(|a, b| a.path().cmp(b.path()));
    let mut wanted = Vec::with_capacity(request.site.pages.len() + assets.len());
    let mut pages = request.site.pages.as_slice();
    for asset in assets {
        let before = pages.partition_point(|page| page.route.path() < asset.path());
        let (head, rest) = pages.split_at(before);
        wanted.extend(head.iter().map(What::Page));
        wanted.push(asset);
        pages = rest;
    }
    wanted.extend(pages.iter().map(What::Page));
    wanted
}

fn work<'a>(
    request: &Request<'_>,
    before: &Before,
    what: What<'a>,
    reason: Reason,
    is_new: bool,
) -> Work<'a> {
    let is_absent = before.is_blank || std::fs::symlink_metadata(request.output.join(what.path())).is_err();
    let present = if is_absent { None } else { before.digest_on_disk(request, what.path()) };
    // A page that somebody deleted by hand is still linked to: only a new one may be seen half written.
    let fresh = is_absent && is_new && before.is_new(what.path());
    Work { what, reason, fresh, present }
}

/// Decides file by file.
pub(super) struct Judge<'a, 'b> {
    request: &'a Request<'a>,
    before: &'b Before,
    pub(super) look: Look<'a>,
    twins: Wanted<'a>,
    is_same_program: bool,
    has_same_globals: bool,
    /// What each shape's shared reads say: nothing, or the reason for all its pages.
    /// Pages of several languages may have read alike, but what they read is not the same thing.
    shapes: HashMap<(u32, usize), Option<Reason>>,
    /// What each asset that pages asked for says: nothing, or the reason for all of them.
    assets: HashMap<u32, Option<Reason>>,
    /// What shared reads give now in each language; many shapes have the same ones.
    seen: HashMap<(usize, u8, Box<str>, Box<str>), u64>,
}

impl<'a, 'b> Judge<'a, 'b> {
    pub(super) fn new(request: &'a Request<'a>, before: &'b Before) -> Self {
        Self {
            request,
            before,
            look: Look::new(request.theme, request.site),
            twins: Wanted::new(request),
            is_same_program: before.traces.salt == Some(request.salt),
            has_same_globals: before.traces.globals == request.globals(),
            shapes: HashMap::new(),
            assets: HashMap::new(),
            seen: HashMap::new(),
        }
    }

    /// What is to be remembered of a file that may stay, or the reason why it has to be made.
    pub(super) fn judge(
        &mut self,
        what: What<'_>,
        old: Option<(usize, &Trace)>,
    ) -> Result<Result<Kept, Reason>> {
        let Some((at, trace)) = old else {
            return Ok(Err(if self.before.is_sure || self.before.traces.files.is_empty() {
                Reason::New
            } else {
                Reason::Unknown
            }));
        };
        if !self.before.is_sure {
            return Ok(Err(Reason::Unknown));
        }
        if !self.is_same_program {
            return Ok(Err(Reason::Program));
        }
        let inputs = what.inputs()?;
        let reason = match what {
            What::Asset(_) => (trace.inputs != inputs).then_some(Reason::Asset),
            What::Page(_) | What::Member(..) => self.page(what, inputs, trace),
        };
        if let Some(reason) = reason {
            return Ok(Err(reason));
        }
        Ok(match self.before.seen(at) {
            None => Err(Reason::Missing),
            Some(Seen { stamp, digest, .. }) => match self.twins.present(self.request, what.path(), trace) {
                None => Err(Reason::Twins),
                Some(twins) if digest == Some(trace.digest) => {
                    let is_same = inputs == trace.inputs && stamp == trace.stamp && twins == trace.twins;
                    let renewed = || Box::new(Renewed { inputs, stamp, twins });
                    Ok(Kept { at, renewed: (!is_same).then(renewed) })
                }
                Some(_) => Err(Reason::Edited),
            },
        })
    }

    fn page(&mut self, what: What<'_>, inputs: u64, trace: &Trace) -> Option<Reason> {
        let now = self.request.now.as_second();
        if now < trace.since || trace.until <= now {
            return Some(Reason::Clock);
        }
        let before = self.before;
        let Some(shape) = before.traces.shapes.get(trace.shape as usize) else {
            return Some(Reason::Unknown);
        };
        // Only what no template made has read nothing: a redirect may have stood here, or a file.
        let had_template = !shape.is_empty();
        let Some(language) = what.templates() else {
            return (had_template || trace.inputs != inputs).then_some(Reason::Data);
        };
        if !had_template {
            return Some(Reason::Data);
        }
        if let Some(reason) = trace.assets.iter().find_map(|number| self.asset(*number)) {
            return Some(reason);
        }
        let key = (trace.shape, language);
        if !self.shapes.contains_key(&key) {
            let reason = self.shape(shape, language);
            self.shapes.insert(key, reason);
        }
        if let Some(Some(reason)) = self.shapes.get(&key) {
            return Some(reason.clone());
        }
        if trace.inputs == inputs {
            return None;
        }
        let page = what.page()?;
        let changed = with_request(self.request.now, &page, |rendering| {
            self.look.changed(shape, trace, &page, rendering)
        });
        let (row, before, after) = changed.flatten()?;
        Some(reason(row, page.record.as_deref(), before, after))
    }

    /// Why whoever asked for this asset has to be made anew, if so.
    fn asset(&mut self, number: u32) -> Option<Reason> {
        if let Some(known) = self.assets.get(&number) {
            return known.clone();
        }
        let reason = match self.before.traces.assets.get(number as usize) {
            None => Some(Reason::Unknown),
            Some((name, before)) => {
                let after = self.request.theme.assets().mark(name);
                let what = || format!("the asset {name}");
                (after != *before).then(|| Reason::Read { what: what(), before: *before, after })
            }
        };
        self.assets.entry(number).or_insert(reason).clone()
    }

    /// The first shared read of a shape that gives something else now. Templates are always looked at; the site's values
    /// only if something in them has changed at all.
    fn shape(&mut self, shape: &Shape, language: usize) -> Option<Reason> {
        for row in shape {
            let Some(before) = row.shared else { continue };
            if reads::template(row).is_none() && self.has_same_globals {
                continue;
            }
            let key = (language, row.kind, row.path.clone(), row.column.clone());
            let look = &self.look;
            let after = *self.seen.entry(key).or_insert_with(|| look.shared(row, language));
            if after != before {
                return Some(reason(row, None, before, after));
            }
        }
        None
    }
}

fn reason(row: &Row, record: Option<&str>, before: u64, after: u64) -> Reason {
    match reads::template(row) {
        Some(name) => Reason::Template { name: name.to_owned(), before, after },
        None => Reason::Read { what: reads::describe(row, record), before, after },
    }
}
