//! Begins sites and content files.
use crate::base::clock::Clock;
use crate::config::Config;
use crate::error::Result;
use std::path::{Path, PathBuf};
/// Writes a small working site.
pub fn init(_: &Path) -> Result<Vec<PathBuf>> {
    Ok(vec![])
}
/// Writes a content file.
pub fn new(_: &Config, _: &str, _: &dyn Clock) -> Result<PathBuf> {
    Ok(PathBuf::new())
}
