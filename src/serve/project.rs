//! The work of a server over a site's folder.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::watch::Watching;
use super::work::{Factory, RebuildRequest, Rebuilt, Show, SyncRequest, Work};
use crate::base::clock::SharedClock;
use crate::base::gate::Gate;
use crate::base::report::Reporter;
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::model::run::RunFigures;
use crate::project::{Onlookers, Options, Project, PushSummary};
use crate::sync::SharedQueue;

/// Reads the configuration; called again when its file has changed.
type Load = dyn Fn() -> Result<Config> + Send + Sync;

/// Who syncs and builds the site that `load` reads the configuration of.
pub fn work_on(
    load: impl Fn() -> Result<Config> + Send + Sync + 'static,
    clock: SharedClock,
    reporter: Arc<dyn Reporter>,
) -> Factory {
    let load: Arc<Load> = Arc::new(load);
    Box::new(move || {
        let config = load()?;
        let project = Project::new(config, clock.clone(), reporter.clone()).kept_warm();
        let bench = Bench {
            load: Arc::clone(&load),
            project,
            clock: clock.clone(),
            reporter: reporter.clone(),
            is_reload_owed: false,
        };
        Ok(Box::new(bench))
    })
}

/// The files that a site is made from.
pub fn watching(config: &Config, poll: bool) -> Watching {
    let (root, paths) = (&config.root, &config.paths);
    let mut files = vec![root.join("aither.toml")];
    let sources = config.source.entries();
    let data = sources.iter().filter_map(|entry| entry.source.path());
    let (data_folders, data_files): (Vec<&PathBuf>, Vec<&PathBuf>) = data.partition(|path| path.is_dir());
    files.extend(data_files.into_iter().cloned());
    let own = [
        &paths.content,
        &paths.data,
        &paths.themes,
        &paths.templates,
        &paths.statics,
        &paths.texts,
        &paths.sass,
    ];
    let folders: BTreeSet<PathBuf> = own.into_iter().chain(data_folders).cloned().collect();
    Watching {
        root: root.clone(),
        files,
        folders: folders.into_iter().filter(|folder| !paths.output.starts_with(folder)).collect(),
        poll,
    }
}

struct Bench {
    load: Arc<Load>,
    /// Kept between builds: it knows what it has read already.
    project: Project,
    clock: SharedClock,
    reporter: Arc<dyn Reporter>,
    /// Whether the configuration has changed and could not be read: until it can, nothing is built by the one of before.
    is_reload_owed: bool,
}

impl Bench {
    /// Output and state stay where the server looks for them, whatever the file says by now.
    fn reload(&mut self) -> Result<()> {
        self.is_reload_owed = true;
        let new = (self.load)()?;
        let old = self.project.config();
        if new.paths.output != old.paths.output {
            return Err(Error::new(Kind::Config, "the output folder is another one now")
                .hint("start the server again"));
        }
        if base_path(&new) != base_path(old) {
            return Err(Error::new(Kind::Config, "the path of `base_url` is another one now")
                .hint("start the server again"));
        }
        self.project = Project::new(new, self.clock.clone(), self.reporter.clone()).kept_warm();
        self.is_reload_owed = false;
        Ok(())
    }
}

impl Work for Bench {
    fn sync(&mut self, request: &SyncRequest, gate: &Gate) -> Result<RunFigures> {
        self.reload()?;
        let options = Options { full: request.full, ..Options::default() };
        // It asks some sources only; what a rebuild keeps in memory is of all of them.
        let config = self.project.config().clone();
        let project = Project::new(config, self.clock.clone(), self.reporter.clone());
        let (connector, named) = (request.connector.clone(), request.only.clone());
        let summary = project.with_only(connector).reading_only(named).build_locked(options, gate)?;
        Ok(summary.figures(self.clock.now()))
    }

    fn rebuild(&mut self, request: &RebuildRequest, gate: &Gate, show: &Show<'_>) -> Result<Rebuilt> {
        let options = Options { offline: true, ..Options::default() };
        let anything = request.changed.is_empty();
        if anything || self.is_reload_owed || request.changed.iter().any(|path| path.ends_with("aither.toml"))
        {
            self.reload()?;
        }
        let onlookers = Onlookers { pages: &request.prefer, changed: &request.changed, show };
        let summary = match anything {
            true => self.project.build_locked(options, gate)?,
            false => self.project.rebuild_locked(options, gate, &onlookers)?,
        };
        let reasons = summary.build.reasons.into_iter();
        let rendered = reasons.map(|(path, reason)| (path, reason.to_string())).collect();
        Ok(Rebuilt { written: summary.build.written, rendered })
    }

    fn push(&mut self, queue: &SharedQueue, ids: &[String], gate: &Gate) -> Result<PushSummary> {
        self.reload()?;
        self.project.push_queued(queue, ids, gate)
    }
}

/// The path that a site lies at, which a server knows from its start.
fn base_path(config: &Config) -> &str {
    let base_url = &config.site.base_url;
    let host = base_url.find("://").map_or(0, |at| at + 3);
    base_url[host..].find('/').map_or("", |at| &base_url[host + at..]).trim_end_matches('/')
}
