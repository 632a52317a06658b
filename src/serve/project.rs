//! The work of a server over a site's folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::watch::Watching;
use super::work::{Factory, RebuildRequest, Rebuilt, SyncRequest, Work};
use crate::base::clock::SharedClock;
use crate::base::gate::Gate;
use crate::base::report::Reporter;
use crate::config::{Config, Paths};
use crate::error::{Error, Kind, Result};
use crate::model::run::RunFigures;
use crate::project::{Options, Project, Summary};

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
        let bench =
            Bench { load: Arc::clone(&load), config, clock: clock.clone(), reporter: reporter.clone() };
        Ok(Box::new(bench))
    })
}

/// The files that a site is made from.
pub fn watching(root: &Path, paths: &Paths, poll: bool) -> Watching {
    let folders: BTreeSet<PathBuf> =
        [&paths.content, &paths.themes, &paths.templates, &paths.statics, &paths.texts, &paths.sass]
            .into_iter()
            .cloned()
            .collect();
    Watching {
        root: root.to_owned(),
        files: vec![root.join("aither.toml")],
        folders: folders.into_iter().filter(|folder| !paths.output.starts_with(folder)).collect(),
        poll,
    }
}

struct Bench {
    load: Arc<Load>,
    config: Config,
    clock: SharedClock,
    reporter: Arc<dyn Reporter>,
}

impl Bench {
    /// Output and state stay where the server looks for them, whatever the file says by now.
    fn reload(&mut self) -> Result<()> {
        let new = (self.load)()?;
        if new.paths.output != self.config.paths.output {
            return Err(Error::new(Kind::Config, "the output folder is another one now")
                .hint("start the server again"));
        }
        self.config = new;
        Ok(())
    }

    fn build(&self, options: Options, only: Option<String>, gate: &Gate) -> Result<Summary> {
        Project::new(self.config.clone(), self.clock.clone(), self.reporter.clone())
            .with_only(only)
            .build_locked(options, gate)
    }
}

impl Work for Bench {
    fn sync(&mut self, request: &SyncRequest, gate: &Gate) -> Result<RunFigures> {
        self.reload()?;
        let options = Options { full: request.full, ..Options::default() };
        let summary = self.build(options, request.connector.clone(), gate)?;
        Ok(summary.figures(self.clock.now()))
    }

    fn rebuild(&mut self, request: &RebuildRequest, gate: &Gate) -> Result<Rebuilt> {
        let config_changed = request.changed.iter().any(|path| path.ends_with("aither.toml"));
        if config_changed || request.changed.is_empty() {
            self.reload()?;
        }
        let summary = self.build(Options { offline: true, ..Options::default() }, None, gate)?;
        let reasons = summary.build.reasons.into_iter();
        let rendered = reasons.map(|(path, reason)| (path, reason.to_string())).collect();
        Ok(Rebuilt { written: summary.build.written, rendered })
    }
}
