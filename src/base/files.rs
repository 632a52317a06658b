//! Files: every error names its path, every write is whole or not there.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::digest::Fingerprint;
use crate::error::{Error, Kind, Result};

mod folder;
mod lock;
mod pending;
mod pieces;
mod temporary;

pub use folder::{Folder, Looks};
pub use lock::Lock;
pub use pending::Pending;
pub use pieces::{Growing, PIECE, Reread, copy_and_look, digest, fingerprint, read_from, read_part};
use temporary::temporary_of;
pub use temporary::{remove_left_temporaries, remove_temporaries};

/// An [`Kind::Io`] error that says what was tried on which path.
pub fn io_error(doing: &str, path: &Path, cause: io::Error) -> Error {
    let hint = match cause.kind() {
        io::ErrorKind::PermissionDenied => Some("check the permissions of the file and of its folder"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("free some space on that disk and run again")
        }
        io::ErrorKind::ReadOnlyFilesystem => Some("the file system is mounted read-only"),
        _ => None,
    };
    Error::new(Kind::Io, format!("cannot {doing} {}: {cause}", path.display()))
        .maybe_hint(hint)
        .caused_by(cause)
}

/// Whether the disk took nothing: it is full, or read-only by now. Once it is well again, the same may work.
pub fn is_full(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        let kind = one.downcast_ref::<io::Error>().map(io::Error::kind);
        let full =
            [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::ReadOnlyFilesystem];
        if kind.is_some_and(|kind| full.contains(&kind)) {
            return true;
        }
        cause = one.source();
    }
    false
}

/// The whole file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| io_error("read", path, e))
}

/// The whole file, or nothing where there is none.
pub fn read_if_present(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(io_error("read", path, e)),
    }
}

/// A file that is read bit by bit, and how long it is; nothing where there is none.
pub fn open_if_present(path: &Path) -> Result<Option<(File, u64)>> {
    match File::open(path).and_then(|file| Ok((file.metadata()?.len(), file))) {
        Ok((length, file)) => Ok(Some((file, length))),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(io_error("read", path, e)),
    }
}

/// The whole file as text; text that is not UTF-8 is an error that says at which byte.
pub fn read_text(path: &Path) -> Result<String> {
    let bytes = read(path)?;
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        Error::new(Kind::Content, format!("{} is not UTF-8 text (byte {at})", path.display()))
            .hint("save the file as UTF-8")
    })
}

/// At most `limit` bytes of a file; a longer file is an error.
pub fn read_capped(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(|e| io_error("read", path, e))?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| io_error("read", path, e))?;
    if bytes.len() as u64 > limit {
        return Err(Error::new(Kind::Content, format!("{} is larger than {limit} bytes", path.display())));
    }
    Ok(bytes)
}

/// Makes a folder and those above it.
#[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
pub fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| io_error("create the folder", path, e))
}

/// Makes a folder that only the owner of the process may enter, and closes one that is there already.
pub fn private_folder(path: &Path) -> Result<()> {
    create_folder(path)?;
    close_to_others(path, 0o700)
}

/// Takes from others what they may do with a file or folder, if it is ours: that of somebody else is theirs to close.
#[cfg(unix)]
fn close_to_others(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let known = fs::metadata(path).map_err(|e| io_error("look at", path, e))?.permissions().mode();
    if known & 0o077 == 0 {
        return Ok(());
    }
    match fs::set_permissions(path, fs::Permissions::from_mode(mode)) {
        Err(e)
            if !matches!(e.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) =>
        {
            Err(io_error("protect", path, e))
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn close_to_others(_: &Path, _: u32) -> Result<()> {
    Ok(())
}

/// Writes a file in place, its folder included. Only for a path that nothing reads yet.
#[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    match fs::write(path, bytes) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                create_folder(folder)?;
            }
            fs::write(path, bytes).map_err(|e| io_error("write", path, e))
        }
        other => other.map_err(|e| io_error("write", path, e)),
    }
}

/// The same, and tells how the file looks then.
#[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
pub fn write_new_and_look(path: &Path, bytes: &[u8]) -> Result<fs::Metadata> {
    let write = || -> io::Result<fs::Metadata> {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.metadata()
    };
    match write() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                create_folder(folder)?;
            }
            write().map_err(|e| io_error("write", path, e))
        }
        other => other.map_err(|e| io_error("write", path, e)),
    }
}

/// The same for a file whose folder is likely to be missing as well: it is made first, unless this thread has just written
/// there. Thousands of attempts that fail take their time.
#[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
pub fn write_fresh_and_look(path: &Path, bytes: &[u8]) -> Result<fs::Metadata> {
    thread_local! {
        static LAST: RefCell<PathBuf> = RefCell::default();
    }
    LAST.with_borrow_mut(|last| {
        if let Some(folder) = path.parent()
            && folder != last
        {
            // Whatever is wrong with it is told when the file is written.
            let _ = fs::create_dir(folder);
            folder.clone_into(last);
        }
    });
    write_new_and_look(path, bytes)
}

/// Whether there is nothing in a folder, or no folder.
pub fn is_blank(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(e) => e.kind() == io::ErrorKind::NotFound,
    }
}

