//! The shortest way to say that nothing changed: no record is parsed, no page is looked at.
//!
//! After a good build the fingerprint of everything that went into it is kept, with the span of time for which its answers
//! hold. While both are the same, and the output is as it was left, there is nothing to do. Only for sources on this
//! disk and for `--offline`: what a remote source has, only asking it can tell.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::warm::RACY_SECONDS;
use super::{Options, STATUS_FILE, internal};
use crate::base::digest::{Digest, Fingerprint};
use crate::base::files::{self, Stamps};
use crate::config::{Config, Source};
use crate::error::Result;

/// What a good build leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Idle {
    inputs: u64,
    /// From which second since 1970 on the answers to questions about the time hold, and until which.
    since: i64,
    until: i64,
    /// The hash of the file that browsers read.
    status: Digest,
    /// How many courses there are.
    pub(super) courses: usize,
    /// The id of the course that begins next.
    pub(super) next_course: Option<String>,
    /// How the internal pages look; 0 where there are none.
    #[serde(default)]
    internal: u64,
    /// What a person should look at in this site; it is said again.
    #[serde(default)]
    pub(super) warnings: Vec<String>,
}

/// The fingerprint of everything that a build is made from, and whether it can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inputs {
    hash: u64,
    /// The same without the memory, which a build itself writes.
    given: u64,
    is_settled: bool,
}

impl Inputs {
    /// Looks at the inputs; nothing where only a whole build can tell.
    pub(super) fn look(config: &Config, options: Options, now: Timestamp) -> Result<Option<Self>> {
        if options.clean || options.dry_run || options.full {
            return Ok(None);
        }
        let mut stamps = Stamps::default();
        let state = &config.paths.state;
        // `Debug` of the configuration shows every key and no secret.
        let mut mark = Fingerprint::new(30).text(env!("CARGO_PKG_VERSION")).text(&format!("{config:?}"));
        mark = mark.number(u64::from(config.has_internal_pages()));
        if let Ok(program) = std::env::current_exe() {
            stamps.file(&program);
        }
        let entries = config.source.entries();
        if !options.offline && config.source.is_remote() {
            return Ok(None);
        }
        let is_several = matches!(config.source, Source::Several(_));
        for entry in &entries {
            match &entry.source {
                // The sample's dates are counted from today.
                Source::Sample => {
                    mark = mark.text(&now.to_zoned(config.site.time_zone.clone()).date().to_string());
                }
                source => match source.path() {
                    Some(path) if path.is_dir() => stamps.folder(path),
                    Some(path) => stamps.file(path),
                    None => {
                        mark = mark.number(u64::from(source.secret().is_some()));
                        let own = state.join("sources").join(&entry.id);
                        let folder = if is_several { &own } else { state };
                        stamps.file(&folder.join("snapshot.json"));
                        stamps.file(&folder.join("participants.sealed"));
                    }
                },
            }
        }
        let paths = &config.paths;
        for folder in
            [&paths.content, &paths.data, &paths.templates, &paths.statics, &paths.texts, &paths.sass]
        {
            stamps.folder(folder);
        }
        stamps.folder(&config.paths.themes.join(&config.theme.name));
        mark = mark.number(stamps.hash());
        let given = mark.get();
        let is_settled = stamps.newest() + RACY_SECONDS < Timestamp::now().as_second();
        // Nobody compares what cannot be relied on.
        let own = match is_settled {
            true => content(content(mark, &state.join("memory.json"))?, &state.join("conflicts.json"))?,
            false => mark,
        };
        Ok(Some(Self { hash: own.get(), given, is_settled }))
    }

    /// Whether they can be relied on after this time: what was written to a moment ago may be written to once more within one
    /// tick of the file system's clock.
    pub(super) fn is_settled_after(self, time: Duration) -> bool {
        self.is_settled || time.as_secs() >= RACY_SECONDS.unsigned_abs()
    }

    /// Whether nothing but the program itself wrote to the inputs since `before` was looked at.
    pub(super) fn are_as(self, before: Self) -> bool {
        self.given == before.given
    }
}

fn content(mark: Fingerprint, path: &Path) -> Result<Fingerprint> {
    Ok(match files::read_if_present(path)? {
        Some(bytes) => mark.number(1).file(&bytes),
        None => mark.number(0),
    })
}

impl Idle {
    /// What the last good build left, if all that it was made from, and what a server reads of it, is still as it was then.
    pub(super) fn check(config: &Config, inputs: Inputs, now: Timestamp) -> Result<Option<Self>> {
        let Some(bytes) = files::read_if_present(&path(&config.paths.state))? else { return Ok(None) };
        let Ok(idle) = serde_json::from_slice::<Self>(&bytes) else { return Ok(None) };
        let is_same = inputs.is_settled && idle.inputs == inputs.hash;
        if !is_same || now.as_second() < idle.since || idle.until <= now.as_second() {
            return Ok(None);
        }
        let status = files::read_if_present(&config.paths.output.join(STATUS_FILE))?;
        if status.as_deref().map(Digest::of) != Some(idle.status) {
            return Ok(None);
        }
        if idle.internal != internal::stamp(&config.paths.state) {
            return Ok(None);
        }
        Ok(Some(idle))
    }

    /// Remembers a good build.
    pub(super) fn keep(
        config: &Config,
        inputs: Inputs,
        (since, until): (i64, i64),
        status: &[u8],
        courses: usize,
        next_course: Option<String>,
        warnings: &[String],
    ) -> Result<()> {
        let path = path(&config.paths.state);
        if !inputs.is_settled {
            return files::remove(&path);
        }
        let (inputs, status, warnings) = (inputs.hash, Digest::of(status), warnings.to_vec());
        let internal = internal::stamp(&config.paths.state);
        let idle = Self { internal, inputs, since, until, status, courses, next_course, warnings };
        let bytes = serde_json::to_vec(&idle).unwrap_or_default();
        if files::read_if_present(&path)?.as_deref() == Some(&bytes[..]) {
            return Ok(());
        }
        files::replace(&path, &bytes)
    }

    /// Forgets the last good build: something is about to change.
    pub(super) fn forget(config: &Config) -> Result<()> {
        files::remove(&path(&config.paths.state))
    }
}

fn path(state: &Path) -> std::path::PathBuf {
    state.join("idle.json")
}
