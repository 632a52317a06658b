//! One build.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::before::Before;
use super::collisions;
use super::derived::{Derived, Numbers};
use super::failures::for_all;
use super::large;
use super::pages::Warnings;
use super::parts;
use super::plan::{Plan, What, Work, with_request};
use super::reads;
use super::reason::Reason;
use super::remember::{records, remember};
use super::stage::{self, Stage};
use super::stamp::Stamp;
use super::trace::{Shape, Shapes, Trace};
use super::twins::{self, Wanted};
use crate::base::digest::{Digest, Fingerprint};
use crate::base::files::{self, Reread};
use crate::base::gate::Gate;
use crate::base::leaving::let_go;
use crate::base::report::{Reporter, Stage as Step};
use crate::error::Result;
use crate::site::{Body, Make, Page, Route, Site};
use crate::theme::{Note, Theme};

/// What a build is made from and where it goes.
#[derive(Clone)]
pub struct Request<'a> {
    /// The pages.
    pub site: &'a Site,
    /// The files that are published as they are.
    pub assets: &'a [Asset],
    /// What was asked for of the theme's assets while the pages' own texts were made.
    pub asked: &'a [String],
    /// What renders the pages.
    pub theme: &'a Theme,
    /// The output folder.
    pub output: &'a Path,
    /// The state folder.
    pub state: &'a Path,
    /// Files for browsers that carry the time of the sync; they are kept up to date, but do not count as changes.
    pub volatile: Vec<(Route, Vec<u8>)>,
    /// When the source was last asked with success.
    pub last_synced_at: Option<Timestamp>,
    /// When the data last changed.
    pub data_changed_at: Option<Timestamp>,
    /// Whatever else decides what pages look like: program version, language, time zone.
    pub salt: Digest,
    /// Whether files that the program did not write are removed from the output.
    pub clean: bool,
    /// Whether text gets compressed twins.
    pub precompress: bool,
    /// Whether nothing is written: the report says what would be.
    pub dry_run: bool,
    /// The present moment.
    pub now: Timestamp,
    /// Asks the build to give way to a newer one.
    pub gate: &'a Gate,
    /// A file from which pages are made while they are rendered: nothing is published once it has changed.
    pub reread: Option<&'a Reread>,
    /// Who listens.
    pub reporter: &'a dyn Reporter,
}

impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("output", &self.output).finish_non_exhaustive()
    }
}

/// A file that is published as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Where it goes.
    pub route: Route,
    /// What is in it.
    pub bytes: Bytes,
}

/// The bytes of an asset, or where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bytes {
    /// A file on the disk.
    File(PathBuf),
    /// Bytes in the program.
    Here(Cow<'static, [u8]>),
}

/// What a build did.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Report {
    /// Files that were written.
    pub written: usize,
    /// Files that were left as they are.
    pub unchanged: usize,
    /// Files that were removed.
    pub removed: usize,
    /// Pages that were rendered, whether or not their bytes differed.
    pub rendered: usize,
    /// Why each of them was rendered, by path.
    pub reasons: Vec<(String, Reason)>,
    /// What templates had to say.
    pub warnings: Vec<String>,
    /// From which second since 1970 on all pages look as they do, and until which.
    #[serde(skip)]
    pub window: (i64, i64),
}

impl Request<'_> {
    /// A quick hash of everything that all pages see.
    pub(super) fn globals(&self) -> u64 {
        Fingerprint::new(17).number(self.site.globals()).number(self.theme.fingerprint()).get()
    }

    /// An error where what pages are made from is not there any more.
    fn check_reread(&self) -> Result<()> {
        self.reread.map_or(Ok(()), Reread::check)
    }

    /// A quick hash of what stands in the manifest besides files and records.
    pub(super) fn moment(&self) -> u64 {
        let time = |at: Option<Timestamp>| at.map_or(u64::MAX, |at| at.as_nanosecond() as u64);
        Fingerprint::new(18).number(time(self.last_synced_at)).number(time(self.data_changed_at)).get()
    }
}

/// What a build has found out before it writes the first file.
pub struct Prepared<'a> {
    before: Before,
    plan: Plan<'a>,
    stale: Vec<String>,
    derived: Derived,
}

impl std::fmt::Debug for Prepared<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").field("before", &self.before).finish_non_exhaustive()
    }
}

/// Builds. On an error the output is as it was before. `left` is what the last build left, if somebody has looked already.
pub fn run(request: &Request<'_>, left: Option<Before>) -> Result<Report> {
    complete(request, prepare(request, left)?)
}

