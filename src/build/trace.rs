//! The traces of the last build, on disk: what each file was made from, and how it looked when it was written.
//!
//! A page's trace is a *shape*, which all pages that read alike share, and one hash for each of its own reads. Reads that
//! are the same for all pages (the site's title, a partial) have their hash in the shape. So a course page costs its
//! path, some seventy bytes, and eight bytes a read.
//!
//! The file may be thrown away: then everything is rendered once more, and files whose bytes come out the same are not
//! touched. It is a row of sheets (`base/codec`), and nobody holds all of them; behind them stand the hash of the manifest and a
//! checksum of both.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::stamp::Stamp;
use super::twins::Twin;
use crate::base::codec::{Reader, Sheets, Sums, Writer};
use crate::base::compress::Coding;
use crate::base::digest::Digest;
use crate::base::files::{self, Pending};
use crate::error::Result;
use crate::site::Record;

const MAGIC: &[u8; 8] = b"aitherTB";

/// One read of a shape: how, where, and what was seen if that is the same for all pages of the shape.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) kind: u8,
    pub(super) path: Box<str>,
    pub(super) column: Box<str>,
    pub(super) shared: Option<u64>,
}

/// The reads of pages that read alike.
pub(super) type Shape = Vec<Row>;

/// What is known of one file of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trace {
    /// Its shape by number.
    pub(super) shape: u32,
    /// The quick hash of what its view was made from.
    pub(super) inputs: u64,
    /// The hash of the file.
    pub(super) digest: Digest,
    /// How it looked on the disk.
    pub(super) stamp: Stamp,
    /// From which second since 1970 on it looks like this; the least number if the time was not asked for.
    pub(super) since: i64,
    /// The first second at which it looks different; the greatest number if never.
    pub(super) until: i64,
    /// What was seen at each read of the shape that is not shared; of a file that was made in parts, the mark and the length of
    /// each part.
    pub(super) hashes: Box<[u64]>,
    /// What a person should look at, although the page could be made.
    pub(super) warnings: Box<[Box<str>]>,
    /// The assets that it asked for, by their numbers in [`Traces::assets`].
    pub(super) assets: Box<[u32]>,
    /// Its compressed twins.
    pub(super) twins: Box<[Twin]>,
}

/// What a build leaves for the next one.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Traces {
    /// What decides how all pages look besides what they read.
    pub(super) salt: Option<Digest>,
    /// The quick hash of what every page sees.
    pub(super) globals: u64,
    /// The quick hash of what stands in the manifest besides files and records.
    pub(super) moment: u64,
    /// The hash of the manifest's bytes, and how the file looked.
    pub(super) manifest: Option<(Digest, Stamp)>,
    /// The output folder that they are of, as [`name_of`] calls it.
    pub(super) output: Box<str>,
    pub(super) shapes: Vec<Shape>,
    /// What pages asked for outside the data, each with the hash of what was found: it was the same for all of them.
    pub(super) assets: Vec<(Box<str>, u64)>,
    /// The hashes of the records, by their identities, in order.
    pub(super) records: Vec<Record>,
    /// By path, in order.
    pub(super) files: Vec<(Box<str>, Trace)>,
}

impl Traces {
    /// Reads the traces below `state`. What cannot be read is told of and counts as none; those of another output folder,
    /// such as that of a preview, count as none as well, and nothing is wrong with that.
    pub(super) fn load(output: &Path, state: &Path, told: &mut Vec<String>) -> Result<Self> {
        let path = path(state);
        let Some((file, length)) = files::open_if_present(&path)? else { return Ok(Self::default()) };
        let traces = Self::decode(file, usize::try_from(length).unwrap_or(usize::MAX));
        if traces.is_none() {
            told.push(format!("{} cannot be used; everything is rendered anew", path.display()));
        }
        Ok(traces.filter(|traces| *traces.output == *name_of(output, state)).unwrap_or_default())
    }

    /// What is remembered of a file.
    pub(super) fn trace(&self, path: &str) -> Option<&Trace> {
        let at = self.files.binary_search_by(|(known, _)| (**known).cmp(path)).ok()?;
        self.files.get(at).map(|(_, trace)| trace)
    }

    /// The hash of a record that has still the same mark.
    pub(super) fn record(&self, id: &str, mark: u64) -> Option<Digest> {
        let at = self.records.binary_search_by(|known| known.id.as_str().cmp(id)).ok()?;
        self.records.get(at).filter(|known| known.mark == mark).map(|known| known.digest)
    }

    /// Writes the file, up to what hangs on the manifest: that can be written meanwhile.
    pub(super) fn begin(&self, state: &Path) -> Result<Begun> {
        let (mut file, mut sums) = (Pending::begin(&path(state), &[])?, Sums::default());
        self.encode(|sheet| {
            sums.add(&sheet);
            file.add(&sheet)
        })?;
        Ok(Begun { file, sum: sums.get() })
    }

