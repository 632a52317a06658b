//! Expressions: looking things up, recording what was looked at, comparing.

use std::cmp::Ordering;

use super::ast::{
    Call, Condition, Expr, Filtered, Join, Literal, Name, Op, Path, Root, Snippet, Special, Step, Test,
};
use super::context::Context;
use super::error::{Error, ErrorKind, did_you_mean};
use super::language::Args;
use super::reads::{NO_NODE, ROOT, ReadKind, place_in};
use super::text;
use super::value::{ListRef, Object, ObjectRef, Text, Value, ValueRef};

/// What a value is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// To be shown or worked with: an undefined name is worth a warning.
    Value,
    /// The same, where being undefined is a usual answer.
    Quiet,
    /// Only to know whether it is true.
    Truth,
}

/// The plain values among those of the data.
pub(super) fn scalar<'a>(value: ValueRef<'a>) -> Result<Value<'a>, Error> {
    Ok(match value {
        ValueRef::Nil => Value::Nil,
        ValueRef::Bool(b) => Value::Bool(b),
        ValueRef::Int(n) => Value::Int(n),
        ValueRef::Float(n) => Value::Float(n),
        ValueRef::Str(s) => Value::Str(Text::Borrowed(s)),
        ValueRef::SafeHtml(s) => Value::Html(Text::Borrowed(s)),
        ValueRef::Time(t) => Value::Time(t),
        ValueRef::Withheld(field) => {
            let message = format!("\"{field}\" is personal data, withheld from this template");
            return Err(Error::new(ErrorKind::Withheld, message));
        }
        ValueRef::List(list) => Value::List(ListRef { list, node: NO_NODE }),
        ValueRef::Object(object) => Value::Object(ObjectRef { object, node: NO_NODE }),
    })
}

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
    pub(super) fn output(&mut self, value: &'a Filtered) -> Result<(), Error> {
        if value.calls.is_empty() {
            let value = self.expr(&value.base, Want::Value)?;
            return self.write(&value);
        }
        if let Some((last, before)) = value.calls.split_last()
            && last.escapes
        {
            // The most frequent filter of all writes straight to the output.
            let (value, _) = self.through(&value.base, before, false)?;
            match &value {
                Value::Str(s) => text::push_escaped(&mut self.out, s),
                Value::Html(s) if self.autoescape() => self.out.push_str(s),
                Value::Int(n) => self.write_int(*n),
                Value::Nil => {}
                other => {
                    let mut made = String::new();
                    self.stringify(other, &mut made)?;
                    text::push_escaped(&mut self.out, &made);
                }
            }
            return Ok(());
        }
        let (value, _) = self.through(&value.base, &value.calls, false)?;
        self.write(&value)
    }

    pub(super) fn filtered(&mut self, value: &'a Filtered) -> Result<Value<'a>, Error> {
        if value.calls.is_empty() {
            return self.expr(&value.base, Want::Value);
        }
        self.through(&value.base, &value.calls, true).map(|(v, _)| v)
    }

    fn through(&mut self, base: &'a Expr, calls: &'a [Call], _kept: bool) -> Result<(Value<'a>, ()), Error> {
        let want = if calls.first().is_some_and(|c| c.forgives) { Want::Quiet } else { Want::Value };
        let mut value = self.expr(base, want)?;
        for call in calls {
            value = self.call(value, call).map_err(|e| self.place(e, call.at))?;
        }
        Ok((value, ()))
    }

    fn call(&mut self, input: Value<'a>, call: &'a Call) -> Result<Value<'a>, Error> {
        self.step(1)?;
        let want = if call.forgives { Want::Quiet } else { Want::Value };
        let snippet = call.snippet.as_deref();
        if call.named.is_empty() {
            // Few filters take more than two arguments, and those need not be fast.
            return match &*call.args {
                [] => call.filter.apply(self, input, &Args { values: &[], named: &[], snippet }),
                [one] => {
                    let values = [self.expr(one, want)?];
                    call.filter.apply(self, input, &Args { values: &values, named: &[], snippet })
                }
                many => {
                    let values = self.all(many, want)?;
                    call.filter.apply(self, input, &Args { values: &values, named: &[], snippet })
                }
            };
        }
        let values = self.all(&call.args, want)?;
        let mut named = Vec::with_capacity(call.named.len());
        for (name, value) in &call.named {
            named.push((&**name, self.expr(value, want)?));
        }
        call.filter.apply(self, input, &Args { values: &values, named: &named, snippet })
    }

    fn all(&mut self, exprs: &'a [Expr], want: Want) -> Result<Vec<Value<'a>>, Error> {
        exprs.iter().map(|e| self.expr(e, want)).collect()
    }

    pub(super) fn snippet(&mut self, snippet: &'a Snippet) -> Result<Value<'a>, Error> {
        self.step(1)?;
        match snippet {
            Snippet::Value(value) => self.filtered(value),
            Snippet::Test(condition) => self.condition(condition).map(Value::Bool),
        }
    }

    pub(super) fn expr(&mut self, expr: &'a Expr, want: Want) -> Result<Value<'a>, Error> {
        match expr {
            Expr::Path(path) => self.path(path, want),
            Expr::Literal(literal) => Ok(match literal {
                Literal::Str(s) => Value::Str(Text::Borrowed(s)),
                Literal::Int(n) => Value::Int(*n),
                Literal::Nil => Value::Nil,
                Literal::Bool(b) => Value::Bool(*b),
                Literal::Float(n) => Value::Float(*n),
                Literal::Empty => Value::Empty,
                Literal::Blank => Value::Blank,
            }),
            Expr::Range(ends) => {
                let from = self.expr(&ends.0, Want::Value)?;
                let to = self.expr(&ends.1, Want::Value)?;
                Ok(Value::Range(range_end(&from)?, range_end(&to)?))
            }
        }
    }

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
            (_, n) => match path.steps.get(n.saturating_sub(1)) {
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

    // ----- conditions -----

    /// Conditions are joined from the right, which from the left means: the first `and` that fails ends it, and
    /// so does the first `or` that holds.
    pub(super) fn condition(&mut self, condition: &'a Condition) -> Result<bool, Error> {
        let mut joins = condition.joins.iter();
        for test in &condition.tests {
            let holds = self.test(test)?;
            match joins.next() {
                Some(Join::And) if !holds => return Ok(false),
                Some(Join::Or) if holds => return Ok(true),
                Some(_) => {}
                None => return Ok(holds),
            }
        }
        Ok(false)
    }

    fn test(&mut self, test: &'a Test) -> Result<bool, Error> {
        let Some((op, right)) = &test.rest else {
            return Ok(self.expr(&test.left, Want::Truth)?.is_truthy());
        };
        // Comparing with nil or blank is how a template asks whether something is there.
        let asks =
            matches!(right, Expr::Literal(Literal::Nil | Literal::Bool(_) | Literal::Empty | Literal::Blank));
        let want = if asks { Want::Quiet } else { Want::Value };
        let left = self.expr(&test.left, want)?;
        let right = self.expr(right, want)?;
        self.compare(&left, *op, &right).map_err(|e| self.place(e, test.at))
    }

    pub(super) fn compare(&mut self, left: &Value<'a>, op: Op, right: &Value<'a>) -> Result<bool, Error> {
        let ordering = match op {
            Op::Eq => return self.equal(left, right),
            Op::Ne => return self.equal(left, right).map(|e| !e),
            Op::Contains => return self.contains(left, right),
            _ => match (left, right) {
                (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
                    number_order(left, right)
                }
                (Value::Str(a) | Value::Html(a), Value::Str(b) | Value::Html(b)) => {
                    Some(a.as_bytes().cmp(b.as_bytes()))
                }
                (Value::Time(a), Value::Time(b)) => {
                    Some((a.seconds(), a.nanos()).cmp(&(b.seconds(), b.nanos())))
                }
                (l, r) if orders(l) && orders(r) => {
                    let message = format!("cannot compare {} with {}", l.kind(), r.kind());
                    return Err(Error::value(message));
                }
                _ => None,
            },
        };
        Ok(match ordering {
            None => false,
            Some(o) => match op {
                Op::Lt => o == Ordering::Less,
                Op::Le => o != Ordering::Greater,
                Op::Gt => o == Ordering::Greater,
                _ => o != Ordering::Less,
            },
        })
    }

    pub(super) fn equal(&mut self, left: &Value<'a>, right: &Value<'a>) -> Result<bool, Error> {
        Ok(match (left, right) {
            (Value::Empty | Value::Blank, Value::Empty | Value::Blank) => false,
            (Value::Empty, other) | (other, Value::Empty) => self.is_empty(other),
            (Value::Blank, other) | (other, Value::Blank) => self.is_blank(other),
            (Value::Nil, Value::Nil) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
                number_order(left, right) == Some(Ordering::Equal)
            }
            (Value::Str(a) | Value::Html(a), Value::Str(b) | Value::Html(b)) => **a == **b,
            (Value::Time(a), Value::Time(b)) => (a.seconds(), a.nanos()) == (b.seconds(), b.nanos()),
            (Value::Range(a, b), Value::Range(c, d)) => a == c && b == d,
            (Value::Loop(a), Value::Loop(b)) => a == b,
            (Value::List(_) | Value::Array(_), Value::List(_) | Value::Array(_)) => {
                self.equal_lists(left, right)?
            }
            (Value::Object(_) | Value::Record(_), Value::Object(_) | Value::Record(_)) => {
                self.equal_objects(left, right)?
            }
            _ => false,
        })
    }

    fn equal_lists(&mut self, left: &Value<'a>, right: &Value<'a>) -> Result<bool, Error> {
        let (a, b) = (self.children(left)?, self.children(right)?);
        if a.len() != b.len() {
            return Ok(false);
        }
        self.enter()?;
        let mut same = true;
        for (a, b) in a.iter().zip(&b) {
            self.step(1)?;
            if !self.equal(a, b)? {
                same = false;
                break;
            }
        }
        self.leave();
        Ok(same)
    }

    fn equal_objects(&mut self, left: &Value<'a>, right: &Value<'a>) -> Result<bool, Error> {
        let (a, b) = (self.entries(left)?, self.entries(right)?);
        if a.len() != b.len() {
            return Ok(false);
        }
        self.enter()?;
        let mut same = true;
        for (key, value) in &a {
            self.step(1 + b.len() as u64 / 16)?;
            same = match b.iter().find(|(k, _)| **k == **key) {
                Some((_, other)) => self.equal(value, other)?,
                None => false,
            };
            if !same {
                break;
            }
        }
        self.leave();
        Ok(same)
    }

    /// Whether it is an empty text, list or object.
    pub(super) fn is_empty(&mut self, value: &Value<'a>) -> bool {
        match value {
            Value::Str(_) | Value::Html(_) => value.as_str() == Some(""),
            Value::List(_) | Value::Array(_) | Value::Object(_) | Value::Record(_) => {
                self.size(value) == Some(0)
            }
            _ => false,
        }
    }

    pub(super) fn is_blank(&mut self, value: &Value<'a>) -> bool {
        match value {
            Value::Nil | Value::Bool(false) => true,
            Value::Str(s) | Value::Html(s) => s.trim().is_empty(),
            other => self.is_empty(other),
        }
    }

    fn contains(&mut self, left: &Value<'a>, right: &Value<'a>) -> Result<bool, Error> {
        if !right.is_truthy() {
            return Ok(false);
        }
        Ok(match left {
            Value::Str(s) | Value::Html(s) => {
                let mut needle = String::new();
                let needle = match right.as_str() {
                    Some(text) => text,
                    None => {
                        self.stringify(right, &mut needle)?;
                        &needle
                    }
                };
                self.step(1 + s.len() as u64 / 256)?;
                s.contains(needle)
            }
            Value::Object(o) => match right.as_str() {
                Some(key) => {
                    let there = o.object.get(key).is_some_and(|v| !matches!(v, ValueRef::Withheld(_)));
                    if let Some(reads) = &mut self.reads
                        && o.node != NO_NODE
                    {
                        let node = reads.owned_name(o.node, key);
                        reads.record(ReadKind::Value, node, o.object.get(key));
                    }
                    there
                }
                None => false,
            },
            Value::Record(r) => right.as_str().is_some_and(|key| r.entries.iter().any(|(k, _)| **k == *key)),
            Value::Range(from, to) => match right {
                Value::Int(n) => from <= n && n <= to,
                Value::Float(n) => *from as f64 <= *n && *n <= *to as f64,
                _ => false,
            },
            Value::List(_) | Value::Array(_) => {
                let items = self.children(left)?;
                for item in items {
                    self.step(1)?;
                    if self.equal(&item, right)? {
                        return Ok(true);
                    }
                }
                false
            }
            _ => false,
        })
    }
}

/// The entries that templates see.
pub(super) fn visible<'o>(object: &'o dyn Object) -> impl Iterator<Item = (&'o str, ValueRef<'o>)> {
    (0..object.len()).filter_map(|i| object.entry(i)).filter(|(_, v)| !matches!(v, ValueRef::Withheld(_)))
}

/// Whether values of this kind can be put in an order.
fn orders(value: &Value<'_>) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_) | Value::Str(_) | Value::Html(_) | Value::Time(_))
}

/// Which of two numbers is larger, exactly, whatever their types.
pub(super) fn number_order(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Float(b)) => int_float(*a, *b),
        (Value::Float(a), Value::Int(b)) => int_float(*b, *a).map(Ordering::reverse),
        _ => None,
    }
}

fn int_float(a: i64, b: f64) -> Option<Ordering> {
    if b.is_nan() {
        return None;
    }
    if b >= 9_223_372_036_854_775_808.0 {
        return Some(Ordering::Less);
    }
    if b < -9_223_372_036_854_775_808.0 {
        return Some(Ordering::Greater);
    }
    let whole = b.trunc();
    let rest = b - whole;
    Some(a.cmp(&(whole as i64)).then(if rest > 0.0 {
        Ordering::Less
    } else if rest < 0.0 {
        Ordering::Greater
    } else {
        Ordering::Equal
    }))
}

fn range_end(value: &Value<'_>) -> Result<i64, Error> {
    Ok(match value {
        Value::Int(n) => *n,
        Value::Float(n) => *n as i64,
        Value::Str(s) | Value::Html(s) => text::leading_integer(s),
        Value::Nil | Value::Empty | Value::Blank => 0,
        other => {
            return Err(Error::value(format!("a range goes from number to number, not to {}", other.kind())));
        }
    })
}

pub(super) fn range_len(from: i64, to: i64) -> u64 {
    if to < from { 0 } else { (to as i128 - from as i128 + 1).min(i128::from(u64::MAX)) as u64 }
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