/// Writes a file that must not be there yet, its folder included: whatever is there already stays as it is.
pub fn create(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let created = File::options().write(true).create_new(true).open(path);
    created.and_then(|mut file| file.write_all(bytes)).map_err(|e| io_error("create", path, e))
}

/// Replaces a file by a whole new one: a temporary file beside it, flushed to the disk, then renamed. Readers see the
/// old bytes or the new ones, also after a power cut.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    Pending::begin(path, bytes)?.put(&[])
}

/// The same without a flush, for a file that may be thrown away and that tells whether it is whole.
#[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
pub fn replace_lightly(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = temporary_of(path);
    write_new(&temporary, bytes)?;
    rename(&temporary, path).inspect_err(|_| drop(fs::remove_file(&temporary)))
}

/// The same for a file that only the owner of the process may read, in folders from `top` on that only they may enter.
#[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
pub fn replace_private(top: &Path, path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(top);
    create_folder(folder)?;
    for own in folder.ancestors().take_while(|own| own.starts_with(top)) {
        restrict(own, 0o700)?;
    }
    let temporary = temporary_of(path);
    let write = || -> Result<()> {
        // Nobody may read it for a moment either: it is theirs before there is anything in it.
        let made = File::create(&temporary).map_err(|e| io_error("create", &temporary, e))?;
        restrict(&temporary, 0o600)?;
        let mut file = made;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        written.and_then(|()| fs::rename(&temporary, path)).map_err(|e| io_error("write", path, e))
    };
    write().inspect_err(|_| drop(fs::remove_file(&temporary)))
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(|e| io_error("protect", path, e))
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) -> Result<()> {
    Ok(())
}

/// Adds bytes at the end of a file and flushes them to the disk; makes the file where there is none.
pub fn append(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let write = || -> io::Result<()> {
        let mut file = File::options().create(true).append(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_data()
    };
    write().map_err(|e| io_error("write", path, e))
}

/// Adds bytes to a file that may be thrown away and that tells how much of it is whole, if it is as long as it was seen to be.
/// Nothing is flushed.
pub fn append_lightly(path: &Path, length: usize, bytes: &[u8]) -> Result<()> {
    let write = || -> io::Result<()> {
        let mut file = File::options().append(true).open(path)?;
        if file.metadata()?.len() == length as u64 { file.write_all(bytes) } else { Ok(()) }
    };
    write().map_err(|e| io_error("write", path, e))
}

/// Writes bytes at this place of a file, which is to be its end, and flushes them to the disk; makes the file where there
/// is none. Whatever stood behind that place is cut off, and after an error the file ends there as well, if it can.
pub fn append_at(path: &Path, at: u64, bytes: &[u8]) -> Result<()> {
    use std::io::{Seek as _, SeekFrom};
    let folder = path.parent().unwrap_or(Path::new("."));
    create_folder(folder)?;
    let is_new = !path.exists();
    let write = || -> io::Result<()> {
        let mut file = File::options().create(true).truncate(false).write(true).open(path)?;
        file.set_len(at)?;
        file.seek(SeekFrom::Start(at))?;
        if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_data()) {
            let _ = file.set_len(at);
            return Err(error);
        }
        Ok(())
    };
    write().map_err(|e| io_error("write", path, e))?;
    if is_new {
        flush_folder(folder);
    }
    Ok(())
}

/// What tells a file from another one that took its name, and its length; nothing and 0 where there is none.
pub fn identity(path: &Path) -> (Option<u64>, u64) {
    let Ok(metadata) = fs::metadata(path) else { return (None, 0) };
    // A number of a file that is gone is given out again; the time at which a file was made is not.
    let made = metadata.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let number = made.map_or(0, |made| made.as_nanos() as u64);
    #[cfg(unix)]
    let number =
        Fingerprint::new(41).number(number).number(std::os::unix::fs::MetadataExt::ino(&metadata)).get();
    (Some(number), metadata.len())
}

/// Gives a file a second name: both name the same bytes, and the one stays when the other is replaced or removed.
pub fn link(from: &Path, to: &Path) -> Result<()> {
    fs::hard_link(from, to).map_err(|e| io_error("link", from, e))
}

/// Renames a file over another.
#[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    match fs::rename(from, to) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            if let Some(folder) = to.parent() {
                create_folder(folder)?;
            }
            fs::rename(from, to).map_err(|e| io_error("put in place", to, e))
        }
        other => other.map_err(|e| io_error("put in place", to, e)),
    }
}

/// Removes a file; one that is not there is fine.
#[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if !matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Err(io_error("remove", path, e))
        }
        _ => Ok(()),
    }
}

/// Removes a folder and all that is in it; one that is not there is fine.
#[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
pub fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error("remove the folder", path, e)),
        _ => Ok(()),
    }
}

/// Removes a folder if it is empty, and says whether it did.
#[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
pub fn remove_empty_folder(path: &Path) -> bool {
    fs::remove_dir(path).is_ok()
}

