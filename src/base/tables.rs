//! TOML that people write, read key by key: whatever was not asked for is an unknown key, and every mistake is kept
//! with its place. The names that are suggested for a misspelt key are those that the program asks for.

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::{Range, RangeInclusive};

use toml::de::{DeTable, DeValue};

use super::mistakes::{Mistake, shown};
use super::text::{closest, did_you_mean};

/// A TOML text, which may be a part of a file, and the mistakes that were found in it.
#[derive(Debug)]
pub struct Sheet<'t> {
    file: String,
    text: &'t str,
    part: Range<usize>,
    mistakes: RefCell<Vec<(usize, Mistake)>>,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Found<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the file, for [`Sheet::wrong`].
    pub span: Range<usize>,
}

/// A table whose keys are taken out one by one.
#[derive(Debug)]
pub struct Table<'s, 't> {
    sheet: &'s Sheet<'t>,
    name: String,
    entries: DeTable<'t>,
    asked: Vec<&'static str>,
    /// Names that were asked for, but stand in no program.
    named: Vec<String>,
}

/// A table in a list, with its place.
pub type Element<'s, 't> = (Range<usize>, Table<'s, 't>);

impl<'t> Sheet<'t> {
    /// The TOML in the bytes `part` of `text`, which is the content of `file`.
    pub fn new(file: impl Into<String>, text: &'t str, part: Range<usize>) -> Self {
        Self { file: file.into(), text, part, mistakes: RefCell::default() }
    }

    /// Parses it. If it is no TOML at all, that is the mistake, and the table is empty.
    pub fn table(&self) -> Table<'_, 't> {
        let parsed = DeTable::parse(self.text.get(self.part.clone()).unwrap_or_default());
        let entries = parsed.map(toml::Spanned::into_inner).unwrap_or_else(|error| {
            let span = error.span().unwrap_or(0..0);
            match unquoted(self.text.get(self.part.clone()).unwrap_or_default(), span.start) {
                Some((place, key)) => {
                    let hint = format!("`{key} = \"…\"`");
                    self.wrong(&self.in_file(place), "a text must stand in quotation marks", Some(hint));
                }
                None => self.wrong(&self.in_file(span), error.message().trim_end(), None),
            }
            DeTable::new()
        });
        Table { sheet: self, name: String::new(), entries, asked: Vec::new(), named: Vec::new() }
    }

    /// Notes a mistake at these bytes of the file.
    pub fn wrong(&self, span: &Range<usize>, message: impl Display, hint: Option<String>) {
        // A file of nothing but mistakes is told in full enough by its first hundred.
        const MOST: usize = 100;
        let mut mistakes = self.mistakes.borrow_mut();
        if mistakes.len() < MOST {
            let mistake =
                Mistake::new(&self.file, message.to_string()).at(self.text, span.clone()).hint(hint);
            mistakes.push((span.start, mistake));
        }
    }

    /// The mistakes that were found, in the order of the file.
    pub fn into_mistakes(self) -> Vec<Mistake> {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort_by_key(|(at, _)| *at);
        mistakes.into_iter().map(|(_, mistake)| mistake).collect()
    }

    /// `aither.toml:3`, for messages about a value that is sound in itself.
    pub fn line(&self, span: &Range<usize>) -> String {
        let before = self.text.get(..span.start).unwrap_or_default();
        format!("{}:{}", self.file, before.matches('\n').count() + 1)
    }

    fn in_file(&self, span: Range<usize>) -> Range<usize> {
        span.start + self.part.start..span.end + self.part.start
    }
}

