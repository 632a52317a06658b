//! What the server lets others do: pull and build. Tests put a stand-in here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::base::gate::Gate;
use crate::error::Result;
use crate::model::event::Named;
use crate::model::run::{Run, RunFigures, RunType};
use crate::project::PushSummary;
use crate::sync::SharedQueue;

/// Pulls and builds a site. Called by one thread at a time, with the site's lock held by the caller.
///
/// An implementation passes `gate` right before it publishes, and changes nothing in the output before that. On an error
/// the output is as it was.
pub trait Work: Send {
    /// Pulls from the source and builds.
    fn sync(&mut self, request: &SyncRequest, gate: &Gate) -> Result<RunFigures>;

    /// Builds from the last good answer of the source, after files have changed. `show` takes files that are shown before
    /// the rest of the build is there: path in the output, and bytes. Asked to give way, it ends with an error as soon as
    /// it can, and the output is as it was.
    fn rebuild(&mut self, request: &RebuildRequest, gate: &Gate, show: &Show<'_>) -> Result<Rebuilt>;

    /// Tries again to send these entries of the queue of pushes: somebody has asked for each of them. What becomes of one
    /// stands in the queue as soon as it is known; those that the gate kept back are left as they are.
    fn push(&mut self, queue: &SharedQueue, ids: &[String], gate: &Gate) -> Result<PushSummary>;
}

/// Takes files that are shown before the rest of their build is there.
pub type Show<'a> = dyn Fn(Vec<(String, Vec<u8>)>) + 'a;

/// Makes whoever does the work: at the start, and again after a run that had to be given up.
pub type Factory = Box<dyn FnMut() -> Result<Box<dyn Work>> + Send>;

/// What a sync is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRequest {
    /// Read everything, whatever is known already.
    pub full: bool,
    /// The source to ask, where it is named.
    pub connector: Option<String>,
    /// Who asks.
    pub run_type: RunType,
    /// What some events name, where that is all that is to be read.
    pub only: Option<Named>,
}

/// What a rebuild starts from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RebuildRequest {
    /// Files that changed, absolute. Empty where that is not known: anything may have changed.
    pub changed: Vec<PathBuf>,
    /// Files that somebody is looking at, such as `courses/ruhig/index.html`: these come first.
    pub prefer: Vec<String>,
}

/// What a rebuild did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Files that were written.
    pub written: usize,
    /// Pages that were rendered, by path, each with the reason in words.
    pub rendered: Vec<(String, String)>,
}

/// Something that whoever started the server may want to show.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// Files changed, and the site was built anew.
    Rebuilt {
        /// Paths that changed.
        changed: Vec<PathBuf>,
        /// What was done.
        rebuilt: Rebuilt,
        /// From the first sign of a change until the new pages were served.
        took: Duration,
        /// From the same sign until the pages that somebody looks at were served, where that came first.
        shown: Option<Duration>,
    },
    /// A rebuild failed; the site is as it was.
    Broken {
        /// The error, for people.
        message: String,
        /// What to do about it.
        hints: Vec<String>,
    },
    /// A sync has ended.
    Synced {
        /// How it went.
        run: Box<Run>,
        /// What to do about it, where it failed.
        hints: Vec<String>,
    },
    /// Something that needs attention but no answer.
    Remark(String),
}

/// Listens to a server's notices; called on the worker's thread.
pub type Audience = Arc<dyn Fn(&Notice) + Send + Sync>;
