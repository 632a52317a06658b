//! Where the folders of a site are, and that the output can do no harm where it is.

use std::path::{Component, Path, PathBuf};

/// A path below `root`, or an absolute one, without `.` and `..`.
pub(super) fn below(root: &Path, path: &str) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in root.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(tidy.pop()),
            part => tidy.push(part),
        }
    }
    tidy
}

/// Why `output` must not be where it is, if so. The inputs come with the names that the message calls them by.
pub(super) fn objection(root: &Path, output: &Path, inputs: &[(&str, &Path)]) -> Option<String> {
    let (root, output) = (real(root), real(output));
    if root.starts_with(&output) {
        return Some("the output folder must not be the site's own folder, nor hold it".into());
    }
    let overlaps = |input: &Path| input.starts_with(&output) || output.starts_with(input);
    let (name, _) = inputs.iter().find(|(_, input)| overlaps(&real(input)))?;
    Some(format!("the output folder and {name} must not overlap"))
}

/// The path with the links in it followed, as far as it exists: a link from the output into the content is found out.
fn real(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        if let Ok(existing) = ancestor.canonicalize() {
            return match path.strip_prefix(ancestor) {
                Ok(rest) if !rest.as_os_str().is_empty() => existing.join(rest),
                _ => existing,
            };
        }
    }
    path.to_owned()
}