/// The text without quotation marks on which reading stumbled at `at`, and its key: the most common slip of all, for which
/// the parser has words that help nobody.
fn unquoted(text: &str, at: usize) -> Option<(Range<usize>, &str)> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let (key, written) = line.split_once('=')?;
    let value = written.trim();
    let from = start + line.len() - written.trim_start().len();
    let is_text = |text: &str| text.starts_with(|c: char| c.is_alphabetic() || "„“”«»‚‘’".contains(c));
    let is_word = |text: &str| {
        let is_slip = || closest(text, ["true", "false"]).is_some();
        ["inf", "nan"].contains(&text) || text.bytes().all(|byte| byte.is_ascii_lowercase()) && is_slip()
    };
    if is_text(value) && !is_word(value.split('#').next().unwrap_or_default().trim()) && from <= at {
        return Some((from..from + value.len(), key.trim()));
    }
    // In a list it is one of several.
    let rest = text[at..].lines().next().unwrap_or_default();
    let item = rest.split([',', ']', '#']).next().unwrap_or_default().trim_end();
    let is_item = value.starts_with('[') && from < at && is_text(rest) && !is_word(item);
    is_item.then(|| (at..at + item.len(), key.trim()))
}

impl<'s, 't> Table<'s, 't> {
    /// Takes a text.
    pub fn string(&mut self, key: &'static str) -> Option<Found<String>> {
        self.typed(key, "a text in quotes", |value| match value {
            DeValue::String(text) => Some(text.into_owned()),
            _ => None,
        })
    }

    /// Takes a text and checks it; the check says what it expected instead.
    pub fn checked<T, E: Display>(
        &mut self,
        key: &'static str,
        check: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Found<T>> {
        let Found { value, span } = self.string(key)?;
        match check(&value) {
            Ok(value) => Some(Found { value, span }),
            Err(reason) => {
                self.sheet.wrong(&span, format_args!("`{key}`: {reason}"), None);
                None
            }
        }
    }

    /// Takes one of a few words.
    pub fn choice<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<Found<T>> {
        let Found { value: word, span } = self.string(key)?;
        if let Some((_, value)) = words.iter().find(|(known, _)| *known == word) {
            return Some(Found { value: *value, span });
        }
        let known: Vec<String> = words.iter().map(|(known, _)| format!("`{known}`")).collect();
        let known = match known.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
            _ => known.concat(),
        };
        let message = format!("`{key}` must be {known}, not `{}`", shown(&word));
        self.sheet.wrong(&span, message, did_you_mean(&word, words.iter().map(|(known, _)| *known)));
        None
    }

    /// Takes a list of texts.
    pub fn strings(&mut self, key: &'static str) -> Option<Vec<Found<String>>> {
        let Found { value, span } = self.take(key)?;
        self.list_of_strings(key, value, &span)
    }

    fn list_of_strings(
        &self,
        key: &str,
        value: DeValue<'t>,
        span: &Range<usize>,
    ) -> Option<Vec<Found<String>>> {
        let found = kind_of(&value);
        let DeValue::Array(list) = value else {
            self.sheet.wrong(span, format_args!("`{key}` must be a list of texts, not {found}"), None);
            return None;
        };
        let strings: Option<Vec<_>> = list
            .into_iter()
            .map(|item| {
                let span = self.sheet.in_file(item.span());
                match item.into_inner() {
                    DeValue::String(text) => Some(Found { value: text.into_owned(), span }),
                    _ => None,
                }
            })
            .collect();
        if strings.is_none() {
            self.sheet.wrong(span, format_args!("`{key}` must be a list of texts"), None);
        }
        strings
    }