/// Finds out what is to be made, and clears what a killed build left.
pub fn prepare<'a>(request: &'a Request<'_>, left: Option<Before>) -> Result<Prepared<'a>> {
    let before = Before::load(request, left)?;
    let mut plan = Plan::new(request, &before)?;
    // Files that all stood there together can do so again.
    if plan.has_new {
        collisions::check(request)?;
    }
    let stale = stale(request, &before, &mut plan)?;
    let mut derived = Derived::default();
    derived.ask(request, &before, asked_before(&before, &plan))?;
    derived.ask(request, &before, request.asked.iter().map(String::as_str))?;
    Ok(Prepared { before, plan, stale, derived })
}

/// Makes what is to be made and publishes it. On an error the output is as it was before.
pub fn complete(request: &Request<'_>, prepared: Prepared<'_>) -> Result<Report> {
    let Prepared { mut before, mut plan, mut stale, mut derived } = prepared;
    let mut report = Report {
        unchanged: plan.kept.len(),
        reasons: plan.work.iter().map(|work| (work.path().to_owned(), work.reason.clone())).collect(),
        ..Report::default()
    };
    if request.dry_run {
        report.written = would_differ(request, &before, &plan.work, &mut derived)?;
        report.unchanged += plan.work.len() - report.written + derived.kept.len();
        report.written += derived.due.len();
        report.removed = stale.iter().filter(|path| !derived.has(path)).count();
        return Ok(report);
    }
    files::create_folder(request.output)?;
    // What records look like hangs on nothing that is made, and files are waited for.
    let (made, records) = rayon::join(
        || match plan.work.is_empty() && derived.due.is_empty() {
            true => Ok(Made::default()),
            false => make(request, &before, &mut plan.work, &mut derived, &stale, &mut report),
        },
        || records(request, &before),
    );
    let made = made?;
    stale.retain(|path| !derived.keeps(path));
    let published: Vec<String> = derived.kept.keys().chain(derived.due.keys()).cloned().collect();
    report.removed = stale.iter().filter(|path| !derived.has(path)).count();
    report.unchanged += derived.kept.len();
    // What templates had to say of a page holds as long as the page stays.
    let mut warnings = Warnings::default();
    for (path, trace) in plan.standing(&before).chain(made.files.iter().map(|(path, trace)| (&**path, trace)))
    {
        trace.warnings.iter().for_each(|warning| warnings.add(warning, path));
    }
    report.warnings = warnings.finish();

    let volatile = publish_volatile(request)?;
    let is_news = plan.is_news
        || !derived.due.is_empty()
        || derived.kept.iter().any(|(path, trace)| before.trace(path) != Some(trace))
        || !plan.work.is_empty()
        || !plan.gone.is_empty()
        || !stale.is_empty();
    let is_same = before.is_sure
        && before.traces.salt == Some(request.salt)
        && before.traces.globals == request.globals()
        && before.traces.moment == request.moment();
    let known = plan.standing(&before).map(|(_, trace)| (trace.since, trace.until));
    report.window = known.fold((i64::MIN, i64::MAX), |(since, until), (s, u)| (since.max(s), until.min(u)));
    // What is remembered may have been read just now.
    request.check_reread()?;
    if is_news || !is_same || volatile {
        report.window = remember(request, &mut before, plan, derived, (made, records), &stale)?;
    }
    request.theme.assets().close(published.iter().map(String::as_str))?;
    if report.written > 0 || !before.journal.is_empty() {
        Stage::close(request.state)?;
    }
    let_go(before);
    Ok(report)
}

/// What pages that stay have asked for.
fn asked_before<'b>(before: &'b Before, plan: &Plan<'_>) -> Vec<&'b str> {
    let numbers: BTreeSet<u32> =
        plan.standing(before).flat_map(|(_, trace)| trace.assets.iter().copied()).collect();
    let name = |number: u32| before.traces.assets.get(number as usize).map(|(name, _)| &**name);
    numbers.into_iter().filter_map(name).collect()
}

/// How many pages would be written.
fn would_differ(
    request: &Request<'_>,
    before: &Before,
    work: &[Work<'_>],
    derived: &mut Derived,
) -> Result<usize> {
    let shapes = Mutex::new(Shapes::default());
    let differs = |work: &Work<'_>| {
        if let Some(source) = work.what.large() {
            return Ok((usize::from(work.present != files::digest(source)?), Vec::new()));
        }
        let made = render(request, &shapes, work, work.what.page().as_deref())?;
        Ok((usize::from(work.present != Some(Digest::of(&made.bytes))), made.assets))
    };
    let mut count = 0;
    for (differs, assets) in for_all(request, work, differs)? {
        count += differs;
        derived.ask(request, before, assets.iter().map(|note| note.key.as_str()))?;
    }
    Ok(count)
}

