//! How files look on the disk: enough of it to tell that nobody touched them.

use std::fs::Metadata;

use crate::base::codec::{Reader, Writer};
use crate::base::files::Looks;

/// Enough of a file's metadata to tell that nobody touched it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stamp {
    pub(super) size: u64,
    /// Nanoseconds since the epoch.
    pub(super) modified: u64,
    /// When anything about the file last changed, in the same way; no program can set it. Nothing where the system has no
    /// such time.
    pub(super) changed: u64,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let modified = since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
        #[cfg(unix)]
        let changed = {
            use std::os::unix::fs::MetadataExt as _;
            (metadata.ctime() as u64).wrapping_mul(1_000_000_000).wrapping_add(metadata.ctime_nsec() as u64)
        };
        #[cfg(not(unix))]
        let changed = 0;
        Self { size: metadata.len(), modified, changed }
    }
}

impl Stamp {
    pub(super) fn write(self, out: &mut Writer) {
        out.length(usize::try_from(self.size).unwrap_or(usize::MAX));
        out.u64(self.modified);
        out.u64(self.changed);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self { size: reader.length()? as u64, modified: reader.u64()?, changed: reader.u64()? })
    }
}

impl From<Looks> for Stamp {
    fn from(Looks { size, modified, changed }: Looks) -> Self {
        Self { size, modified, changed }
    }
}
