//! The files below `data/`: `data/team.toml` is `site.data.team` in templates. TOML, JSON, YAML and CSV.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

use crate::base::files;
use crate::base::mistakes::{self, Mistake, shown};
use crate::config::Config;
use crate::error::{Kind, Result};
use crate::model::view::{Key, List, Map, Value};

/// A file may have this many bytes, and all of them together eight times as many.
const LONGEST: u64 = 4 << 20;
/// Lists and tables may stand in one another this deep.
const DEEPEST: usize = 64;

/// Reads all data. No folder of data is no data; the mistakes of all files are told together.
pub fn data(config: &Config) -> Result<Map> {
    let folder = &config.paths.data;
    let label = files::slashed(folder.strip_prefix(&config.root).unwrap_or(folder));
    if !folder.exists() {
        return Ok(Map::default());
    }
    let (paths, links) = files::walk_and_tell(folder)?;
    let ours = |paths: Vec<std::path::PathBuf>| -> Vec<String> {
        let slashed = paths.iter().map(|path| files::slashed(path));
        slashed
            .filter(|path| path.split('/').all(|part| !part.starts_with('.') && !part.ends_with('~')))
            .collect()
    };
    let (paths, links) = (ours(paths), ours(links));
    let read: Vec<(String, Result<Value, Mistake>)> =
        paths.into_par_iter().map(|path| (path.clone(), one(folder, &label, &path))).collect();
    let (mut tree, mut total) = (Node::default(), 0);
    let mut found: Vec<Mistake> = links.iter().map(|path| not_followed(folder, &label, path)).collect();
    for (path, value) in read {
        total += std::fs::metadata(folder.join(&path)).map_or(0, |meta| meta.len());
        let placed = value.and_then(|value| tree.place(&label, &path, value));
        found.extend(placed.err());
    }
    if total > 8 * LONGEST {
        let message = format!("holds more than {} MiB", (8 * LONGEST) >> 20);
        found.push(
            Mistake::new(label, message).hint(Some("data is for templates: keep what is large elsewhere")),
        );
    }
    if found.is_empty() { Ok(tree.into_map()) } else { Err(mistakes::together(Kind::Content, found)) }
}

/// A link that nothing is read through.
fn not_followed(folder: &Path, label: &str, path: &str) -> Mistake {
    let (message, hint) = match folder.join(path).metadata() {
        Err(_) => ("is a link that leads nowhere", "remove the link, or put the file there"),
        Ok(target) if target.is_dir() => {
            ("is a link to a folder, which is not followed", "copy the folder into the data")
        }
        Ok(target) if !target.is_file() => ("is neither a file nor a folder", "remove it"),
        Ok(_) => ("is a link that leads out of the data", "copy the file into the data"),
    };
    Mistake::new(format!("{label}/{}", shown(path)), message).hint(Some(hint))
}