    /// Hands over the file sheet by sheet: behind them comes what hangs on the manifest.
    fn encode(&self, mut put: impl FnMut(Vec<u8>) -> Result<()>) -> Result<()> {
        /// A sheet ends once it is as long as this.
        const FULL: usize = 64 << 10;
        const ROOM: usize = FULL + 4096;
        let mut out = Writer::sheet(ROOM);
        // Where a sheet is full, the next one begins.
        let mut turn = |out: &mut Writer, least: usize| -> Result<bool> {
            let is_full = out.written().len() >= least;
            if is_full {
                put(std::mem::replace(out, Writer::sheet(ROOM)).end_sheet())?;
            }
            Ok(is_full)
        };
        out.bytes(MAGIC);
        out.bytes(self.salt.as_ref().map_or(&[0; 32][..], |digest| digest.as_bytes()));
        out.u64(self.globals);
        out.u64(self.moment);
        out.text(&self.output);
        out.length(self.shapes.len());
        for shape in &self.shapes {
            out.length(shape.len());
            for row in shape {
                out.bytes(&[row.kind, u8::from(row.shared.is_some())]);
                out.text(&row.path);
                out.text(&row.column);
                if let Some(hash) = row.shared {
                    out.u64(hash);
                }
            }
        }
        out.length(self.assets.len());
        for (name, hash) in &self.assets {
            out.text(name);
            out.u64(*hash);
        }
        out.length(self.records.len());
        out.length(self.files.len());
        turn(&mut out, 0)?;
        let mut before: &str = "";
        for record in &self.records {
            if turn(&mut out, FULL)? {
                before = "";
            }
            before = out.text_after(before, &record.id);
            out.u64(record.mark);
            out.bytes(record.digest.as_bytes());
        }
        turn(&mut out, 0)?;
        let own: Vec<usize> = self.shapes.iter().map(|shape| own_reads(shape)).collect();
        let mut before: &str = "";
        for (path, trace) in &self.files {
            if turn(&mut out, FULL)? {
                before = "";
            }
            before = out.text_after(before, path);
            out.length(trace.shape as usize);
            out.u64(trace.inputs);
            out.bytes(trace.digest.as_bytes());
            trace.stamp.write(&mut out);
            // Most pages know nothing of the time, and nobody has to be warned of them.
            let timeless = trace.since == i64::MIN && trace.until == i64::MAX;
            let quiet = trace.warnings.is_empty();
            // A file that was made in parts has read nothing, and remembers what they were.
            let in_parts = own.get(trace.shape as usize) == Some(&0) && !trace.hashes.is_empty();
            out.bytes(&[u8::from(!timeless) | u8::from(!quiet) << 1 | u8::from(in_parts) << 2]);
            if !timeless {
                out.u64(trace.since as u64);
                out.u64(trace.until as u64);
            }
            if !quiet {
                out.length(trace.warnings.len());
                trace.warnings.iter().for_each(|warning| out.text(warning));
            }
            if in_parts {
                out.length(trace.hashes.len());
            }
            trace.hashes.iter().for_each(|hash| out.u64(*hash));
            out.length(trace.assets.len());
            trace.assets.iter().for_each(|asset| out.length(*asset as usize));
            out.length(trace.twins.len());
            for twin in &trace.twins {
                out.bytes(&[twin.coding as u8]);
                out.bytes(twin.digest.as_bytes());
                twin.stamp.write(&mut out);
            }
        }
        turn(&mut out, 0).map(drop)
    }

