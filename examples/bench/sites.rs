//! The contenders' sites over one catalogue, and the edits between builds.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Instant, SystemTime};

use tempfile::TempDir;

/// Who builds.
#[derive(Debug, Clone)]
pub(crate) enum Contender {
    /// This program.
    Aither(PathBuf),
    /// Hugo with pages made from the JSON file by a content adapter.
    HugoAdapter(PathBuf),
    /// Hugo with a Markdown file a course.
    HugoMarkdown(PathBuf),
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aither(_) => "aither",
            Self::HugoAdapter(_) => "Hugo, adapter",
            Self::HugoMarkdown(_) => "Hugo, Markdown",
        })
    }
}

impl Contender {
    /// The build command in a site's folder.
    pub(crate) fn command(&self, site: &Site) -> Command {
        match self {
            Self::Aither(program) => {
                let mut command = Command::new(program);
                command.args(["build", "--quiet"]).current_dir(&site.folder);
                command
            }
            Self::HugoAdapter(program) | Self::HugoMarkdown(program) => {
                let mut command = Command::new(program);
                command.args(["--quiet", "--destination", "output"]).current_dir(&site.folder);
                command
            }
        }
    }
}

/// What happens before a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// The output and all caches are removed.
    Cold,
    /// Nothing.
    Nothing,
    /// The title of one course changes.
    Title,
    /// The layout of the course pages changes.
    Template,
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cold => "cold",
            Self::Nothing => "no change",
            Self::Title => "one title",
            Self::Template => "one template",
        })
    }
}

/// The catalogue and a place to work.
#[derive(Debug)]
pub(crate) struct Workshop {
    folder: TempDir,
    courses: usize,
}

/// One contender's site.
#[derive(Debug)]
pub(crate) struct Site {
    folder: PathBuf,
    contender: Contender,
    courses: usize,
}

fn benches() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches")
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|e| format!("cannot run {command:?}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{command:?} failed:\n{}", String::from_utf8_lossy(&said)))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    run(Command::new("cp").arg("-r").arg(from).arg(to))
}

impl Workshop {
    pub(crate) fn new(scratch: &Path, courses: usize) -> Result<Self, String> {
        let folder = tempfile::tempdir_in(scratch).map_err(|e| format!("{}: {e}", scratch.display()))?;
        let generator = benches().join("catalogue/gen.py");
        let mut python = Command::new("python3");
        run(python
            .arg(generator)
            .arg(courses.to_string())
            .arg(folder.path())
            .args(["--formats", "json,hugo"]))?;
        Ok(Self { folder, courses })
    }

    /// How many courses there are.
    pub(crate) fn courses(&self) -> usize {
        self.courses
    }

    fn catalogue(&self) -> PathBuf {
        self.folder.path().join("courses.json")
    }

    /// Makes a contender's site.
    pub(crate) fn site(&self, contender: &Contender) -> Result<Site, String> {
        let name = contender.to_string().replace([' ', ','], "");
        let folder = self.folder.path().join(name);
        match contender {
            Contender::Aither(_) => {
                copy(&benches().join("site"), &folder)?;
                copy(&self.catalogue(), &folder.join("courses.json"))?;
            }
            Contender::HugoAdapter(_) => {
                copy(&benches().join("hugo"), &folder)?;
                run(Command::new("rm").arg("-r").arg(folder.join("content")))?;
                copy(&benches().join("hugo-adapter-content"), &folder.join("content"))?;
                fs::create_dir_all(folder.join("assets")).map_err(|e| e.to_string())?;
                copy(&self.catalogue(), &folder.join("assets/courses.json"))?;
            }
            Contender::HugoMarkdown(_) => {
                copy(&benches().join("hugo"), &folder)?;
                let from = self.folder.path().join("md/hugo/.");
                copy(&from, &folder.join("content/courses"))?;
            }
        }
        Ok(Site { folder, contender: contender.clone(), courses: self.courses })
    }

    /// Whether a build is right.
    pub(crate) fn check(&self, contender: &Contender, site: &Site) -> Result<(), String> {
        let check = benches().join("catalogue/check.py");
        let mut python = Command::new("python3");
        run(python.arg(check).arg(site.folder.join("output")).arg(self.catalogue()))
            .map_err(|trouble| format!("{contender}: {trouble}"))
    }

