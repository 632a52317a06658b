//! One build.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rayon::prelude::*;

use super::before::Before;
use super::manifest::{MANIFEST, Manifest};
use super::plan::{Plan, What, Work, with_request};
use super::reason::Reason;
use super::stage::{self, Stage};
use super::trace::{Stamp, Trace, Traces};
use crate::base::digest::Digest;
use crate::base::files;
use crate::base::report::{Reporter, Stage as Step};
use crate::error::{Error, Kind, Result};
use crate::site::{Body, Rank, Route, Site};
use crate::theme::{self, Theme};

/// What a build is made from and where it goes.
pub struct Request<'a> {
    /// The pages.
    pub site: &'a Site,
    /// The files that are published as they are.
    pub assets: &'a [Asset],
    /// What renders the pages.
    pub theme: &'a Theme,
    /// The output folder.
    pub output: &'a Path,
    /// The state folder.
    pub state: &'a Path,
    /// Files for browsers that carry the time of the sync; they are kept up to date, but do not count as changes.
    pub volatile: Vec<(Route, Vec<u8>)>,
    /// The hash of each record.
    pub entities: BTreeMap<String, Digest>,
    /// When the source was last asked with success.
    pub last_synced_at: Option<Timestamp>,
    /// When the data last changed.
    pub data_changed_at: Option<Timestamp>,
    /// Whatever else decides what pages look like: program version, language, time zone.
    pub salt: Digest,
    /// Whether files that the program did not write are removed from the output.
    pub clean: bool,
    /// The present moment.
    pub now: Timestamp,
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
}

/// Builds. On an error the output is as it was before.
pub fn run(request: &Request<'_>) -> Result<Report> {
    check_collisions(request)?;
    let before = Before::load(request)?;
    let plan = Plan::new(request, &before)?;
    let planned: BTreeSet<&str> = (request.site.pages.iter().map(|page| page.route.path()))
        .chain(request.assets.iter().map(|asset| asset.route.path()))
        .chain(request.volatile.iter().map(|(route, _)| route.path()))
        .collect();
    let stale = before.leftovers(request, &planned)?;

    files::create_folder(request.output)?;
    let mut report = Report { unchanged: plan.kept.len(), removed: stale.len(), ..Report::default() };
    let mut traces = Traces::new();
    traces.files.extend(plan.kept);
    if !plan.work.is_empty() {
        make(request, &before, &plan.work, &mut traces, &mut report)?;
    }
    publish_manifest(request, &before, &traces)?;
    stale.iter().try_for_each(|path| stage::remove(request.output, path))?;
    traces.save(request.state, &before.traces)?;
    if !plan.work.is_empty() || !before.journal.is_empty() {
        Stage::close(request.state)?;
    }
    Ok(report)
}

