//! Looks at a site without building it: what is wrong with it, and what there is.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Options, Project, Ready};
use crate::assets;
use crate::base::files;
use crate::base::gate::Gate;
use crate::base::http::Network;
use crate::build::{self, Asset};
use crate::check::{self, External, Finding, Found, Severity, Source};
use crate::error::{Fault, Kind, Result};
use crate::site::{Body, Lacking, Untranslated};

/// One thing of a site, as lists of it show it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Listed {
    /// `page`, `course`, or what keeps it from being published: `draft`, `future`, `expired`.
    pub kind: &'static str,
    /// Its path in the output, where it has one.
    pub path: Option<String>,
    /// The file that it comes from.
    pub source: Option<String>,
    /// Its title, where the file has one.
    pub title: Option<String>,
    /// The moment at which it appears or disappears.
    pub at: Option<jiff::Timestamp>,
    /// Whether no other page links to it.
    pub is_orphan: bool,
}

impl Project {
    /// Looks over the whole site as it would be published now. The source is not asked, and nothing is written.
    pub fn check(&mut self, external: bool) -> Result<Found> {
        // Before anybody else takes it: a source that is not asked needs none.
        let transport = self.transport.take();
        let ready = match self.prepare(Self::looking(), &Gate::default()) {
            Ok(ready) => ready,
            // What is wrong with the files themselves is what the author has to see first.
            Err(error) if error.kind() == Kind::Content && !error.faults().is_empty() => {
                return Ok(Found {
                    findings: error.faults().iter().map(of_fault).collect(),
                    ..Found::default()
                });
            }
            Err(error) => return Err(error),
        };
        let network = Network::outside();
        let transport = transport.as_deref().unwrap_or(&network);
        let cache = self.config.paths.state.join("links.json");
        let mut outside = external.then(|| External::new(transport, self.clock.clone(), Some(cache)));
        let found = self.look_over(&ready, outside.as_mut())?;
        if let Some(outside) = &outside {
            outside.save()?;
        }
        Ok(found)
    }

    /// Everything that the site has, and what it holds back.
    pub fn list(&mut self) -> Result<Vec<Listed>> {
        let ready = self.prepare(Self::looking(), &Gate::default())?;
        let found = self.look_over(&ready, None)?;
        let orphans: HashSet<&str> = found.orphans.iter().map(String::as_str).collect();
        let sources = sources(&ready);
        let mut listed: Vec<Listed> = (ready.site.all().iter())
            .filter(|page| matches!(page.body, Body::Layout { .. }))
            .map(|page| {
                let path = page.route.path();
                let is_course = page.record.as_deref().is_some_and(|record| record.starts_with("course:"));
                let source = sources.get(path).map(|source| format!("{}/{source}", self.content_name()));
                Listed {
                    kind: if is_course { "course" } else { "page" },
                    path: Some(path.to_owned()),
                    title: None,
                    source,
                    at: None,
                    is_orphan: orphans.contains(path),
                }
            })
            .collect();
        listed.extend(ready.sources.held_back.iter().map(|held| Listed {
            kind: held.why.name(),
            path: None,
            source: Some(format!("{}/{}", self.content_name(), held.source)),
            title: held.title.as_deref().map(str::to_owned),
            at: held.why.at(),
            is_orphan: false,
        }));
        Ok(listed)
    }

    fn looking() -> Options {
        Options { offline: true, dry_run: true, ..Options::default() }
    }

    fn content_name(&self) -> String {
        let content = &self.config.paths.content;
        files::slashed(content.strip_prefix(&self.config.root).unwrap_or(content))
    }

    /// A page or course without a translation as a finding.
    fn of_lacking(&self, language: &Untranslated, thing: &Lacking) -> Finding {
        let content = self.content_name();
        let wanted = format!("{content}/{}", thing.wanted);
        let what = thing.course.as_ref().map(|title| format!(" of the course “{title}”")).unwrap_or_default();
        let (own, main) = (&language.language, &language.shown_in);
        Finding {
            file: thing
                .source
                .as_ref()
                .map_or_else(|| wanted.clone(), |source| format!("{content}/{source}")),
            line: None,
            severity: Severity::Warning,
            check: "translation",
            message: format!(
                "there is no `{own}` translation{what}, which is shown in `{main}`: write {wanted}"
            ),
            pages: Vec::new(),
            count: 0,
        }
    }

