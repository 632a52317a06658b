//! The CSV binding: a manifest and a file a collection, with columns found by their names.

use std::collections::{BTreeMap, HashMap};

use super::{Fields, Reason};

/// What the manifest says about the files.
#[derive(Debug, Default, PartialEq)]
pub(in crate::source::oneroster) struct Manifest {
    modes: BTreeMap<String, Mode>,
}

/// What the rows of a file mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source::oneroster) enum Mode {
    /// They are all there is.
    Bulk,
    /// They are what changed.
    Delta,
    /// There is no such file.
    Absent,
}

impl Manifest {
    /// What the rows of a collection mean. A manifest that says nothing of its files leaves it to their presence.
    pub(in crate::source::oneroster) fn mode(&self, collection: &str, is_present: bool) -> Mode {
        let said = self.modes.get(&collection.to_ascii_lowercase()).copied();
        let by_presence = if is_present { Mode::Bulk } else { Mode::Absent };
        said.filter(|_| is_present).unwrap_or(by_presence)
    }
}

/// Reads `manifest.csv`; an empty text is a manifest that says nothing.
pub(in crate::source::oneroster) fn manifest(bytes: &[u8]) -> Result<Manifest, String> {
    let mut manifest = Manifest::default();
    rows(bytes, |row| {
        let name = row.text("propertyName").unwrap_or_default().to_ascii_lowercase();
        let value = row.text("value").unwrap_or_default().to_ascii_lowercase();
        let mode = match value.as_str() {
            "bulk" => Mode::Bulk,
            "delta" => Mode::Delta,
            _ => Mode::Absent,
        };
        if let Some(collection) = name.strip_prefix("file.") {
            manifest.modes.insert(collection.to_owned(), mode);
        }
        Ok(())
    })?;
    Ok(manifest)
}

/// A row with the names of its columns.
struct Row<'a> {
    columns: &'a HashMap<String, usize>,
    cells: &'a ::csv::StringRecord,
}

/// Hands over the rows of a file one by one. An error says which row.
pub(in crate::source::oneroster) fn rows(
    bytes: &[u8],
    mut take: impl FnMut(&dyn Fields) -> Result<(), Reason>,
) -> Result<(), String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ::csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    // The library's own words can repeat what stands in a cell.
    let unreadable = |row: usize| format!("row {row} is not CSV in UTF-8");
    let headers = reader.headers().map_err(|_| unreadable(1))?.clone();
    let columns: HashMap<String, usize> =
        headers.iter().enumerate().map(|(at, name)| (name.trim().to_ascii_lowercase(), at)).collect();
    for (index, cells) in reader.records().enumerate() {
        let row = index + 2;
        let cells = cells.map_err(|_| unreadable(row))?;
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        take(&Row { columns: &columns, cells: &cells }).map_err(|reason| format!("row {row}: {reason}"))?;
    }
    Ok(())
}

impl Row<'_> {
    fn cell(&self, column: &str) -> Option<&str> {
        let at = self.columns.get(&column.to_ascii_lowercase())?;
        self.cells.get(*at).map(str::trim).filter(|cell| !cell.is_empty())
    }

    fn joined(&self, column: &str) -> Vec<String> {
        let cell = self.cell(column).unwrap_or_default();
        cell.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

impl Fields for Row<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.cell(name).map(str::to_owned)
    }

    fn list(&self, name: &str) -> Vec<String> {
        self.joined(name)
    }

    fn link(&self, name: &str) -> Option<String> {
        self.cell(&format!("{name}SourcedId")).map(str::to_owned)
    }

    fn links(&self, name: &str) -> Vec<String> {
        self.joined(&format!("{name}SourcedIds"))
    }

    fn metadata(&self, path: &str) -> Vec<String> {
        self.joined(&format!("metadata.{path}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_and_lists_are_taken_apart() {
        let text = "\u{feff}Title,metadata.level, sourcedId ,termSourcedIds\n\
                    \"Physik, Teil 1\",hard,c1,\"t1, t2\"\n\n,,,\nKurz\n";
        let mut seen = Vec::new();
        rows(text.as_bytes(), |row| {
            seen.push((row.text("title"), row.text("sourcedid"), row.links("term"), row.metadata("level")));
            Ok(())
        })
        .unwrap();
        let owned = |text: &str| Some(text.to_owned());
        assert_eq!(seen.len(), 2);
        assert_eq!(
            seen[0],
            (owned("Physik, Teil 1"), owned("c1"), vec!["t1".into(), "t2".into()], vec!["hard".into()])
        );
        assert_eq!(seen[1], (owned("Kurz"), None, vec![], vec![]));
    }

    #[test]
    fn a_manifest_without_files_leaves_it_to_their_presence() {
        let said = manifest(b"propertyName,value\nfile.courses,absent\nfile.classes,delta\n").unwrap();
        assert_eq!(said.mode("classes", true), Mode::Delta);
        assert_eq!(said.mode("classes", false), Mode::Absent, "whatever it says, there is none");
        assert_eq!(said.mode("courses", false), Mode::Absent);
        let silent = manifest(b"propertyName,value\nmanifest.version,1.0\n").unwrap();
        assert_eq!((silent.mode("orgs", true), silent.mode("orgs", false)), (Mode::Bulk, Mode::Absent));
        assert_eq!(manifest(b"").unwrap(), Manifest::default());
    }
}
