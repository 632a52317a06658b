//! Results to be pushed: `content/results/*.toml` and `*.csv`. All of it is personal data: messages name files, rows and
//! fields, never values.

use std::path::Path;

use jiff::civil::Date;

use crate::base::files;
use crate::base::mistakes::{self, Mistake};
use crate::config::Config;
use crate::error::{Kind, Result};
use crate::model::participant::Personal;
use crate::model::push::{LineItem, Outcome, Push, Score};

/// The longest of the texts.
const PROSE: usize = 2_000;

/// A result, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultRow {
    /// `results/march.toml, result 3`.
    pub place: String,
    /// The source that it is meant for, where it is named.
    pub source: Option<String>,
    /// The result.
    pub push: Push,
}

/// Reads all results. The mistakes of all files are told together.
pub fn results(config: &Config) -> Result<Vec<ResultRow>> {
    let folder = config.paths.content.join("results");
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    if !folder.exists() {
        return Ok(rows);
    }
    for path in files::walk(&folder)? {
        let path = folder.join(path);
        let name = format!("results/{}", files::slashed(path.strip_prefix(&folder).unwrap_or(&path)));
        let read = match path.extension().and_then(|extension| extension.to_str()) {
            Some("toml") => from_toml(&name, &path),
            Some("csv") => from_csv(&name, &path),
            _ => continue,
        };
        match read {
            Ok(read) => {
                for (place, row) in read {
                    match row {
                        Ok((source, push)) => rows.push(ResultRow { place, source, push }),
                        Err(reason) => wrong.push(Mistake::new(place, reason)),
                    }
                }
            }
            Err(reason) => wrong.push(Mistake::new(name, reason)),
        }
    }
    // Scores refer to lines of the gradebook: those go first.
    rows.sort_by_key(|row| !matches!(row.push, Push::LineItem(_)));
    if wrong.is_empty() { Ok(rows) } else { Err(mistakes::together(Kind::Content, wrong)) }
}

type Row = (String, Result<(Option<String>, Push), String>);

fn from_toml(name: &str, path: &Path) -> Result<Vec<Row>, String> {
    let text = files::read_text(path).map_err(|error| error.message().to_owned())?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        // The library's own words repeat the line.
        let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count());
        format!("line {} is not TOML", line + 1)
    })?;
    let all = table.get("source").and_then(toml::Value::as_str);
    let unknown = table.keys().find(|key| !matches!(key.as_str(), "source" | "result" | "line_item"));
    if let Some(key) = unknown {
        return Err(format!("has a key `{}` that nobody reads", mistakes::shown(key)));
    }
    let tables = |name: &str| table.get(name).and_then(toml::Value::as_array).map(Vec::as_slice);
    if tables("result").is_none() && tables("line_item").is_none() {
        return Err("holds no [[result]] and no [[line_item]]".to_owned());
    }
    let mut rows = Vec::new();
    let kinds: [(&str, &str, &[&str], Reader); 2] = [
        ("line_item", "line item", &LINE_FIELDS, |cell, all| line(cell, all)),
        ("result", "result", &FIELDS, |cell, all| row(cell, all)),
    ];
    for (key, told, fields, read) in kinds {
        for (index, entry) in tables(key).unwrap_or_default().iter().enumerate() {
            let place = format!("{name}, {told} {}", index + 1);
            let row = match entry.as_table() {
                None => Err("is no table".to_owned()),
                Some(entry) => match entry.keys().find(|key| !fields.contains(&key.as_str())) {
                    Some(key) => Err(format!("`{}` is no field of a {told}", mistakes::shown(key))),
                    None => read(&|key: &str| scalar(entry.get(key)?), all),
                },
            };
            rows.push((place, row));
        }
    }
    Ok(rows)
}

/// Reads one table.
type Reader = fn(&Cell<'_>, Option<&str>) -> Result<(Option<String>, Push), String>;

fn scalar(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        toml::Value::Datetime(date) => Some(date.to_string()),
        _ => None,
    }
}