    fn look_over(&self, ready: &Ready, external: Option<&mut External<'_>>) -> Result<Found> {
        let gate = Gate::default();
        let request = self.request(ready, Self::looking(), &gate)?;
        let sources = sources(ready);
        let read = |path: &str| {
            let source = sources.get(path)?;
            let text = files::read_text(&self.config.paths.content.join(source)).ok()?;
            Some(Source { file: format!("{}/{source}", self.content_name()), text })
        };
        let build::Looked { pages, warnings, files } = build::pages(&request, |page, html| {
            let path = page.route.path().to_owned();
            check::Page { html, source: read(&path), path }
        })?;
        let mut there: HashSet<String> = ready.site.paths().map(str::to_owned).collect();
        there.extend(ready.assets.iter().map(|asset| asset.route.path().to_owned()));
        there.extend(request.volatile.iter().map(|(route, _)| route.path().to_owned()));
        there.extend(files);
        if let Some(manifest) = build::Manifest::load(&self.config.paths.output)? {
            there.extend(manifest.files.into_keys());
        }
        let base_url = self.config.site.base_url.as_str();
        let assets: HashMap<&str, &Asset> =
            ready.assets.iter().map(|asset| (asset.route.path(), asset)).collect();
        let no_picture = |path: &str| {
            let bytes = assets.get(path)?.bytes.load().ok()?;
            (!assets::is_picture(&bytes)).then(|| "it is a file of another kind".to_owned())
        };
        let exports: Vec<(String, String)> = (ready.site.pages.iter())
            .filter(|page| page.route.path().starts_with("moochub"))
            .filter_map(|page| match &page.body {
                Body::Made(make) => {
                    Some((page.route.path().to_owned(), String::from_utf8_lossy(&make.bytes()).into_owned()))
                }
                Body::Layout { .. } => None,
            })
            .collect();
        let input = check::Input {
            pages: &pages,
            files: &there,
            base_url,
            no_picture: &no_picture,
            exports: &exports,
        };
        let mut found = check::run(&input, external);
        for lacking in &ready.site.untranslated {
            found.findings.extend(lacking.things.iter().map(|thing| self.of_lacking(lacking, thing)));
        }
        // Each file is told by itself.
        let summaries: Vec<String> = ready.site.untranslated.iter().map(Untranslated::summary).collect();
        let told = ready.site.warnings.iter().filter(|told| !summaries.contains(told)).chain(&warnings);
        let findings = told.map(|message| Finding {
            file: String::new(),
            line: None,
            severity: Severity::Warning,
            check: "build",
            message: message.clone(),
            pages: Vec::new(),
            count: 0,
        });
        found.findings.extend(findings);
        found.findings.extend(ready.remarks.iter().map(|remark| of_fault(&remark.fault())));
        Ok(found)
    }
}

/// A mistake in a file as a finding.
fn of_fault(fault: &Fault) -> Finding {
    Finding {
        file: fault.file.clone(),
        line: fault.line,
        severity: Severity::Error,
        check: "content",
        message: fault.message.clone(),
        pages: Vec::new(),
        count: 0,
    }
}

/// The content files of pages, by the paths of these.
fn sources(ready: &Ready) -> BTreeMap<String, String> {
    let documents = ready.sources.documents.iter().map(String::as_str);
    let mut sources: BTreeMap<String, String> = (ready.site.sources(documents).into_iter())
        .map(|(route, source)| (route.path().to_owned(), source.to_owned()))
        .collect();
    for (path, source) in [("index.html", "_index.md"), ("courses/index.html", "courses/_index.md")] {
        if ready.sources.documents.iter().any(|known| known == source) {
            sources.insert(path.to_owned(), source.to_owned());
        }
    }
    sources
}
