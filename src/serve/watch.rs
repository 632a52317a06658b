//! Notices that files of the site have changed.
//!
//! What the system says is a hint, no more: events are lost when its queue overflows, and files that come with a new
//! folder are not told of at all if they are quicker than its watch. So every hint leads to a look at the files, and what counts is
//! whether their bytes differ. Network and container mounts send no hints; there the look is taken now and then.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime};

use notify::event::{CreateKind, EventKind, ModifyKind, RemoveKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

mod tree;

use tree::Tree;

/// What is to be watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watching {
    /// The site's folder: the files right in it, whatever else is in there.
    pub root: PathBuf,
    /// Single files that count: `aither.toml`, a file of courses.
    pub files: Vec<PathBuf>,
    /// Folders with all that is in them; they need not exist.
    pub folders: Vec<PathBuf>,
    /// Look now and then instead of waiting for hints.
    pub poll: bool,
}

/// No more hints for this long, and the files are looked at.
const QUIET: Duration = Duration::from_millis(20);
/// The look is taken after this long, however many hints still come.
const CEILING: Duration = Duration::from_millis(200);
/// How often to look where no hints come, and how long after a new folder to look once more.
const POLL: Duration = Duration::from_millis(400);
/// How often to see whether the server still runs.
const BREATH: Duration = Duration::from_secs(1);
/// More hints than this at once, and everything is looked at: a branch was switched.
const MANY: usize = 500;

/// A watch that has begun: whatever changes from now on will be told of.
pub(super) struct Watch {
    watching: Watching,
    hints: Hints,
    tree: Tree,
}

impl Watch {
    /// Begins. Whoever builds the site after this misses nothing; nobody waits until files are read.
    pub(super) fn begin(watching: Watching, remark: &dyn Fn(&str)) -> Self {
        // Watched first, looked at then: what changes in between leaves a hint.
        let hints = Hints::new(&watching, remark);
        let tree = Tree::glance(&watching);
        Self { watching, hints, tree }
    }
}

/// Watches until `goes_on` says no more; tells which files have other bytes than before, and when the first sign came.
/// What is to be watched is asked `again` after a change of the configuration, which may name other folders.
pub(super) fn run(
    watch: Watch,
    again: &dyn Fn() -> Option<Watching>,
    remark: &dyn Fn(&str),
    goes_on: &dyn Fn() -> bool,
    tell: &dyn Fn(Vec<PathBuf>, Instant),
) {
    let Watch { mut watching, mut hints, mut tree } = watch;
    let settings = watching.root.join("aither.toml");
    tree.read();
    while goes_on() {
        let Some((batch, since)) = hints.next() else { continue };
        hints.follow(&watching);
        let mut changed = tree.compare(&watching, batch.as_ref());
        if changed.contains(&settings)
            && let Some(other) = again().filter(|other| *other != watching)
        {
            watching = other;
            hints = Hints::new(&watching, remark);
            changed.extend(tree.compare(&watching, None));
        }
        if !changed.is_empty() {
            tell(changed.into_iter().collect(), since);
        }
    }
}

/// Where hints come from.
struct Hints {
    watcher: Option<RecommendedWatcher>,
    events: Receiver<notify::Result<notify::Event>>,
    /// The folders that are watched, each with what tells it from another one of that name.
    followed: BTreeMap<PathBuf, Option<SystemTime>>,
    /// When to look at everything once more.
    again: Option<Instant>,
}

impl Hints {
    fn new(watching: &Watching, remark: &dyn Fn(&str)) -> Self {
        let (sender, events) = channel();
        let mut hints = Self { watcher: None, events, followed: BTreeMap::new(), again: None };
        let is_far_away = is_far_away(&watching.root);
        if is_far_away && !watching.poll {
            remark(
                "the files lie on a network or on the host of a container, where the system does not tell of changes; looking at them now and then instead",
            );
        }
        if watching.poll || is_far_away {
            return hints;
        }
        let config = notify::Config::default().with_follow_symlinks(false);
        let made = RecommendedWatcher::new(move |event| drop(sender.send(event)), config);
        let watched = made.and_then(|mut watcher| {
            watcher.watch(&watching.root, RecursiveMode::NonRecursive)?;
            hints.watcher = Some(watcher);
            hints.try_follow(watching)
        });
        if let Err(error) = watched {
            hints.watcher = None;
            remark(&format!(
                "the system cannot watch the files ({error}); looking at them now and then instead"
            ));
        }
        hints
    }

