//! Which files have to be made, each with the reason, and which stay.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::before::Before;
use super::reason::Reason;
use super::run::{Asset, Bytes, Request};
use super::trace::Trace;
use crate::base::digest::{Digest, Hasher};
use crate::base::files;
use crate::error::Result;
use crate::site::{Body, Page, Rank};
use crate::theme::{self, Change, Records};

/// What a build has to make, and what stays.
#[derive(Default)]
pub(super) struct Plan<'a> {
    /// Files to make.
    pub(super) work: Vec<Work<'a>>,
    /// Files that stay, with their traces.
    pub(super) kept: BTreeMap<String, Trace>,
}

/// One file to make.
pub(super) struct Work<'a> {
    pub(super) what: What<'a>,
    pub(super) reason: Reason,
    /// Whether nothing stands at the address.
    pub(super) fresh: bool,
    /// The hash of what stands there.
    pub(super) present: Option<Digest>,
}

/// A page or an asset.
#[derive(Clone, Copy)]
pub(super) enum What<'a> {
    Page(&'a Page),
    Asset(&'a Asset),
}

impl Work<'_> {
    pub(super) fn path(&self) -> &str {
        self.what.path()
    }

    pub(super) fn rank(&self) -> Rank {
        match self.what {
            What::Page(page) => page.rank,
            What::Asset(_) => Rank::Leaf,
        }
    }
}

impl<'a> What<'a> {
    fn path(self) -> &'a str {
        match self {
            What::Page(page) => page.route.path(),
            What::Asset(asset) => asset.route.path(),
        }
    }

    /// The hash of what the file is made from, but for what a page reads while it is rendered.
    pub(super) fn key(self, request: &Request<'_>) -> Result<Digest> {
        match self {
            What::Page(page) => Ok(page_key(request, page)),
            What::Asset(asset) => Ok(Digest::of(&asset.bytes.load()?)),
        }
    }
}

fn page_key(request: &Request<'_>, page: &Page) -> Digest {
    let layouts = match &page.body {
        Body::Ready(bytes) => return Digest::of(bytes),
        Body::Layout { layouts, .. } => layouts,
    };
    let mut hasher = Hasher::new("page");
    hasher.field(request.salt.as_bytes());
    for layout in layouts.iter() {
        hasher.field(layout.as_bytes());
    }
    hasher.finish()
}

/// Hands over what the theme needs to render a page; nothing for one that needs no theme.
pub(super) fn with_request<T>(
    request: &Request<'_>,
    page: &Page,
    run: impl FnOnce(&theme::Request<'_>) -> T,
) -> Option<T> {
    let Body::Layout { layouts, view, content } = &page.body else { return None };
    let layouts: Vec<&str> = layouts.iter().map(|layout| &**layout).collect();
    Some(run(&theme::Request {
        layouts: &layouts,
        view,
        content: content.as_ref(),
        now: request.now,
        name: page.route.path(),
    }))
}

impl Bytes {
    /// The bytes.
    pub(super) fn load(&self) -> Result<Cow<'_, [u8]>> {
        match self {
            Self::File(path) => files::read(path).map(Cow::Owned),
            Self::Here(bytes) => Ok(Cow::Borrowed(bytes)),
        }
    }
}

impl<'a> Plan<'a> {
    /// Compares everything that must be there with what the last build left.
    pub(super) fn new(request: &'a Request<'_>, before: &Before) -> Result<Self> {
        let mut plan = Self::default();
        let pages = request.site.pages.iter().map(What::Page);
        let records = Records::new(&request.site.records);
        for what in pages.chain(request.assets.iter().map(What::Asset)) {
            match reason(request, before, what, &records)? {
                Ok(trace) => drop(plan.kept.insert(what.path().to_owned(), trace)),
                Err(reason) => plan.push(request, before, what, reason),
            }
        }
        Ok(plan)
    }

    fn push(&mut self, request: &Request<'_>, before: &Before, what: What<'a>, reason: Reason) {
        let mut work = Work { what, reason, fresh: false, present: None };
        work.fresh = std::fs::symlink_metadata(request.output.join(work.path())).is_err();
        if !work.fresh {
            work.present = before.digest_on_disk(request.output, work.path());
        }
        self.work.push(work);
    }
}

/// The trace of a file that may stay, or the reason why it has to be made.
fn reason(
    request: &Request<'_>,
    before: &Before,
    what: What<'_>,
    records: &Records<'_>,
) -> Result<Result<Trace, Reason>> {
    let path = what.path();
    let Some(manifest) = &before.manifest else { return Ok(Err(Reason::New)) };
    let Some(trace) = before.traces.files.get(path) else {
        let known = manifest.files.contains_key(path);
        return Ok(Err(if known { Reason::NoTrace } else { Reason::New }));
    };
    if trace.key != what.key(request)? {
        return Ok(Err(Reason::Changed));
    }
    let change = match what {
        What::Page(page) => with_request(request, page, |rendering| {
            request.theme.change(&trace.read, rendering, records).map(|change| match change {
                Change::Clock(_) => Reason::Clock,
                Change::Row(_) | Change::Template(_) => Reason::Changed,
            })
        })
        .flatten(),
        What::Asset(_) => None,
    };
    Ok(match change {
        Some(reason) => Err(reason),
        None => match before.on_disk.get(path).copied().flatten() {
            None => Err(Reason::Missing),
            Some(_) if before.digest_on_disk(request.output, path) != Some(trace.digest) => {
                Err(Reason::Edited)
            }
            Some(stamp) => Ok(Trace { stamp, ..trace.clone() }),
        },
    })
}