/// Files to be removed.
fn stale(request: &Request<'_>, before: &Before, plan: &mut Plan<'_>) -> Result<Vec<String>> {
    let volatile: HashSet<&str> = request.volatile.iter().map(|(route, _)| route.path()).collect();
    let planned: OnceCell<HashSet<&str>> = OnceCell::new();
    let is_planned = |path: &str| {
        let planned = planned.get_or_init(|| {
            request.site.paths().chain(request.assets.iter().map(|asset| asset.route.path())).collect()
        });
        volatile.contains(path) || planned.contains(path)
    };
    let mut stale = before.leftovers(request, std::mem::take(&mut plan.gone), &is_planned)?;
    stale.retain(|path| !twins::is_among(|path| plan.twins_of(before, path), path));
    Ok(stale)
}

/// What was made: the traces of the files and the shapes of the pages among them.
#[derive(Default)]
pub(super) struct Made {
    pub(super) files: Vec<(Box<str>, Trace)>,
    pub(super) shapes: Shapes,
    pub(super) assets: Numbers,
}

/// Renders what is stale and publishes what differs.
fn make(
    request: &Request<'_>,
    before: &Before,
    work: &mut [Work<'_>],
    derived: &mut Derived,
    stale: &[String],
    report: &mut Report,
) -> Result<Made> {
    let stale: BTreeSet<&str> = stale.iter().map(String::as_str).collect();
    let wanted = Wanted::new(request);
    let twins: Vec<String> = work.iter().flat_map(|work| wanted.possible(work.path())).collect();
    let paths = work.iter().map(Work::path).chain(twins.iter().map(String::as_str));
    let in_the_way = match before.is_blank {
        true => BTreeSet::new(),
        false => stage::check(request.output, paths, &stale)?,
    };
    for work in work.iter_mut().filter(|_| !in_the_way.is_empty()) {
        // Such a file waits with the others until the way is free.
        let path = work.path();
        work.fresh &= !path.match_indices('/').any(|(at, _)| in_the_way.contains(&path[..at]));
    }
    let work = &*work;
    let new = work.iter().filter(|work| work.is_placed()).map(Work::path);
    let new = new.chain(twins.iter().map(String::as_str)).collect();
    let stage = Stage::begin(request.output, request.state, new, &before.journal)?;
    request.reporter.begin(Step::Render, Some(work.len() as u64));
    let shapes = Mutex::new(Shapes::default());
    let made = for_all(request, work, |work| {
        let made = make_one(request, before, &wanted, &stage, &shapes, work);
        request.reporter.advance(1);
        made
    });
    let empty_shape = || shapes.lock().unwrap_or_else(PoisonError::into_inner).number(Shape::new());
    let all = made.and_then(|made| {
        let more = made_for(request, before, &made, derived, &stale, &stage, empty_shape())?;
        request.gate.check()?;
        request.check_reread().map(|()| (made, more))
    });
    let (made, made_for_them) = match all {
        Ok(all) => all,
        Err(error) => {
            stage.abandon();
            return Err(error);
        }
    };
    in_the_way.iter().try_for_each(|path| stage::make_way(request.output, path))?;
    report.written = stage.len();
    report.rendered = work.iter().filter(|work| !matches!(work.what, What::Asset(_))).count();
    request.reporter.begin(Step::Write, Some(report.written as u64));
    let renamed = stage.publish(&|| request.reporter.advance(1))?;
    let settle = |path: &str, stamp: &mut Stamp| {
        if renamed.contains(path) {
            *stamp = stage::settled(&request.output.join(path), *stamp);
        }
    };
    let settle_twins = |path: &str, trace: &mut Trace| {
        let all = trace.twins.iter_mut();
        all.for_each(|twin| settle(&twins::name(path, twin.coding), &mut twin.stamp));
    };
    let mut files = made_for_them;
    for (path, trace) in &mut files {
        settle(path, &mut trace.stamp);
        settle_twins(path, trace);
    }
    files.reserve(work.len());
    let mut assets = Numbers::default();
    for (work, mut one) in work.iter().zip(made) {
        report.unchanged += usize::from(work.present == Some(one.trace.digest));
        one.trace.assets = one.assets.iter().map(|note| assets.number(&note.key, note.hash)).collect();
        if !work.is_placed() {
            settle(work.path(), &mut one.trace.stamp);
        }
        settle_twins(work.path(), &mut one.trace);
        files.push((work.path().into(), one.trace));
    }
    Ok(Made { files, shapes: shapes.into_inner().unwrap_or_else(PoisonError::into_inner), assets })
}

/// Makes the files that the rendered pages ask for, and those that pages which stay miss.
fn made_for(
    request: &Request<'_>,
    before: &Before,
    made: &[One],
    derived: &mut Derived,
    stale: &BTreeSet<&str>,
    stage: &Stage,
    empty_shape: u32,
) -> Result<Vec<(Box<str>, Trace)>> {
    let asked: BTreeSet<&str> =
        made.iter().flat_map(|one| &one.assets).map(|note| note.key.as_str()).collect();
    derived.ask(request, before, asked)?;
    let in_the_way = stage::check(request.output, derived.due.keys().map(String::as_str), stale)?;
    in_the_way.iter().try_for_each(|path| stage::make_way(request.output, path))?;
    derived.write(request, before, stage, empty_shape)
}

/// The bytes of a file, with what is to be remembered of how they came about.
struct Drawn<'a> {
    bytes: Cow<'a, [u8]>,
    shape: u32,
    hashes: Box<[u64]>,
    since: i64,
    until: i64,
    assets: Vec<Note>,
    warnings: Vec<String>,
}