/// Renders what is stale and publishes what differs.
fn make(
    request: &Request<'_>,
    before: &Before,
    work: &[Work<'_>],
    traces: &mut Traces,
    report: &mut Report,
) -> Result<()> {
    let new =
        work.iter().filter(|work| work.fresh && work.rank() == Rank::Leaf).map(|work| work.path().to_owned());
    let journal: BTreeSet<String> = new.chain(before.journal.iter().cloned()).collect();
    let stage = Stage::begin(request.output, request.state, &journal)?;
    request.reporter.begin(Step::Render, Some(work.len() as u64));
    let made = work.par_iter().map(|work| {
        let made = make_one(request, &stage, work);
        request.reporter.advance(1);
        made
    });
    let (made, errors): (Vec<_>, Vec<_>) = made.collect::<Vec<_>>().into_iter().partition(Result::is_ok);
    if let Some(error) = together(errors.into_iter().filter_map(Result::err).collect()) {
        stage.abandon();
        return Err(error);
    }
    let written = stage.len();
    request.reporter.begin(Step::Write, Some(written as u64));
    stage.publish(&|| request.reporter.advance(1))?;
    report.written = written;
    report.unchanged += work.len() - written;
    report.reasons = work.iter().map(|work| (work.path().to_owned(), work.reason.clone())).collect();
    let mut warnings = BTreeSet::new();
    for (work, made) in work.iter().zip(made.into_iter().flatten()) {
        report.rendered += usize::from(made.rendered);
        warnings.extend(made.warnings);
        let trace = Trace { key: made.key, read: made.read, digest: made.digest, stamp: made.stamp };
        traces.files.insert(work.path().to_owned(), trace);
    }
    report.warnings = warnings.into_iter().collect();
    Ok(())
}

/// A file that was made.
struct Made {
    rendered: bool,
    read: theme::Trace,
    key: Digest,
    digest: Digest,
    stamp: Stamp,
    warnings: Vec<String>,
}

fn make_one(request: &Request<'_>, stage: &Stage, work: &Work<'_>) -> Result<Made> {
    let mut warnings = Vec::new();
    let mut read = theme::Trace::default();
    let (bytes, rendered): (Cow<'_, [u8]>, bool) = match work.what {
        What::Asset(asset) => (asset.bytes.load()?, false),
        What::Page(page) => match with_request(request, page, |rendering| request.theme.render(rendering)) {
            Some(rendered) => {
                let rendered = rendered?;
                warnings = rendered.warnings;
                read = rendered.trace;
                (Cow::Owned(rendered.bytes), true)
            }
            None => match &page.body {
                Body::Ready(bytes) => (Cow::Borrowed(bytes), true),
                Body::Layout { .. } => (Cow::default(), true),
            },
        },
    };
    let digest = Digest::of(&bytes);
    let key = work.what.key(request)?;
    let stamp = if work.present == Some(digest) {
        stage::stamp(&request.output.join(work.path()))?
    } else {
        stage.put(work.path(), work.rank(), work.fresh, &bytes)?
    };
    Ok(Made { rendered, read, key, digest, stamp, warnings })
}

/// One error of many: the first, with the number of the others and what they say.
fn together(errors: Vec<Error>) -> Option<Error> {
    const SHOWN: usize = 5;
    let mut seen = BTreeSet::new();
    let mut errors = errors.into_iter().filter(|error| seen.insert(error.message().to_owned()));
    let first = errors.next()?;
    let rest: Vec<Error> = errors.collect();
    if rest.is_empty() {
        return Some(first);
    }
    let mut message = first.message().to_owned();
    for error in rest.iter().take(SHOWN - 1) {
        message.push_str("\n\n");
        message.push_str(error.message());
    }
    if rest.len() >= SHOWN {
        message.push_str(&format!("\n\n… and {} more", rest.len() + 1 - SHOWN));
    }
    let error = Error::new(first.kind(), message);
    Some(first.hints().iter().fold(error, |error, hint| error.hint(hint)))
}

/// Writes the volatile files and the manifest, each only if it differs.
fn publish_manifest(request: &Request<'_>, before: &Before, traces: &Traces) -> Result<()> {
    let mut manifest = Manifest {
        last_synced_at: request.last_synced_at,
        data_changed_at: request.data_changed_at,
        entities: request.entities.clone(),
        files: traces.files.iter().map(|(path, trace)| (path.clone(), trace.digest)).collect(),
        ..Manifest::default()
    };
    for (route, bytes) in &request.volatile {
        let path = request.output.join(route.path());
        if files::read_if_present(&path)?.as_deref() != Some(bytes) {
            files::replace(&path, bytes)?;
        }
        manifest.files.insert(route.path().to_owned(), Digest::of(bytes));
    }
    if before.manifest.as_ref() == Some(&manifest) {
        return Ok(());
    }
    files::replace(&request.output.join(MANIFEST), &manifest.to_bytes())
}

/// Assets may not stand where pages stand, nor two of them at one address.
fn check_collisions(request: &Request<'_>) -> Result<()> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let routes = (request.site.pages.iter().map(|page| &page.route))
        .chain(request.assets.iter().map(|asset| &asset.route))
        .chain(request.volatile.iter().map(|(route, _)| route));
    for route in routes {
        if seen.insert(route.path().to_lowercase(), route.path()).is_some() {
            return Err(Error::new(Kind::Content, format!("two files want the address {}", route.address()))
                .hint("rename the one below static/ or content/"));
        }
    }
    for (lower, path) in &seen {
        if let Some((at, _)) = lower.match_indices('/').find(|(at, _)| seen.contains_key(&lower[..*at])) {
            return Err(Error::new(
                Kind::Content,
                format!("{} cannot be a file, because {path} stands below it", &path[..at]),
            ));
        }
    }
    Ok(())
}