    /// Takes true or false.
    pub fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let found = self.typed(key, "true or false", |value| match value {
            DeValue::Boolean(truth) => Some(truth),
            _ => None,
        });
        found.map(|found| found.value)
    }

    /// Takes a whole number within a range.
    pub fn integer<N>(&mut self, key: &'static str, range: RangeInclusive<N>) -> Option<N>
    where
        N: TryFrom<i64> + PartialOrd + Display,
    {
        let Found { value: number, span } = self.typed(key, "a whole number", |value| match value {
            // Too long for the type means out of range, and is told so.
            DeValue::Integer(number) => Some(i64::from_str_radix(number.as_str(), number.radix()).ok()),
            _ => None,
        })?;
        let number =
            number.and_then(|number| N::try_from(number).ok()).filter(|number| range.contains(number));
        if number.is_none() {
            let message = format!("`{key}` must be between {} and {}", range.start(), range.end());
            self.sheet.wrong(&span, message, None);
        }
        number
    }

    /// Takes a number that is not negative, whole or not.
    pub fn amount(&mut self, key: &'static str) -> Option<f64> {
        let Found { value: number, span } = self.typed(key, "a number", |value| match value {
            DeValue::Integer(number) => Some(number.to_string().parse::<f64>().unwrap_or(f64::NAN)),
            DeValue::Float(number) => Some(number.as_str().parse::<f64>().unwrap_or(f64::NAN)),
            _ => None,
        })?;
        if number.is_finite() && number >= 0.0 {
            return Some(number);
        }
        self.sheet.wrong(&span, format_args!("`{key}` must be a number of 0 or more"), None);
        None
    }

    /// Takes a value as it stands, for what may be of several types.
    pub fn value(&mut self, key: &'static str) -> Option<Found<DeValue<'t>>> {
        self.take(key)
    }

    /// Takes a table with keys that are known.
    pub fn table(&mut self, key: &'static str) -> Option<Table<'s, 't>> {
        let name = if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
        let Found { value: entries, .. } = self.typed(key, &format!("a table: [{name}]"), as_table)?;
        Some(Table { sheet: self.sheet, name, entries, asked: Vec::new(), named: Vec::new() })
    }

    /// Takes a list of tables with keys that are known, each with its place: `[[key]]`.
    pub fn list_of_tables(&mut self, key: &'static str) -> Option<Vec<Found<Table<'s, 't>>>> {
        let name = if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
        let expected = format!("a list of tables: [[{name}]]");
        let Found { value: list, span } = self.typed(key, &expected, |value| match value {
            DeValue::Array(list) => Some(list),
            _ => None,
        })?;
        let tables: Option<Vec<_>> = list
            .into_iter()
            .map(|item| {
                let span = self.sheet.in_file(item.span());
                let entries = as_table(item.into_inner())?;
                let table = Table {
                    sheet: self.sheet,
                    name: name.clone(),
                    entries,
                    named: Vec::new(),
                    asked: Vec::new(),
                };
                Some(Found { value: table, span })
            })
            .collect();
        if tables.is_none() {
            self.sheet.wrong(&span, format_args!("`{key}` must be {expected}"), None);
        }
        tables
    }

    /// Takes everything as tables whose names are free, each with its name and place.
    pub fn tables(self) -> Vec<(String, Range<usize>, Table<'s, 't>)> {
        let sheet = self.sheet;
        let mut tables = Vec::new();
        for (key, value) in self.entries {
            let span = sheet.in_file(key.span());
            let key = key.into_inner().into_owned();
            let name = format!("{}.{key}", self.name);
            let found = kind_of(value.get_ref());
            match as_table(value.into_inner()) {
                Some(entries) => tables.push((
                    key,
                    span,
                    Table { sheet, name, entries, asked: Vec::new(), named: Vec::new() },
                )),
                None => {
                    sheet.wrong(&span, format_args!("`{key}` must be a table: [{name}], not {found}"), None);
                }
            }
        }
        tables.sort_by_key(|(_, span, _)| span.start);
        tables
    }

    /// Takes everything as lists of tables whose names are free: `[[menus.main]]`.
    pub fn lists(self) -> Vec<(String, Vec<Element<'s, 't>>)> {
        let sheet = self.sheet;
        let mut lists = Vec::new();
        for (key, value) in self.entries {
            let key_span = sheet.in_file(key.span());
            let key = key.into_inner().into_owned();
            let name = format!("{}.{key}", self.name);
            let found = kind_of(value.get_ref());
            let tables: Option<Vec<_>> = match value.into_inner() {
                DeValue::Array(values) => (values.into_iter())
                    .map(|value| {
                        let span = sheet.in_file(value.span());
                        let entries = as_table(value.into_inner())?;
                        Some((
                            span,
                            Table {
                                sheet,
                                name: name.clone(),
                                entries,
                                asked: Vec::new(),
                                named: Vec::new(),
                            },
                        ))
                    })
                    .collect(),
                _ => None,
            };
            match tables {
                Some(tables) => lists.push((key_span.start, key, tables)),
                None => {
                    let message = format_args!("`{key}` must be a list of tables: [[{name}]], not {found}");
                    sheet.wrong(&key_span, message, None);
                }
            }
        }
        lists.sort_by_key(|(start, ..)| *start);
        lists.into_iter().map(|(_, key, tables)| (key, tables)).collect()
    }

    /// Takes a list of texts by a name that the program does not know.
    pub fn strings_named(&mut self, key: &str) -> Option<Vec<Found<String>>> {
        self.named.push(key.to_owned());
        let value = self.entries.remove(key)?;
        let span = self.sheet.in_file(value.span());
        self.list_of_strings(key, value.into_inner(), &span)
    }

    /// Takes a table in which everything is allowed.
    pub fn free(&mut self, key: &'static str) -> toml::Table {
        let expected = format!("a table: [{key}]");
        let Some(Found { value: entries, .. }) = self.typed(key, &expected, as_table) else {
            return toml::Table::new();
        };
        entries.into_iter().map(|(key, value)| (key.into_inner().into_owned(), self.plain(value))).collect()
    }

    /// Makes the presence of a key a mistake of its own.
    pub fn forbid(&mut self, key: &'static str, message: &str, hint: &str) {
        if let Some((key, _)) = self.entries.remove_entry(key) {
            self.sheet.wrong(&self.sheet.in_file(key.span()), message, Some(hint.to_owned()));
        }
    }

    /// Where the value of a key stands, if it does and was not taken yet.
    pub fn value_span(&self, key: &str) -> Option<Range<usize>> {
        self.entries.get(key).map(|value| self.sheet.in_file(value.span()))
    }

    /// Whether the key stands there, taken or not being no matter.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Makes a mistake of every key that nobody asked for; `fallback` is the hint where no known name is alike.
    pub fn finish(self, fallback: Option<&str>) {
        for (key, value) in self.entries {
            let name = shown(key.get_ref());
            let what = if value.get_ref().is_table() { "table" } else { "key" };
            let place = if self.name.is_empty() { String::new() } else { format!(" in [{}]", self.name) };
            let hint =
                did_you_mean(&name, self.asked.iter().copied().chain(self.named.iter().map(String::as_str)))
                    .or(fallback.map(str::to_owned));
            self.sheet.wrong(
                &self.sheet.in_file(key.span()),
                format!("unknown {what} `{name}`{place}"),
                hint,
            );
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Found<DeValue<'t>>> {
        self.asked.push(key);
        let value = self.entries.remove(key)?;
        Some(Found { span: self.sheet.in_file(value.span()), value: value.into_inner() })
    }

    fn typed<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(DeValue<'t>) -> Option<T>,
    ) -> Option<Found<T>> {
        let Found { value, span } = self.take(key)?;
        let found = kind_of(&value);
        let read = read(value);
        if read.is_none() {
            self.sheet.wrong(&span, format_args!("`{key}` must be {expected}, not {found}"), None);
        }
        read.map(|value| Found { value, span })
    }

    fn plain(&self, value: toml::Spanned<DeValue<'t>>) -> toml::Value {
        let span = self.sheet.in_file(value.span());
        match value.into_inner() {
            DeValue::String(text) => toml::Value::String(text.into_owned()),
            DeValue::Boolean(truth) => toml::Value::Boolean(truth),
            DeValue::Datetime(datetime) => toml::Value::Datetime(datetime),
            DeValue::Float(number) => toml::Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Integer(number) => {
                let whole = i64::from_str_radix(number.as_str(), number.radix());
                toml::Value::Integer(whole.unwrap_or_else(|_| {
                    self.sheet.wrong(&span, "the number is too large", None);
                    0
                }))
            }
            DeValue::Array(values) => {
                toml::Value::Array(values.into_iter().map(|value| self.plain(value)).collect())
            }
            DeValue::Table(entries) => toml::Value::Table(
                entries
                    .into_iter()
                    .map(|(key, value)| (key.into_inner().into_owned(), self.plain(value)))
                    .collect(),
            ),
        }
    }
}

fn as_table(value: DeValue<'_>) -> Option<DeTable<'_>> {
    match value {
        DeValue::Table(entries) => Some(entries),
        _ => None,
    }
}

/// What a value is, in the words of the messages.
pub fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