/// One file that was made.
struct One {
    trace: Trace,
    assets: Vec<Note>,
}

/// `page` is the page that is to be made, if it is one.
fn render<'a>(
    request: &Request<'_>,
    shapes: &Mutex<Shapes>,
    work: &Work<'a>,
    page: Option<&Page>,
) -> Result<Drawn<'a>> {
    let lock = || shapes.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut shape, mut hashes) = (None, Box::default());
    let (mut since, mut until) = (i64::MIN, i64::MAX);
    let (mut assets, mut warnings) = (Vec::new(), Vec::new());
    let bytes = match (work.what, page) {
        (What::Asset(asset), _) => asset.bytes.load()?,
        (_, None) => Cow::default(),
        (_, Some(Page { body: Body::Made(make), .. })) => Cow::Owned(make.bytes()),
        (_, Some(page)) => match with_request(request.now, page, |rendering| {
            request.theme.render_telling(rendering, |told| reads::told(told, page, shapes))
        }) {
            None => Cow::default(),
            Some(rendered) => {
                let (drawn, (number, own)) = rendered?;
                (shape, hashes) = (Some(number), own);
                if let Some(window) = drawn.clock {
                    (since, until) = (window.from.as_second(), window.until.as_second());
                }
                assets = drawn.assets;
                warnings = drawn.warnings;
                Cow::Owned(drawn.bytes)
            }
        },
    };
    let shape = shape.unwrap_or_else(|| lock().number(Shape::new()));
    Ok(Drawn { bytes, shape, hashes, since, until, assets, warnings })
}

fn make_one(
    request: &Request<'_>,
    before: &Before,
    wanted: &Wanted<'_>,
    stage: &Stage,
    shapes: &Mutex<Shapes>,
    work: &Work<'_>,
) -> Result<One> {
    if let Some(source) = work.what.large() {
        let shape = shapes.lock().unwrap_or_else(PoisonError::into_inner).number(Shape::new());
        let trace = large::publish(request, stage, work, source, shape)?;
        return Ok(One { trace, assets: Vec::new() });
    }
    let page = work.what.page();
    if let Some(Page { body: Body::Made(Make::Parts(parts)), .. }) = page.as_deref()
        && !wanted.has_any(work.path())
    {
        let shape = shapes.lock().unwrap_or_else(PoisonError::into_inner).number(Shape::new());
        let trace = parts::publish(request, before, stage, work, parts, shape)?;
        return Ok(One { trace, assets: Vec::new() });
    }
    let Drawn { bytes, shape, hashes, since, until, assets, warnings } =
        render(request, shapes, work, page.as_deref())?;
    let digest = Digest::of(&bytes);
    let stamp = if work.present == Some(digest) {
        stage::stamp(&request.output.join(work.path()))?
    } else {
        stage.put(work.path(), work.rank(), work.fresh, &bytes)?
    };
    let twins =
        wanted.make(request, before, stage, (work.path(), work.rank(), work.present), &bytes, digest)?;
    let inputs = work.what.inputs()?;
    let warnings = warnings.into_iter().map(String::into_boxed_str).collect();
    let own = Box::default();
    let trace = Trace { shape, inputs, digest, stamp, since, until, hashes, assets: own, warnings, twins };
    Ok(One { trace, assets })
}

/// Writes the volatile files that differ, and says whether there was any.
fn publish_volatile(request: &Request<'_>) -> Result<bool> {
    let mut written = false;
    for (route, bytes) in &request.volatile {
        let path = request.output.join(route.path());
        if files::read_if_present(&path)?.as_deref() != Some(&bytes[..]) {
            files::replace(&path, bytes)?;
            written = true;
        }
    }
    Ok(written)
}