    /// Watches folders that have appeared, or that are others than before.
    fn follow(&mut self, watching: &Watching) {
        if self.try_follow(watching).is_err() {
            self.watcher = None;
        }
    }

    fn try_follow(&mut self, watching: &Watching) -> notify::Result<()> {
        let Some(watcher) = &mut self.watcher else { return Ok(()) };
        // Of the folders of single files nothing else counts.
        let parents = watching.files.iter().filter_map(|file| file.parent());
        let parents: BTreeSet<&Path> = parents.filter(|parent| *parent != watching.root).collect();
        let parents = parents.into_iter().filter(|parent| !watching.folders.iter().any(|f| f == parent));
        let folders = watching.folders.iter().map(|folder| (folder.as_path(), RecursiveMode::Recursive));
        for (folder, mode) in folders.chain(parents.map(|parent| (parent, RecursiveMode::NonRecursive))) {
            let identity = std::fs::metadata(folder).ok().map(|metadata| metadata.created().ok());
            match (self.followed.get(folder), identity) {
                (known, Some(created)) if known != Some(&created) => {
                    let _ = watcher.unwatch(folder);
                    watcher.watch(folder, mode)?;
                    self.followed.insert(folder.to_owned(), created);
                    self.again = Some(Instant::now() + POLL);
                }
                (Some(_), None) => {
                    let _ = watcher.unwatch(folder);
                    self.followed.remove(folder);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Waits for hints, and for the end of their rain. The paths that they name, or nothing for all; and when the first
    /// came.
    fn next(&mut self) -> Option<(Option<BTreeSet<PathBuf>>, Instant)> {
        if self.watcher.is_none() {
            // Nobody sends: this is waiting.
            let (_hold, silence) = channel::<()>();
            let _ = silence.recv_timeout(POLL);
            return Some((None, Instant::now()));
        }
        let now = Instant::now();
        let wait = self.again.map_or(BREATH, |at| at.saturating_duration_since(now).min(BREATH));
        let first = match self.events.recv_timeout(wait) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => {
                let due = self.again.is_some_and(|at| at <= Instant::now());
                return due.then(|| {
                    self.again = None;
                    (None, Instant::now())
                });
            }
            Err(RecvTimeoutError::Disconnected) => {
                self.watcher = None;
                return None;
            }
        };
        let since = Instant::now();
        let mut batch = Batch::default();
        batch.add(first);
        while since.elapsed() < CEILING {
            match self.events.recv_timeout(QUIET) {
                Ok(event) => batch.add(event),
                Err(_) => break,
            }
        }
        if batch.has_folders {
            self.again = Some(Instant::now() + POLL);
        }
        batch.paths().map(|paths| (paths, since))
    }
}

/// Hints that came together.
#[derive(Default)]
struct Batch {
    paths: BTreeSet<PathBuf>,
    everything: bool,
    has_folders: bool,
}

impl Batch {
    fn add(&mut self, event: notify::Result<notify::Event>) {
        let Ok(event) = event else {
            self.everything = true;
            return;
        };
        self.everything |= event.need_rescan();
        match event.kind {
            // Reading a file, as we do, is no change of it.
            EventKind::Access(_) => return,
            EventKind::Create(CreateKind::Folder) | EventKind::Remove(RemoveKind::Folder) => {
                self.has_folders = true;
                self.everything = true;
            }
            // A folder that was renamed is told like a file.
            EventKind::Modify(ModifyKind::Name(_)) if !event.paths.iter().all(|path| path.is_file()) => {
                self.has_folders |= event.paths.iter().any(|path| path.is_dir());
                self.everything |= event.paths.iter().any(|path| path.is_dir() || path.extension().is_none());
            }
            _ => {}
        }
        self.paths.extend(event.paths);
    }

    fn paths(self) -> Option<Option<BTreeSet<PathBuf>>> {
        match self.everything || self.paths.len() > MANY {
            true => Some(None),
            false => Some(self.paths).filter(|paths| !paths.is_empty()).map(Some),
        }
    }
}

/// Whether a folder lies where the kernel does not see others write: on a network, or on the host of a container.
fn is_far_away(folder: &Path) -> bool {
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    {
        // From `linux/magic.h`: NFS, SMB, CIFS, SMB2, 9P, FUSE and virtiofs, VirtualBox, Ceph.
        const FAR: [i64; 8] =
            [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x0102_1997, 0x6573_5546, 0x786f_4256, 0x00c3_6400];
        rustix::fs::statfs(folder).is_ok_and(|about| {
            let kind = about.f_type & 0xffff_ffff;
            FAR.contains(&kind)
        })
    }
    #[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
    {
        let _ = folder;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::files;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::Receiver;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// Runs a watch over a temporary site while `edit` changes it and asks what was noticed.
    fn watched(poll: bool, edit: impl FnOnce(&Path, &Receiver<Vec<PathBuf>>)) {
        let root = tempfile::tempdir().unwrap();
        let root_path = root.path().canonicalize().unwrap();
        files::write_new(&root_path.join("content/a.md"), b"a").unwrap();
        files::write_new(&root_path.join("aither.toml"), b"").unwrap();
        let watching = Watching {
            root: root_path.clone(),
            files: vec![root_path.join("aither.toml"), root_path.join("feed/courses.json")],
            folders: vec![root_path.join("content"), root_path.join("templates")],
            poll,
        };
        let goes_on = AtomicBool::new(true);
        let (ready, is_ready) = channel();
        let (sender, told) = channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let begun = std::cell::Cell::new(false);
                let goes_on = || {
                    if !begun.replace(true) {
                        ready.send(()).unwrap();
                    }
                    goes_on.load(Ordering::Relaxed)
                };
                let watch = Watch::begin(watching.clone(), &|_| {});
                run(watch, &|| None, &|_| {}, &goes_on, &|paths, _| drop(sender.send(paths)));
            });
            is_ready.recv_timeout(PATIENCE).unwrap();
            edit(&root_path, &told);
            goes_on.store(false, Ordering::Relaxed);
        });
    }