/// Whether a path is a folder that holds nothing but folders, hidden ones included.
pub fn is_hollow(path: &Path) -> bool {
    let mut all = walkdir::WalkDir::new(path).into_iter();
    all.all(|entry| entry.is_ok_and(|entry| entry.file_type().is_dir()))
}

/// Removes a folder that holds nothing but folders, and says whether it did.
#[expect(clippy::disallowed_methods, reason = "this is the room that they are reserved for")]
pub fn remove_hollow_folder(path: &Path) -> bool {
    let all = walkdir::WalkDir::new(path).contents_first(true);
    is_hollow(path) && all.into_iter().flatten().all(|entry| fs::remove_dir(entry.path()).is_ok())
}

/// Flushes a file's bytes to the disk.
pub fn flush_file(path: &Path) -> Result<()> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|e| io_error("flush", path, e))
}

/// Flushes a folder's entries to the disk, where the system can; where not, the rename is still atomic.
pub fn flush_folder(path: &Path) {
    if let Ok(folder) = File::open(path) {
        let _ = folder.sync_all();
    }
}

/// Flushes everything on the file system that holds `path`: cheaper than many single flushes.
pub fn flush_file_system(path: &Path) -> Result<()> {
    let folder = File::open(path).map_err(|e| io_error("open", path, e))?;
    #[cfg(target_os = "linux")]
    return rustix::fs::syncfs(&folder).map_err(|e| io_error("flush", path, e.into()));
    #[cfg(not(target_os = "linux"))]
    folder.sync_all().map_err(|e| io_error("flush", path, e))
}

/// All files below `root`, as paths relative to it, sorted; names that begin with a dot, and links that lead out of
/// `root`, are left out. Nothing where there is no such folder.
pub fn walk(root: &Path) -> Result<Vec<PathBuf>> {
    Ok(walk_and_tell(root)?.0)
}

/// The same, and beside the files the links that were not followed: to folders, to nothing, or out of `root`.
pub fn walk_and_tell(root: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    if !root.exists() {
        return Ok((Vec::new(), Vec::new()));
    }
    let hidden =
        |entry: &walkdir::DirEntry| entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.');
    let (mut files, mut links) = (Vec::new(), Vec::new());
    for entry in walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(|e| !hidden(e)) {
        let entry = entry.map_err(|e| {
            let path = e.path().unwrap_or(root).to_owned();
            io_error("read", &path, e.into())
        })?;
        let Ok(relative) = entry.path().strip_prefix(root) else { continue };
        let is_link = entry.depth() > 0 && entry.path_is_symlink();
        if entry.file_type().is_file()
            || (is_link && entry.path().is_file() && stays_inside(root, entry.path()))
        {
            files.push(relative.to_owned());
        } else if is_link {
            links.push(relative.to_owned());
        }
    }
    Ok((files, links))
}

/// Whether `path`, with all links followed, lies below `root`.
pub fn stays_inside(root: &Path, path: &Path) -> bool {
    match (root.canonicalize(), path.canonicalize()) {
        (Ok(root), Ok(path)) => path.starts_with(root),
        _ => false,
    }
}

/// How files look without being read: path, size, times and number of each. A file that was written to has another
/// time of change, which no program can set.
#[derive(Debug)]
pub struct Stamps {
    mark: Fingerprint,
    newest: i64,
}

impl Default for Stamps {
    fn default() -> Self {
        Self { mark: Fingerprint::new(31), newest: i64::MIN }
    }
}

impl Stamps {
    /// Adds a file, or its absence.
    pub fn file(&mut self, path: &Path) {
        self.mark = self.mark.text(&path.to_string_lossy());
        match fs::metadata(path) {
            Ok(metadata) => self.add(&metadata),
            Err(_) => self.mark = self.mark.number(0),
        }
    }

    /// Adds a folder with all that is in it, hidden files and links as well; its absence counts, too.
    pub fn folder(&mut self, root: &Path) {
        for entry in walkdir::WalkDir::new(root).follow_links(true).sort_by_file_name() {
            match entry.as_ref().map(|entry| (entry.path(), entry.metadata())) {
                Ok((path, Ok(metadata))) => {
                    self.mark = self.mark.text(&path.to_string_lossy());
                    self.add(&metadata);
                }
                _ => self.mark = self.mark.number(0),
            }
        }
    }

    fn add(&mut self, metadata: &fs::Metadata) {
        let since = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let modified = since.unwrap_or_default();
        let seconds = i64::try_from(modified.as_secs()).unwrap_or(i64::MAX);
        self.newest = self.newest.max(seconds);
        self.mark = self.mark.number(metadata.len()).number(modified.as_nanos() as u64);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            self.newest = self.newest.max(metadata.ctime());
            self.mark = self.mark.number(metadata.ctime() as u64).number(metadata.ctime_nsec() as u64);
            self.mark = self.mark.number(metadata.ino());
        }
    }

    /// A quick hash of all of it.
    pub fn hash(&self) -> u64 {
        self.mark.get()
    }

    /// When the newest of the files changed, in seconds since 1970.
    pub fn newest(&self) -> i64 {
        self.newest
    }
}

/// A relative path with `/` between its parts, as it stands in addresses and manifests.
pub fn slashed(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}