fn from_csv(name: &str, path: &Path) -> Result<Vec<Row>, String> {
    let text = files::read_text(path).map_err(|error| error.message().to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let columns = reader.headers().map_err(|_| "row 1 is not CSV".to_owned())?;
    let columns: Vec<String> = columns.iter().map(|column| column.trim().to_owned()).collect();
    if let Some(unknown) = columns.iter().find(|column| !FIELDS.contains(&column.as_str())) {
        return Err(format!("has a column `{}` that is no field of a result", mistakes::shown(unknown)));
    }
    let rows = reader.records().enumerate().map(|(index, cells)| {
        let place = format!("{name}, row {}", index + 2);
        let Ok(cells) = cells else { return (place, Err("is not CSV".to_owned())) };
        let cell = |key: &str| {
            let at = columns.iter().position(|column| column == key)?;
            cells.get(at).filter(|cell| !cell.trim().is_empty()).map(str::to_owned)
        };
        (place, row(&cell, None))
    });
    Ok(rows.collect())
}

const FIELDS: [&str; 12] = [
    "source",
    "participation",
    "outcome",
    "notes",
    "complete",
    "result",
    "line_item",
    "student",
    "score",
    "score_status",
    "score_date",
    "comment",
];

const LINE_FIELDS: [&str; 8] =
    ["source", "id", "title", "assign_date", "due_date", "class", "school", "category"];

type Cell<'c> = dyn Fn(&str) -> Option<String> + 'c;

fn row(cell: &Cell<'_>, all: Option<&str>) -> Result<(Option<String>, Push), String> {
    let source = cell("source").or_else(|| all.map(str::to_owned));
    let push = match (cell("participation"), cell("result")) {
        (Some(_), Some(_)) => return Err("names both a participation and a result".to_owned()),
        (Some(participation), None) => outcome(cell, &participation)?,
        (None, Some(result)) => score(cell, &result)?,
        (None, None) => {
            return Err("names neither a participation (Hemera) nor a result (OneRoster)".to_owned());
        }
    };
    Ok((source, push))
}

fn outcome(cell: &Cell<'_>, participation: &str) -> Result<Push, String> {
    let outcome = Outcome {
        participation: id("participation", participation)?,
        outcome: prose(cell, "outcome")?,
        notes: prose(cell, "notes")?,
        complete: match cell("complete").as_deref().map(str::trim) {
            None => None,
            Some("true" | "yes" | "1") => Some(true),
            Some("false" | "no" | "0") => Some(false),
            Some(_) => return Err("`complete` must be true or false".to_owned()),
        },
        expected: None,
    };
    if outcome.outcome.is_none() && outcome.notes.is_none() && outcome.complete.is_none() {
        return Err("has none of `outcome`, `notes` and `complete`".to_owned());
    }
    Ok(Push::Outcome(outcome))
}

fn score(cell: &Cell<'_>, result: &str) -> Result<Push, String> {
    let needed = |name: &str| cell(name).ok_or_else(|| format!("`{name}` is missing"));
    let status = needed("score_status")?;
    let known = ["exempt", "fully graded", "not submitted", "partially graded", "submitted"];
    if !known.contains(&status.as_str()) && !status.starts_with("ext:") {
        return Err(format!("`score_status` must be one of {}, or begin with `ext:`", known.join(", ")));
    }
    let number = |text: String| text.trim().parse::<f64>().ok().filter(|score| score.is_finite());
    let score = cell("score").map(|text| number(text).ok_or("`score` must be a number"));
    Ok(Push::Score(Score {
        id: id("result", result)?,
        line_item: needed("line_item")?,
        student: id("student", &needed("student")?)?,
        score_status: status,
        score_date: day(cell, "score_date")?,
        score: score.transpose()?,
        comment: prose(cell, "comment")?,
        expected: None,
    }))
}

fn line(cell: &Cell<'_>, all: Option<&str>) -> Result<(Option<String>, Push), String> {
    let needed = |name: &str| match cell(name).filter(|text| !text.trim().is_empty()) {
        Some(text) => Ok(text.trim().to_owned()),
        None => Err(format!("`{name}` is missing")),
    };
    let (assign_date, due_date) = (day(cell, "assign_date")?, day(cell, "due_date")?);
    if due_date < assign_date {
        return Err("`due_date` lies before `assign_date`".to_owned());
    }
    let line = LineItem {
        id: id("id", &needed("id")?)?.reveal().to_string(),
        title: needed("title")?,
        assign_date,
        due_date,
        class: needed("class")?,
        school: cell("school"),
        category: needed("category")?,
        expected: None,
    };
    Ok((cell("source").or_else(|| all.map(str::to_owned)), Push::LineItem(line)))
}

fn day(cell: &Cell<'_>, name: &str) -> Result<Date, String> {
    let text = cell(name).ok_or_else(|| format!("`{name}` is missing"))?;
    text.trim().parse().map_err(|_| format!("`{name}` must be a day such as 2027-02-10"))
}

fn id(name: &str, text: &str) -> Result<Personal, String> {
    let text = text.trim();
    let fits = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'/');
    if fits { Ok(Personal::new(text)) } else { Err(format!("`{name}` is no id")) }
}

fn prose(cell: &Cell<'_>, name: &str) -> Result<Option<Personal>, String> {
    let Some(text) = cell(name) else { return Ok(None) };
    if text.chars().count() > PROSE {
        return Err(format!("`{name}` is longer than 2,000 characters"));
    }
    Ok(Some(Personal::new(text)))
}
