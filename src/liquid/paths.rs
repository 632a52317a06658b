//! Looking things up along a path, and recording what was looked at.

use super::ast::{Name, Path, Root, Special, Step};
use super::context::Context;
use super::error::{Error, ErrorKind, did_you_mean};
use super::eval::{Want, range_len, scalar};
use super::look::place_in;
use super::reads::{NO_NODE, ROOT, ReadKind};
use super::value::{ListRef, Object, ObjectRef, Text, Value, ValueRef, visible};

/// Where a walk along a path has come to.
struct Walk<'a> {
    value: Value<'a>,
    /// The node of a plain value of the data, while recording.
    node: u32,
    /// The value as it stands in the data, while recording.
    seen: Option<ValueRef<'a>>,
    /// The steps led nowhere.
    lost: bool,
}

impl<'a> Walk<'a> {
    fn made(value: Value<'a>) -> Walk<'a> {
        Walk { value, node: NO_NODE, seen: None, lost: false }
    }

    fn lost() -> Walk<'a> {
        Walk { value: Value::Nil, node: NO_NODE, seen: None, lost: true }
    }
}

impl<'a> Context<'a> {
    #[inline]
    pub(super) fn path(&mut self, path: &'a Path, want: Want) -> Result<Value<'a>, Error> {
        match self.walk(path, want) {
            Ok(value) => Ok(value),
            Err(e) => Err(self.place(e, path.at)),
        }
    }

    fn walk(&mut self, path: &'a Path, want: Want) -> Result<Value<'a>, Error> {
        let mut here = match &path.root {
            Root::Name(name) => match self.local(name) {
                Some(value) => Walk::made(value.clone()),
                None => self.root(name)?,
            },
            Root::Expr(expr) => match self.expr(expr, Want::Value)? {
                Value::Str(name) | Value::Html(name) => {
                    let found = self.variable(&name)?;
                    Walk::made(found)
                }
                _ => Walk::lost(),
            },
        };
        let mut taken = 0;
        for step in &path.steps {
            if here.lost {
                break;
            }
            taken += 1;
            here = match step {
                Step::Key(name, special) => self.key(here, name, *special)?,
                Step::Index(i) => self.index(here, *i)?,
                Step::Expr(expr) => {
                    let key = self.expr(expr, Want::Value)?;
                    match key {
                        Value::Int(i) => self.index(here, i)?,
                        Value::Str(key) | Value::Html(key) => self.dynamic_key(here, &key)?,
                        _ => {
                            self.note(&here, ReadKind::Value);
                            Walk::lost()
                        }
                    }
                }
            };
        }
        if here.node != NO_NODE {
            let kind = if want == Want::Truth { ReadKind::Truth } else { ReadKind::Value };
            self.note(&here, kind);
        }
        if here.lost && want == Want::Value {
            self.undefined(path, taken)?;
        }
        Ok(here.value)
    }

    fn note(&mut self, walk: &Walk<'a>, kind: ReadKind) {
        if walk.node != NO_NODE
            && let Some(reads) = &mut self.reads
        {
            reads.record(kind, walk.node, walk.seen);
        }
    }

    /// A name that no variable has: a counter, or the data.
    fn root(&mut self, name: &'a Name) -> Result<Walk<'a>, Error> {
        if let Some((_, n)) = self.counters.iter().find(|(c, _)| c.text == name.text) {
            return Ok(Walk::made(Value::Int(*n)));
        }
        if !self.sees_globals {
            return Ok(Walk::lost());
        }
        let found = self.scene.globals.get(&name.text);
        self.found(found, ROOT, name)
    }

    /// The value of a variable by name, recorded as read; nil if there is none.
    pub fn variable(&mut self, name: &str) -> Result<Value<'a>, Error> {
        let wanted = Name::new(name);
        if let Some(value) = self.local(&wanted) {
            return Ok(value.clone());
        }
        if let Some((_, n)) = self.counters.iter().find(|(c, _)| c.text == wanted.text) {
            return Ok(Value::Int(*n));
        }
        if !self.sees_globals {
            return Ok(Value::Nil);
        }
        let found = self.scene.globals.get(name);
        let node = match &mut self.reads {
            Some(reads) => reads.owned_name(ROOT, name),
            None => NO_NODE,
        };
        let walk = self.arrive(found, node)?;
        self.note(&walk, ReadKind::Value);
        Ok(walk.value)
    }

    fn found(&mut self, found: Option<ValueRef<'a>>, parent: u32, name: &'a Name) -> Result<Walk<'a>, Error> {
        let node = match &mut self.reads {
            Some(reads) if parent != NO_NODE => reads.name(parent, &name.text, name.hash),
            _ => NO_NODE,
        };
        self.arrive(found, node)
    }

    /// Takes a value of the data at a place.
    #[inline]
    fn arrive(&mut self, found: Option<ValueRef<'a>>, node: u32) -> Result<Walk<'a>, Error> {
        let Some(value) = found else {
            if let Some(reads) = &mut self.reads {
                reads.record(ReadKind::Value, node, None);
            }
            return Ok(Walk::lost());
        };
        match value {
            ValueRef::List(list) => {
                Ok(Walk { value: Value::List(ListRef { list, node }), node, seen: found, lost: false })
            }
            ValueRef::Object(object) => {
                let mut inner = node;
                let mut outer = node;
                if node != NO_NODE
                    && let Some(reads) = &mut self.reads
                    && let Some(id) = object.id()
                {
                    // What stands here is one read, what is read of it another.
                    reads.record(ReadKind::Value, node, found);
                    inner = reads.entity(node, id);
                    outer = NO_NODE;
                }
                let value = Value::Object(ObjectRef { object, node: inner });
                Ok(Walk { value, node: outer, seen: found, lost: false })
            }
            other => Ok(Walk { value: scalar(other)?, node, seen: found, lost: false }),
        }
    }

    fn key(&mut self, here: Walk<'a>, name: &'a Name, special: Special) -> Result<Walk<'a>, Error> {
        match &here.value {
            Value::Object(o) => {
                let found = o.object.get(&name.text);
                if found.is_none() && special != Special::None {
                    self.absent(o.node, &name.text);
                    return self.special(here, special);
                }
                self.found(found, o.node, name)
            }
            Value::Record(record) => match record.entries.iter().find(|(k, _)| **k == *name.text) {
                Some((_, value)) => Ok(Walk::made(value.clone())),
                None => self.special(here, special),
            },
            Value::Loop(index) => Ok(self.loop_property(*index, &name.text)),
            _ => self.special(here, special),
        }
    }

    fn dynamic_key(&mut self, here: Walk<'a>, key: &str) -> Result<Walk<'a>, Error> {
        match &here.value {
            Value::Object(o) => {
                let found = o.object.get(key);
                let node = match &mut self.reads {
                    Some(reads) if o.node != NO_NODE => reads.owned_name(o.node, key),
                    _ => NO_NODE,
                };
                self.arrive(found, node)
            }
            Value::Record(record) => Ok(match record.entries.iter().find(|(k, _)| **k == *key) {
                Some((_, value)) => Walk::made(value.clone()),
                None => Walk::lost(),
            }),
            Value::Loop(index) => Ok(self.loop_property(*index, key)),
            _ => {
                self.note(&here, ReadKind::Value);
                Ok(Walk::lost())
            }
        }
    }

    fn absent(&mut self, parent: u32, key: &str) {
        if let Some(reads) = &mut self.reads
            && parent != NO_NODE
        {
            let node = reads.owned_name(parent, key);
            reads.record(ReadKind::Value, node, None);
        }
    }

    fn index(&mut self, here: Walk<'a>, index: i64) -> Result<Walk<'a>, Error> {
        match &here.value {
            Value::List(l) => {
                let found = place_in(index, l.list.len()).and_then(|i| l.list.get(i));
                let node = match &mut self.reads {
                    Some(reads) if l.node != NO_NODE => reads.index(l.node, index),
                    _ => NO_NODE,
                };
                self.arrive(found, node)
            }
            Value::Array(a) => Ok(match place_in(index, a.items.len()) {
                Some(i) => Walk::made(a.items[i].clone()),
                None => Walk::lost(),
            }),
            Value::Range(from, to) => {
                Ok(match place_in(index, usize::try_from(range_len(*from, *to)).unwrap_or(usize::MAX)) {
                    Some(i) => Walk::made(Value::Int(from.saturating_add(i as i64))),
                    None => Walk::lost(),
                })
            }
            _ => {
                self.note(&here, ReadKind::Value);
                Ok(Walk::lost())
            }
        }
    }

    /// `size`, `first`, `last` of what has no such key.
    fn special(&mut self, here: Walk<'a>, special: Special) -> Result<Walk<'a>, Error> {
        match special {
            Special::None => {
                self.note(&here, ReadKind::Value);
                Ok(Walk::lost())
            }
            Special::Size => {
                self.note(&here, ReadKind::Value);
                match self.size(&here.value) {
                    Some(n) => Ok(Walk::made(Value::Int(n))),
                    None => Ok(Walk::lost()),
                }
            }
            Special::First | Special::Last => {
                self.note(&here, ReadKind::Value);
                if let Value::List(_) | Value::Array(_) | Value::Range(..) = here.value {
                    let index = if special == Special::First { 0 } else { -1 };
                    let mut walk = self.index(here, index)?;
                    // An empty list has no first element, which is nobody's mistake.
                    walk.lost = false;
                    return Ok(walk);
                }
                Ok(Walk::made(self.end_of(&here.value, special == Special::First)?))
            }
        }
    }

    /// The first or last of a value; nil if it has none.
    pub(super) fn end_of(&mut self, value: &Value<'a>, first: bool) -> Result<Value<'a>, Error> {
        Ok(match value {
            Value::List(_) | Value::Array(_) | Value::Range(..) => {
                let walk = self.index(Walk::made(value.clone()), if first { 0 } else { -1 })?;
                self.note(&walk, ReadKind::Value);
                walk.value
            }
            Value::Object(_) | Value::Record(_) if first => {
                let pairs = self.children(value)?;
                pairs.into_iter().next().unwrap_or_default()
            }
            Value::Str(s) | Value::Html(s) => {
                let c = if first { s.chars().next() } else { s.chars().next_back() };
                c.map(|c| Value::string(c.to_string())).unwrap_or_default()
            }
            _ => Value::Nil,
        })
    }

    /// How many elements, entries or characters; nothing if the value has no size. Lists answer at once.
    pub(super) fn size(&mut self, value: &Value<'a>) -> Option<i64> {
        Some(match value {
            Value::List(l) => {
                if let Some(reads) = &mut self.reads {
                    reads.record(ReadKind::Len, l.node, Some(ValueRef::List(l.list)));
                }
                l.list.len() as i64
            }
            Value::Object(o) => {
                if let Some(reads) = &mut self.reads {
                    reads.record(ReadKind::Len, o.node, Some(ValueRef::Object(o.object)));
                }
                visible(o.object).count() as i64
            }
            Value::Array(a) => a.items.len() as i64,
            Value::Record(r) => r.entries.len() as i64,
            Value::Str(s) | Value::Html(s) => s.chars().count() as i64,
            Value::Range(from, to) => i64::try_from(range_len(*from, *to)).unwrap_or(i64::MAX),
            _ => return None,
        })
    }

    fn loop_property(&mut self, index: u32, name: &str) -> Walk<'a> {
        let Some(state) = self.loops.get(index as usize) else { return Walk::lost() };
        let (i, len) = (state.index as i64, state.length as i64);
        Walk::made(match (name, state.cols) {
            ("index", _) => Value::Int(i + 1),
            ("index0", _) => Value::Int(i),
            ("rindex", _) => Value::Int(len - i),
            ("rindex0", _) => Value::Int(len - i - 1),
            ("first", _) => Value::Bool(i == 0),
            ("last", _) => Value::Bool(i + 1 == len),
            ("length", _) => Value::Int(len),
            ("name", None) => Value::Str(Text::Borrowed(state.name)),
            ("parentloop", None) => state.parent.map_or(Value::Nil, Value::Loop),
            ("col", Some((_, _, col))) => Value::Int(col),
            ("col0", Some((_, _, col))) => Value::Int(col - 1),
            ("row", Some((_, row, _))) => Value::Int(row),
            ("col_first", Some((_, _, col))) => Value::Bool(col == 1),
            ("col_last", Some((cols, _, col))) => Value::Bool(col == cols),
            _ => return Walk::lost(),
        })
    }

    /// Says that a name is not there: a warning, or an error if the render is strict.
    #[cold]
    fn undefined(&mut self, path: &'a Path, taken: usize) -> Result<(), Error> {
        if !self.scene.options.strict && self.has_warned(path.at) {
            return Ok(());
        }
        let mut names: Vec<&'a str> = Vec::new();
        let mut locals: Vec<String> = Vec::new();
        let (what, wanted): (String, &str) = match (&path.root, taken) {
            (Root::Name(root), 0) => {
                locals.extend(self.local_names());
                if self.sees_globals {
                    names.extend(visible(self.scene.globals).map(|(k, _)| k).take(1_000));
                }
                (format!("\"{}\" is not defined", root.text), &root.text)
            }
            // What stands in brackets at the beginning has no name of its own: `{{ [0].title }}`.
            (_, 0) => ("a name that is not defined".to_owned(), ""),
            (_, n) => match path.steps.get(n - 1) {
                Some(Step::Key(key, _)) => {
                    if let Some(object) = self.owner(path, n - 1) {
                        names.extend(visible(object).map(|(k, _)| k).take(1_000));
                    }
                    (format!("\"{}\" has no property \"{}\"", described(path, n - 1), key.text), &key.text)
                }
                Some(_) => (format!("\"{}\" has no such element", described(path, n - 1)), ""),
                None => ("a name that is not defined".to_owned(), ""),
            },
        };
        let hint = did_you_mean(wanted, names.into_iter().chain(locals.iter().map(String::as_str)));
        let error = Error::new(ErrorKind::Undefined, what).with_hint(hint);
        if self.scene.options.strict {
            return Err(error);
        }
        self.warn(error, Some(path.at));
        Ok(())
    }

    /// The object of the data that the first steps of a path lead to, looked up without being recorded.
    fn owner(&self, path: &'a Path, steps: usize) -> Option<&'a dyn Object> {
        let Root::Name(root) = &path.root else { return None };
        let mut at = match self.local(root) {
            Some(Value::Object(o)) => ValueRef::Object(o.object),
            Some(_) => return None,
            None => self.scene.globals.get(&root.text)?,
        };
        for step in &path.steps[..steps] {
            at = match (at, step) {
                (ValueRef::Object(o), Step::Key(name, _)) => o.get(&name.text)?,
                (ValueRef::List(l), Step::Index(i)) => l.get(place_in(*i, l.len())?)?,
                _ => return None,
            };
        }
        match at {
            ValueRef::Object(o) => Some(o),
            _ => None,
        }
    }
}

/// The first steps of a path as they are written.
fn described(path: &Path, steps: usize) -> String {
    let mut out = match &path.root {
        Root::Name(name) => name.text.to_string(),
        Root::Expr(_) => "[…]".to_owned(),
    };
    for step in &path.steps[..steps] {
        match step {
            Step::Key(key, _) => {
                out.push('.');
                out.push_str(&key.text);
            }
            Step::Index(i) => out.push_str(&format!("[{i}]")),
            Step::Expr(_) => out.push_str("[…]"),
        }
    }
    out
}