    /// Nothing where a byte is not as it was written, or another version wrote it. `from` has so many bytes.
    fn decode(from: impl Read, bytes: usize) -> Option<Self> {
        let mut sheets = Sheets::new(from, bytes);
        let mut reader = sheets.next_sheet()?;
        if reader.bytes(MAGIC.len())? != MAGIC {
            return None;
        }
        let salt = Some(reader.digest()?);
        let (globals, moment) = (reader.u64()?, reader.u64()?);
        let output = reader.text()?.into();
        let shape_count = reader.length()?;
        let mut shapes = Vec::new();
        for _ in 0..shape_count {
            let rows = reader.length()?;
            let mut shape = Vec::new();
            for _ in 0..rows {
                let (kind, is_shared) = (reader.byte()?, reader.byte()?);
                let (path, column) = (reader.text()?.into(), reader.text()?.into());
                let shared = if is_shared == 0 { None } else { Some(reader.u64()?) };
                shape.push(Row { kind, path, column, shared });
            }
            shapes.push(shape);
        }
        let own: Vec<usize> = shapes.iter().map(|shape| own_reads(shape)).collect();
        let asset_count = reader.length()?;
        let mut assets = Vec::new();
        for _ in 0..asset_count {
            assets.push((reader.text()?.into(), reader.u64()?));
        }
        let (record_count, file_count) = (reader.length()?, reader.length()?);
        let is_all_read = reader.at_end();
        let mut records = Vec::with_capacity(record_count.min(bytes / 42));
        let (mut id, mut reader) = (String::new(), sheets.next_sheet()?);
        while records.len() < record_count {
            if reader.at_end() {
                (id, reader) = (String::new(), sheets.next_sheet()?);
            }
            reader.text_after(&mut id)?;
            records.push(Record { id: id.clone(), mark: reader.u64()?, digest: reader.digest()? });
        }
        let is_all_read = is_all_read && reader.at_end();
        let mut files: Vec<(Box<str>, Trace)> = Vec::with_capacity(file_count.min(bytes / 60));
        let (mut path, mut reader) = (String::new(), sheets.next_sheet()?);
        while files.len() < file_count {
            if reader.at_end() {
                (path, reader) = (String::new(), sheets.next_sheet()?);
            }
            reader.text_after(&mut path)?;
            let shape = u32::try_from(reader.length()?).ok()?;
            let inputs = reader.u64()?;
            let digest = reader.digest()?;
            let stamp = Stamp::read(&mut reader)?;
            let flags = reader.byte()?;
            let timeless = flags & 1 == 0;
            let (since, until) =
                if timeless { (i64::MIN, i64::MAX) } else { (reader.u64()? as i64, reader.u64()? as i64) };
            let warning_count = if flags & 2 == 0 { 0 } else { reader.length()? };
            let warnings = (0..warning_count).map(|_| Some(reader.text()?.into())).collect::<Option<_>>()?;
            let own = *own.get(shape as usize)?;
            let hash_count = if flags & 4 == 0 { own } else { reader.length()? };
            let hashes = reader.u64s(hash_count)?;
            let asked = reader.length()?;
            let known = |number: usize| u32::try_from(number).ok().filter(|_| number < assets.len());
            let asked = (0..asked).map(|_| known(reader.length()?)).collect::<Option<_>>()?;
            let mut twins = Vec::new();
            for _ in 0..reader.length()? {
                let coding = *Coding::ALL.get(usize::from(reader.byte()?))?;
                twins.push(Twin { coding, digest: reader.digest()?, stamp: Stamp::read(&mut reader)? });
            }
            let twins = twins.into();
            let trace =
                Trace { shape, inputs, digest, stamp, since, until, hashes, warnings, assets: asked, twins };
            files.push((path.as_str().into(), trace));
        }
        let is_all_read = is_all_read && reader.at_end();
        let sum = sheets.sum();
        let end = sheets.rest()?;
        let mut reader = Reader::new(&end);
        let manifest = (reader.digest()?, Stamp::read(&mut reader)?);
        (is_all_read && end == end_of(sum, &manifest)).then_some(Self {
            salt,
            globals,
            moment,
            manifest: Some(manifest),
            output,
            shapes,
            assets,
            records,
            files,
        })
    }
}

/// A file of traces that waits for the manifest which they belong to.
pub(super) struct Begun {
    file: Pending,
    /// A hash of what is written.
    sum: u64,
}

impl Begun {
    /// Puts it in its place, now that the manifest is.
    pub(super) fn seal(self, manifest: &(Digest, Stamp)) -> Result<()> {
        self.file.put(&end_of(self.sum, manifest))
    }
}

/// What the file ends with, where `sum` is a hash of all before: hash and looks of the manifest, and a checksum.
fn end_of(sum: u64, (manifest, looks): &(Digest, Stamp)) -> Vec<u8> {
    let mut end = Writer::default();
    end.u64(sum);
    end.bytes(manifest.as_bytes());
    looks.write(&mut end);
    end.finish().split_off(8)
}

/// How many reads of a shape have a hash in each page's own trace.
fn own_reads(shape: &[Row]) -> usize {
    shape.iter().filter(|row| row.shared.is_none()).count()
}

/// What an output folder is called in traces: by its place beside the state folder, so that both can move together.
pub(super) fn name_of(output: &Path, state: &Path) -> Box<str> {
    let below = state.parent().and_then(|root| output.strip_prefix(root).ok());
    files::slashed(below.unwrap_or(output)).into()
}

fn path(state: &Path) -> PathBuf {
    state.join("traces.bin")
}

/// Gives shapes their numbers while pages are rendered on several threads.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    numbers: HashMap<Shape, u32>,
    /// The same by quick hashes of what was read.
    prints: HashMap<u64, u32>,
}

