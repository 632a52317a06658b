//! A site in a temporary folder: write files, build, look, edit, build again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::SystemTime;

use aither::base::clock::ManualClock;
use aither::base::report::Collected;
use aither::config::{Config, Environment};
use aither::error::Error;
use aither::model::event::Named;
use aither::project::{Options, Project, Summary};
use jiff::Timestamp;
use tempfile::TempDir;

/// The moment at which fixtures live, unless they move it.
pub(crate) const NOW: &str = "2026-11-21T10:00:00Z";

pub(crate) struct Fixture {
    folder: TempDir,
    pub(crate) now: Timestamp,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) reporter: Arc<Collected>,
}

impl Fixture {
    /// An empty site with this configuration.
    pub(crate) fn new(config: &str) -> Self {
        let fixture = Self {
            folder: tempfile::tempdir().unwrap(),
            now: NOW.parse().unwrap(),
            environment: Vec::new(),
            reporter: Arc::default(),
        };
        fixture.write("aither.toml", config)
    }

    /// A site whose catalogue is a file with these courses: (id, title, first day).
    pub(crate) fn with_courses(courses: &[(&str, &str, &str)]) -> Self {
        Self::new(
            "source = \"file\"\n[site]\ntitle = \"Akademie\"\nbase_url = \"https://a.example\"\nlanguage = \"de\"\n\
             time_zone = \"Europe/Berlin\"\n[file]\npath = \"courses.json\"\n",
        )
        .courses(courses)
    }

    /// A copy of a site in `tests/sites/`.
    pub(crate) fn copy(name: &str) -> Self {
        let site = Self::new("");
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites").join(name);
        collect(&from, &from, &mut |path, file| site.put(&path, fs::read(file).unwrap()));
        site
    }

    /// Writes the catalogue of a `file` source.
    pub(crate) fn courses(self, courses: &[(&str, &str, &str)]) -> Self {
        let rows: Vec<serde_json::Value> =
            courses.iter().map(|(id, title, start)| row(id, title, start)).collect();
        let text = serde_json::to_string_pretty(&rows).unwrap();
        self.write("courses.json", &text)
    }

    /// Writes the catalogue of a `file` source, row by row as it is to stand there.
    pub(crate) fn put_courses(&self, rows: &[serde_json::Value]) {
        self.put("courses.json", serde_json::to_string(rows).unwrap());
    }

    pub(crate) fn write(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.put(path, text);
        self
    }

    pub(crate) fn put(&self, path: &str, text: impl AsRef<[u8]>) {
        let file = self.path(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn output(&self, path: &str) -> String {
        let file = self.path("output").join(path);
        fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.path("output").join(path).exists()
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Builds in this process.
    pub(crate) fn try_build(&self, options: Options) -> Result<Summary, Error> {
        let environment: Environment = self.environment.iter().cloned().collect();
        let config = Config::load(self.folder.path(), &environment)?;
        Project::new(config, Arc::new(ManualClock::new(self.now)), self.reporter.clone()).build(options)
    }

    /// Builds in this process after events that name these courses; must work.
    pub(crate) fn build_named(&self, courses: &[&str]) -> Summary {
        let environment: Environment = self.environment.iter().cloned().collect();
        let config = Config::load(self.folder.path(), &environment).unwrap();
        let courses = courses.iter().map(|id| (*id).to_owned()).collect();
        let named = Named { courses, ..Named::default() };
        let project = Project::new(config, Arc::new(ManualClock::new(self.now)), self.reporter.clone());
        project.reading_only(Some(named)).build(Options::default()).unwrap_or_else(|e| panic!("{e}"))
    }

    /// Builds in this process; must work.
    pub(crate) fn build(&self) -> Summary {
        self.try_build(Options::default()).unwrap_or_else(|e| panic!("{e}\n{:?}", e.hints()))
    }

    /// Runs the program in the site's folder, in an environment of its own.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The program in the site's folder, in an environment of its own, to be run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.environment.iter().cloned());
        command
    }

    /// All files of the output with their bytes, but those that carry the time of the sync.
    pub(crate) fn tree(&self) -> BTreeMap<String, Vec<u8>> {
        let mut tree = BTreeMap::new();
        collect(&self.path("output"), &self.path("output"), &mut |path, file| {
            tree.insert(path, fs::read(file).unwrap());
        });
        tree.remove(".sync-manifest.json");
        tree.retain(|path, _| !path.ends_with("sync-status.json") && !path.ends_with("sync-status.html"));
        tree
    }

    /// All files of the output with the time at which each was last written.
    pub(crate) fn times(&self) -> BTreeMap<String, SystemTime> {
        let mut times = BTreeMap::new();
        collect(&self.path("output"), &self.path("output"), &mut |path, file| {
            times.insert(path, fs::metadata(file).unwrap().modified().unwrap());
        });
        times
    }

    /// The paths of the files that differ between two trees.
    pub(crate) fn changed(
        before: &BTreeMap<String, Vec<u8>>,
        after: &BTreeMap<String, Vec<u8>>,
    ) -> Vec<String> {
        let paths: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        paths.into_iter().filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
    }
}

/// The program that is tested: the one beside the tests, unless `AITHER_PROGRAM` names another, such as a released one.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("AITHER_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_aither").into(), PathBuf::from)
}

/// A course as the `file` source reads it.
pub(crate) fn row(id: &str, title: &str, start: &str) -> serde_json::Value {
    let slug: String =
        title.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    serde_json::json!({
        "id": id, "title": title, "slug": slug, "level": "BEGINNER",
        "startDate": if start.is_empty() { serde_json::Value::Null } else { start.into() },
        "endDate": null, "participantCount": 3,
    })
}

fn collect(root: &Path, folder: &Path, found: &mut dyn FnMut(String, &Path)) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, found);
        } else {
            found(path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"), &path);
        }
    }
}

/// The surroundings of local files that have none: no shortcodes, no courses.
#[derive(Default)]
pub(crate) struct Alone(aither::base::highlight::Highlighter);

impl aither::source::local::Surroundings for Alone {
    fn found(&self, _: &[aither::model::document::Asset]) {}

    fn has_block(&self, _: &str) -> Option<bool> {
        None
    }

    fn suggestion(&self, _: &str) -> Option<String> {
        None
    }

    fn lacks_layout(&self, _: &str) -> Option<aither::source::local::Lacking> {
        None
    }

    fn insert(
        &self,
        _: &aither::base::markdown::Call<'_>,
        _: &aither::source::local::File<'_>,
    ) -> Result<String, String> {
        Ok(String::new())
    }

    fn courses(
        &self,
        _: &[Arc<aither::model::document::Overlay>],
        _: usize,
    ) -> std::collections::HashMap<String, String> {
        std::collections::HashMap::new()
    }

    fn toc(&self, _: &aither::model::view::List, _: usize, _: usize) -> String {
        String::new()
    }

    fn highlighter(&self) -> &aither::base::highlight::Highlighter {
        &self.0
    }
}