fn one(folder: &Path, label: &str, path: &str) -> Result<Value, Mistake> {
    let file = format!("{label}/{path}");
    let wrong = |message: String| Mistake::new(&file, message);
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    if !matches!(extension.as_str(), "toml" | "json" | "yaml" | "yml" | "csv") {
        return Err(wrong("is no data that can be read".to_owned())
            .hint(Some("data is TOML, JSON, YAML or CSV; begin the name with a dot to leave it out")));
    }
    let bytes =
        files::read_capped(&folder.join(path), LONGEST).map_err(|error| wrong(error.message().to_owned()))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| wrong("is not UTF-8 text".to_owned()).hint(Some("save the file as UTF-8")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let value = match extension.as_str() {
        "toml" => {
            toml::from_str::<toml::Table>(text).map(|table| Value::Map((&table).into())).map_err(|error| {
                let mistake = wrong(error.message().trim_end().to_owned());
                error.span().map_or(mistake.clone(), |span| mistake.at(text, span))
            })
        }
        "json" => {
            serde_json::from_str::<serde_json::Value>(text).map(|value| of_json(&value)).map_err(|error| {
                let at = place(text, error.line(), error.column());
                wrong(format!("is no JSON: {error}")).at(text, at..at + 1)
            })
        }
        "csv" => of_csv(text).map_err(|(line, message)| {
            let at = place(text, line, 1);
            wrong(message).at(text, at..at + 1)
        }),
        _ => {
            serde_saphyr::from_str::<serde_json::Value>(text).map(|value| of_json(&value)).map_err(|error| {
                let mistake = wrong(format!("is no YAML: {}", first_line(&error.to_string())));
                match error.location() {
                    Some(location) => {
                        let at = place(text, location.line() as usize, location.column() as usize);
                        mistake.at(text, at..at + 1)
                    }
                    None => mistake,
                }
            })
        }
    }?;
    if depth(&value) > DEEPEST {
        return Err(wrong(format!("has lists and tables more than {DEEPEST} deep in one another")));
    }
    Ok(value)
}

fn first_line(text: &str) -> String {
    shown(text.lines().next().unwrap_or_default())
}

/// The byte at a line and a column, both from 1.
fn place(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let within: usize = text[start..]
        .chars()
        .take(column.saturating_sub(1))
        .take_while(|c| *c != '\n')
        .map(char::len_utf8)
        .sum();
    start + within
}

fn of_json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(truth) => (*truth).into(),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(number)) => Value::Float(number),
            (None, None) => number.to_string().into(),
        },
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Array(values) => values.iter().map(of_json).collect::<List>().into(),
        serde_json::Value::Object(fields) => {
            let map: Map = fields.iter().map(|(key, value)| (key.clone(), of_json(value))).collect();
            map.into()
        }
    }
}

/// A row a map, by the names in the first row; what is written as a whole number is one.
fn of_csv(text: &str) -> Result<Value, (usize, String)> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let line_of = |error: &csv::Error| error.position().map_or(1, |position| position.line() as usize);
    let wrong = |error: csv::Error| (line_of(&error), format!("is no CSV: {error}"));
    let names: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
    if let Some(name) =
        names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)).map(|(_, name)| name)
    {
        return Err((1, format!("has two columns of the name `{}`", shown(name))));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let cells = names.iter().cloned().zip(record.iter().map(cell));
        rows.push(cells.collect::<Map>());
    }
    Ok(rows.into_iter().collect::<List>().into())
}

fn cell(text: &str) -> Value {
    // "007" is a name, not a number.
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => number.into(),
        _ => text.into(),
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::List(list) => 1 + list.values().iter().map(depth).max().unwrap_or(0),
        Value::Map(map) => 1 + map.entries().iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        _ => 0,
    }
}

/// A folder of data, or a file in it.
#[derive(Default)]
struct Node {
    folders: BTreeMap<String, Node>,
    files: BTreeMap<String, (String, Value)>,
}

impl Node {
    fn place(&mut self, label: &str, path: &str, value: Value) -> Result<(), Mistake> {
        let (folders, name) = path.rsplit_once('/').map_or(("", path), |(folders, name)| (folders, name));
        let mut node = self;
        for folder in folders.split('/').filter(|folder| !folder.is_empty()) {
            node = node.folders.entry(folder.to_owned()).or_default();
        }
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        if let Some((other, _)) = node.files.insert(stem.to_owned(), (name.to_owned(), value)) {
            let message = format!("has the name of {other} beside it");
            return Err(Mistake::new(format!("{label}/{path}"), message).hint(Some("rename one of them")));
        }
        Ok(())
    }

    /// Where a folder and a file have one name, what is in the folder stands over what the file says.
    fn into_map(self) -> Map {
        let mut entries: BTreeMap<String, Value> =
            self.files.into_iter().map(|(stem, (_, value))| (stem, value)).collect();
        for (name, folder) in self.folders {
            let mut inner: Vec<(Key, Value)> = folder.into_map().entries().to_vec();
            if let Some(Value::Map(beside)) = entries.get(&name) {
                inner.extend(beside.entries().iter().cloned());
            }
            entries.insert(name, Map::new(inner).into());
        }
        entries.into_iter().collect()
    }
}