impl Shapes {
    /// The number of a shape, new or known.
    pub(super) fn number(&mut self, shape: Shape) -> u32 {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(shape).or_insert(next)
    }

    /// The number of a shape by a hash of it.
    pub(super) fn known(&self, print: u64) -> Option<u32> {
        self.prints.get(&print).copied()
    }

    /// The number of a shape that is known by this hash from now on.
    pub(super) fn learn(&mut self, print: u64, shape: Shape) -> u32 {
        let number = self.number(shape);
        self.prints.insert(print, number);
        number
    }

    /// The shapes by their numbers.
    pub(super) fn into_list(self) -> Vec<Shape> {
        let mut list: Vec<(Shape, u32)> = self.numbers.into_iter().collect();
        list.sort_unstable_by_key(|(_, number)| *number);
        list.into_iter().map(|(shape, _)| shape).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Traces {
        let row = |path: &str, shared| Row { kind: 1, path: path.into(), column: "".into(), shared };
        let file = |path: &str, since, until| {
            let modified = 1_795_000_000_000_000_000;
            let stamp = Stamp { size: 4_000, modified, changed: modified + 1 };
            let hashes = Box::new([7, u64::MAX]);
            let digest = Digest::of(path.as_bytes());
            let warnings = if path.contains('ö') { vec!["mind the ö".into()] } else { Vec::new() }.into();
            let assets = Box::new([1, 0]);
            let twins = Box::new([Twin { coding: Coding::Gzip, digest, stamp }]);
            let trace =
                Trace { shape: 0, inputs: 9, digest, stamp, since, until, hashes, warnings, assets, twins };
            (path.into(), trace)
        };
        Traces {
            salt: Some(Digest::of(b"salt")),
            globals: 5,
            moment: 6,
            manifest: Some((Digest::of(b"manifest"), Stamp { size: 7, modified: 8, changed: 9 })),
            output: "output".into(),
            shapes: vec![vec![row("@self.title", None), row("site.title", Some(3)), row("page.url", None)]],
            assets: vec![("style.css".into(), 17), ("bild.jpg 400".into(), 18)],
            records: ["course:1", "course:10", "course:ä"]
                .map(|id| Record { id: id.into(), mark: 8, digest: Digest::of(id.as_bytes()) })
                .into(),
            files: vec![
                file("courses/ä/index.html", i64::MIN, i64::MAX),
                file("courses/ö/index.html", -5, 1_800_000_000),
            ],
        }
    }

    #[test]
    fn traces_of_another_output_are_none_and_nothing_is_wrong_with_them() {
        let folder = tempfile::tempdir().unwrap();
        let (state, mut told) = (folder.path().join(".aither"), Vec::new());
        sample().begin(&state).unwrap().seal(&sample().manifest.unwrap()).unwrap();
        let load =
            |output: &str, told: &mut _| Traces::load(&folder.path().join(output), &state, told).unwrap();
        assert_eq!(load("output", &mut told), sample());
        assert_eq!(load("preview", &mut told), Traces::default());
        assert_eq!(told, [] as [&str; 0]);
    }

    #[test]
    fn traces_read_back_and_no_damaged_byte_goes_unseen() {
        let decode = |bytes: &[u8]| Traces::decode(bytes, bytes.len());
        let bytes = bytes_of(&sample());
        assert_eq!(decode(&bytes), Some(sample()));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x20;
            assert_eq!(decode(&damaged), None, "byte {at}");
            assert_eq!(decode(&bytes[..at]), None, "cut at {at}");
        }
        assert_eq!(decode(&[&bytes[..], b"x"].concat()), None);
    }

    #[test]
    fn thousands_of_files_are_on_many_sheets() {
        let one = sample();
        let many = |number: usize| Traces {
            records: (0..number)
                .map(|at| Record { id: format!("course:{at:05}"), mark: at as u64, digest: Digest::of(b"") })
                .collect(),
            files: (0..number).map(|at| (format!("a/{at:05}").into(), one.files[at % 2].1.clone())).collect(),
            ..sample()
        };
        for number in [0, 1, 300, 5000] {
            let bytes = bytes_of(&many(number));
            assert_eq!(Traces::decode(&bytes[..], bytes.len()), Some(many(number)));
        }
    }

    fn bytes_of(traces: &Traces) -> Vec<u8> {
        let (mut bytes, mut sums) = (Vec::new(), Sums::default());
        let put = |sheet: Vec<u8>| {
            sums.add(&sheet);
            bytes.extend(sheet);
            Ok(())
        };
        traces.encode(put).unwrap();
        bytes.extend(end_of(sums.get(), &traces.manifest.unwrap()));
        bytes
    }
}