    /// How long the bare writing of the contender's output takes: two threads, new folders.
    pub(crate) fn floor(&self, contender: &Contender) -> Result<f64, String> {
        let site = self.site(contender)?;
        run(&mut contender.command(&site))?;
        let mut files = Vec::new();
        for path in site.stamps().into_keys() {
            let bytes = fs::read(site.folder.join("output").join(&path)).map_err(|e| e.to_string())?;
            files.push((path, bytes));
        }
        let target = self.folder.path().join("floor");
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for half in files.chunks(files.len().div_ceil(2).max(1)) {
                let target = &target;
                scope.spawn(move || {
                    for (path, bytes) in half {
                        let file = target.join(path);
                        if let Some(folder) = file.parent() {
                            let _ = fs::create_dir_all(folder);
                        }
                        let _ = fs::write(file, bytes);
                    }
                });
            }
        });
        let seconds = begun.elapsed().as_secs_f64();
        run(Command::new("rm").arg("-rf").arg(&target).arg(&site.folder))?;
        Ok(seconds)
    }
}

impl Site {
    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// One of its files.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// The slug of a course in the middle.
    pub(crate) fn course(&self) -> Result<String, String> {
        let catalogue = self.folder.with_file_name("courses.json");
        let text = fs::read_to_string(&catalogue).map_err(|e| format!("{}: {e}", catalogue.display()))?;
        let at = text.find(&format!("{{\"id\": {},", self.courses / 2)).ok_or("no such course")?;
        let key = "\"slug\": \"";
        let from = at + text[at..].find(key).ok_or("no slug")? + key.len();
        Ok(text[from..].chars().take_while(|c| *c != '"').collect())
    }

    /// The files of the output, with what tells a file that was written from one that was not.
    pub(crate) fn stamps(&self) -> BTreeMap<PathBuf, (SystemTime, u64)> {
        use std::os::unix::fs::MetadataExt as _;
        let output = self.folder.join("output");
        let mut stamps = BTreeMap::new();
        for entry in walkdir::WalkDir::new(&output).into_iter().flatten().filter(|e| e.file_type().is_file())
        {
            let (Ok(metadata), Ok(path)) = (entry.metadata(), entry.path().strip_prefix(&output)) else {
                continue;
            };
            stamps.insert(
                path.to_owned(),
                (metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.ino()),
            );
        }
        stamps
    }

    /// How many files are new or other than in `before`.
    pub(crate) fn written_since(&self, before: &BTreeMap<PathBuf, (SystemTime, u64)>) -> usize {
        self.stamps().into_iter().filter(|(path, stamp)| before.get(path) != Some(stamp)).count()
    }

    /// Makes an edit; `run` makes each of several edits another one.
    pub(crate) fn edit(&mut self, edit: Edit, number: usize) -> Result<(), String> {
        match edit {
            Edit::Nothing => Ok(()),
            Edit::Cold => {
                let mut remove = Command::new("rm");
                remove.arg("-rf").current_dir(&self.folder).args([
                    "output",
                    ".aither",
                    "resources",
                    ".hugo_build.lock",
                ]);
                run(&mut remove)
            }
            Edit::Title => self.edit_title(number),
            Edit::Template => self.edit_template(number),
        }
    }

    /// Changes the title of a course in the middle, whose slug stays.
    fn edit_title(&self, number: usize) -> Result<(), String> {
        let file = match &self.contender {
            Contender::Aither(_) => self.folder.join("courses.json"),
            Contender::HugoAdapter(_) => self.folder.join("assets/courses.json"),
            Contender::HugoMarkdown(_) => {
                let pages = fs::read_dir(self.folder.join("content/courses")).map_err(|e| e.to_string())?;
                let end = format!("-{}.md", self.courses / 2);
                let mut names = pages.flatten().map(|entry| entry.path());
                names.find(|path| path.to_string_lossy().ends_with(&end)).ok_or("no such course")?
            }
        };
        let text = fs::read_to_string(&file).map_err(|e| e.to_string())?;
        let (from, key) = match &self.contender {
            Contender::HugoMarkdown(_) => (0, "title = \""),
            _ => (
                text.find(&format!("{{\"id\": {},", self.courses / 2)).ok_or("no such course")?,
                "\"title\": \"",
            ),
        };
        let at = from + text[from..].find(key).ok_or("no title")? + key.len();
        let changed = format!("{}Edited{number} {}", &text[..at], &text[at..]);
        fs::write(&file, changed).map_err(|e| e.to_string())
    }

    fn edit_template(&self, number: usize) -> Result<(), String> {
        let file = match &self.contender {
            Contender::Aither(_) => self.folder.join("themes/bench/layouts/course.liquid"),
            _ => self.folder.join("layouts/courses/page.html"),
        };
        let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let changed = text.replacen("<article", &format!("<!-- edit {number} --><article"), 1);
        fs::write(&file, changed).map_err(|e| e.to_string())
    }
}