    /// Waits until exactly these paths have been told of, in however many parts.
    fn expect(root: &Path, told: &Receiver<Vec<PathBuf>>, paths: &[&str]) {
        let mut left: BTreeSet<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
        while !left.is_empty() {
            let some = told.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("nobody tells of {left:?}"));
            for path in some {
                assert!(left.remove(&path) || paths.iter().any(|known| root.join(known) == path), "{path:?}");
            }
        }
    }

    #[test]
    fn what_changes_between_its_begin_and_its_first_look_is_told() {
        for poll in [false, true] {
            let root = tempfile::tempdir().unwrap();
            let root = root.path().canonicalize().unwrap();
            let put = |path: &str, text: &str| files::write_new(&root.join(path), text.as_bytes()).unwrap();
            ["a", "b", "c"].iter().for_each(|name| put(&format!("content/{name}.md"), name));
            let folders = vec![root.join("content")];
            let watching = Watching { root: root.clone(), files: Vec::new(), folders, poll };
            let watch = Watch::begin(watching, &|_| {});
            put("content/a.md", "new");
            put("content/d.md", "new");
            files::remove(&root.join("content/b.md")).unwrap();
            let told = std::cell::RefCell::new(BTreeSet::new());
            let expected: BTreeSet<PathBuf> =
                ["a", "b", "d"].iter().map(|name| root.join(format!("content/{name}.md"))).collect();
            let begun = Instant::now();
            let goes_on = || {
                assert!(begun.elapsed() < PATIENCE, "{:?}", told.borrow());
                *told.borrow() != expected
            };
            run(watch, &|| None, &|_| {}, &goes_on, &|paths, _| told.borrow_mut().extend(paths));
        }
    }

    fn edits(root: &Path, told: &Receiver<Vec<PathBuf>>) {
        let put = |path: &str, text: &str| files::write_new(&root.join(path), text.as_bytes()).unwrap();
        put("content/a.md", "new");
        expect(root, told, &["content/a.md"]);
        // An editor's atomic save.
        files::replace(&root.join("content/a.md"), b"newer").unwrap();
        expect(root, told, &["content/a.md"]);
        // Saved without a change, and a change of a file that does not count: neither is told.
        files::replace(&root.join("content/a.md"), b"newer").unwrap();
        put("other.txt", "x");
        put("content/.hidden", "x");
        put("aither.toml", "x");
        expect(root, told, &["aither.toml"]);
        // New folders, deep and quick.
        put("content/x/y/z/deep.md", "x");
        put("content/x/y/b.md", "x");
        expect(root, told, &["content/x/y/z/deep.md", "content/x/y/b.md"]);
        put("content/x/y/z/deep.md", "y");
        expect(root, told, &["content/x/y/z/deep.md"]);
        // A folder is renamed, one that was not there appears, one goes.
        files::rename(&root.join("content/x/y"), &root.join("content/x/w")).unwrap();
        expect(
            root,
            told,
            &["content/x/y/z/deep.md", "content/x/y/b.md", "content/x/w/z/deep.md", "content/x/w/b.md"],
        );
        put("templates/base.liquid", "x");
        expect(root, told, &["templates/base.liquid"]);
        put("templates/base.liquid", "y");
        expect(root, told, &["templates/base.liquid"]);
        files::remove_folder(&root.join("templates")).unwrap();
        expect(root, told, &["templates/base.liquid"]);
        // A folder whose name looks like a file's is moved away, to where nobody watches.
        put("content/v1.2/a.md", "x");
        expect(root, told, &["content/v1.2/a.md"]);
        files::rename(&root.join("content/v1.2"), &root.join("away")).unwrap();
        expect(root, told, &["content/v1.2/a.md"]);
        // Other bytes of the same length and time, as a copy with its old time has them.
        let time = std::fs::metadata(root.join("content/a.md")).unwrap().modified().unwrap();
        files::write_new(&root.join("copy"), b"NEWER").unwrap();
        std::fs::File::options().append(true).open(root.join("copy")).unwrap().set_modified(time).unwrap();
        files::rename(&root.join("copy"), &root.join("content/a.md")).unwrap();
        expect(root, told, &["content/a.md"]);
        // The folder of a single file comes late, goes, and comes again.
        for text in ["one", "two"] {
            put("feed/courses.json", text);
            expect(root, told, &["feed/courses.json"]);
            put("feed/courses.json", &format!("{text}, edited"));
            expect(root, told, &["feed/courses.json"]);
            files::rename(&root.join("feed"), &root.join(format!("feed.{text}"))).unwrap();
            expect(root, told, &["feed/courses.json"]);
        }
        put("templates/base.liquid", "z");
        expect(root, told, &["templates/base.liquid"]);
        // A branch is switched.
        let many: Vec<String> = (0..2_000).map(|n| format!("content/many/{n}.md")).collect();
        many.iter().for_each(|path| put(path, "x"));
        expect(root, told, &many.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn when_hints_were_lost_everything_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let watching =
            Watching { root: folder.path().to_owned(), files: Vec::new(), folders: Vec::new(), poll: false };
        let mut hints = Hints::new(&watching, &|_| {});
        let (sender, events) = channel();
        hints.events = events;
        let hint = |path: &str| notify::Event::new(EventKind::Any).add_path(path.into());
        let lost = || notify::Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan);
        let heard: [Vec<notify::Result<notify::Event>>; 3] = [
            vec![Ok(hint("a")), Ok(lost())],
            vec![Err(notify::Error::generic("the queue overflowed")), Ok(hint("a"))],
            (0..=MANY).map(|n| Ok(hint(&n.to_string()))).collect(),
        ];
        for batch in heard {
            batch.into_iter().for_each(|event| sender.send(event).unwrap());
            assert_eq!(hints.next().unwrap().0, None);
        }
        sender.send(Ok(hint("a"))).unwrap();
        assert_eq!(hints.next().unwrap().0, Some(BTreeSet::from(["a".into()])));
    }

    #[test]
    fn changes_are_noticed_by_hints() {
        watched(false, edits);
    }

    #[test]
    fn changes_are_noticed_by_looking() {
        watched(true, edits);
    }
}
