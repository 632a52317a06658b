//! Exit codes. From 64 on they are those of `sysexits.h`.

use crate::error::Kind;

/// All went well.
pub(super) const SUCCESS: u8 = 0;
/// The command line or the configuration is wrong.
pub(super) const USAGE: u8 = 2;

/// The exit code of an error.
pub(super) fn code(kind: Kind) -> u8 {
    match kind {
        Kind::Content | Kind::Template | Kind::Privacy | Kind::Io | Kind::NotFound => 1,
        Kind::Config => USAGE,
        Kind::Refused => 65,
        Kind::Unavailable => 69,
        Kind::Busy => 75,
        Kind::Credentials => 77,
    }
}

/// What `--help` says about them.
pub(super) const HELP: &str = "\
Exit codes:
   0  the site is up to date
   1  the build failed: content, templates, files
   2  wrong usage or configuration
  65  the source's data was refused: garbage, cut off, or shrunk
  69  the source is not available
  75  another build or sync is under way
  77  the source refuses the credentials
Whatever the code, the last good site stays in place unless it is 0.";
