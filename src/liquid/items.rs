//! Going through lists and objects, taking properties, and making text of values; each look is recorded once, at
//! the outermost place that says it all.

use std::rc::Rc;

use super::context::Context;
use super::error::{Error, ErrorKind};
use super::eval::{range_len, scalar};
use super::reads::{NO_NODE, ReadKind};
use super::value::{Array, ListRef, ObjectRef, Text, Value, ValueRef, visible};

/// A part of something that can be gone through, not spelled out.
pub(super) struct Segment<'a> {
    source: Each<'a>,
    from: usize,
    len: usize,
}

enum Each<'a> {
    Nothing,
    Range(i64),
    List(ListRef<'a>),
    Array(Rc<Array<'a>>),
    Pairs(Vec<Value<'a>>),
    One(Value<'a>),
}

impl Segment<'_> {
    pub(super) fn len(&self) -> usize {
        self.len
    }
}

/// What a property of an element came to.
pub(super) enum Property<'a> {
    Found(Value<'a>),
    /// The element has no properties at all: filters then give up quietly.
    None,
    /// The element has, but not by such a key: that is an error.
    Wrong,
}

impl<'a> Context<'a> {
    /// What `for` goes through, from `from` on and at most `limit` elements.
    pub(super) fn segment(
        &mut self,
        source: &Value<'a>,
        from: i64,
        limit: Option<i64>,
    ) -> Result<Segment<'a>, Error> {
        let (source, total) = match source {
            Value::Range(a, b) => (Each::Range(*a), range_len(*a, *b)),
            Value::List(l) => {
                self.record_items(source);
                (Each::List(*l), l.list.len() as u64)
            }
            Value::Array(a) => (Each::Array(a.clone()), a.items.len() as u64),
            Value::Object(_) | Value::Record(_) => {
                let pairs = self.children(source)?;
                let len = pairs.len() as u64;
                (Each::Pairs(pairs), len)
            }
            Value::Str(s) | Value::Html(s) => {
                // A text is one element, whatever part of it is wanted.
                let len = usize::from(!s.is_empty());
                return Ok(Segment { source: Each::One(source.clone()), from: 0, len });
            }
            _ => (Each::Nothing, 0),
        };
        let total = i64::try_from(total).unwrap_or(i64::MAX);
        let end = limit.map_or(total, |l| l.saturating_add(from)).min(total);
        let from = from.max(0);
        let len = end.saturating_sub(from).max(0);
        if matches!(source, Each::Range(_)) {
            self.check_range(len as u64)?;
        }
        Ok(Segment { source, from: from as usize, len: len as usize })
    }

    fn check_range(&self, len: u64) -> Result<(), Error> {
        let most = self.scene.options.limits.range;
        if len > most {
            return Err(Error::new(ErrorKind::Limit, format!("a range of {len} numbers; at most {most}")));
        }
        Ok(())
    }

    /// An element of a segment.
    #[inline]
    pub(super) fn element(&mut self, segment: &Segment<'a>, i: usize) -> Result<Value<'a>, Error> {
        let at = segment.from + i;
        Ok(match &segment.source {
            Each::List(list) => return self.list_element(*list, at),
            Each::Array(array) => array.items.get(at).cloned().unwrap_or_default(),
            Each::Range(from) => Value::Int(from.saturating_add(at as i64)),
            Each::Pairs(pairs) => pairs.get(at).cloned().unwrap_or_default(),
            Each::One(value) => value.clone(),
            Each::Nothing => Value::Nil,
        })
    }

    /// An element of a list whose elements have been recorded.
    fn list_element(&mut self, list: ListRef<'a>, at: usize) -> Result<Value<'a>, Error> {
        let Some(found) = list.list.get(at) else { return Ok(Value::Nil) };
        let (ValueRef::List(_) | ValueRef::Object(_)) = found else { return scalar(found) };
        let mut node = NO_NODE;
        if let Some(reads) = &mut self.reads
            && list.node != NO_NODE
        {
            node = reads.index(list.node, at as i64);
            if let ValueRef::Object(object) = found
                && let Some(id) = object.id()
            {
                node = reads.entity(node, id);
            }
            reads.met_in(node, list.node);
        }
        Ok(match found {
            ValueRef::List(list) => Value::List(ListRef { list, node }),
            ValueRef::Object(object) => Value::Object(ObjectRef { object, node }),
            other => scalar(other)?,
        })
    }

    fn record_items(&mut self, value: &Value<'a>) {
        self.record_look(ReadKind::Items, value);
    }

    pub(super) fn record_subtree(&mut self, value: &Value<'a>) {
        self.record_look(ReadKind::Subtree, value);
    }

    fn record_look(&mut self, kind: ReadKind, value: &Value<'a>) {
        if let Some(reads) = &mut self.reads {
            match value {
                Value::List(l) => reads.record(kind, l.node, Some(ValueRef::List(l.list))),
                Value::Object(o) => reads.record(kind, o.node, Some(ValueRef::Object(o.object))),
                _ => {}
            }
        }
    }

    /// Whether it is a list or a range, of the data or made.
    pub fn is_list(&self, value: &Value<'a>) -> bool {
        matches!(value, Value::List(_) | Value::Array(_) | Value::Range(..))
    }

    /// The elements of a list, or the pairs of an object; nothing of other values.
    pub(super) fn children(&mut self, value: &Value<'a>) -> Result<Vec<Value<'a>>, Error> {
        match value {
            Value::List(list) => {
                self.record_items(value);
                let len = list.list.len();
                self.charge(len * std::mem::size_of::<Value<'_>>())?;
                (0..len).map(|i| self.list_element(*list, i)).collect()
            }
            Value::Array(array) => {
                self.charge(array.items.len() * std::mem::size_of::<Value<'_>>())?;
                Ok(array.items.clone())
            }
            Value::Range(from, to) => {
                let len = range_len(*from, *to);
                self.check_range(len)?;
                self.charge(len as usize * std::mem::size_of::<Value<'_>>())?;
                Ok((*from..=*to).map(Value::Int).collect())
            }
            Value::Object(_) | Value::Record(_) => {
                let entries = self.entries(value)?;
                entries.into_iter().map(|(k, v)| self.array(vec![Value::Str(k), v])).collect()
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The entries of an object in their order; withheld fields are not among them.
    pub fn entries(&mut self, value: &Value<'a>) -> Result<Vec<(Text<'a>, Value<'a>)>, Error> {
        match value {
            Value::Object(o) => {
                self.record_items(value);
                self.charge(o.object.len() * std::mem::size_of::<(Text<'_>, Value<'_>)>())?;
                let mut entries = Vec::with_capacity(o.object.len());
                for (key, found) in visible(o.object) {
                    let mut node = NO_NODE;
                    if let Some(reads) = &mut self.reads
                        && o.node != NO_NODE
                    {
                        node = reads.owned_name(o.node, key);
                        if let ValueRef::Object(object) = found
                            && let Some(id) = object.id()
                        {
                            node = reads.entity(node, id);
                        }
                    }
                    let value = match found {
                        ValueRef::List(list) => Value::List(ListRef { list, node }),
                        ValueRef::Object(object) => Value::Object(ObjectRef { object, node }),
                        other => scalar(other)?,
                    };
                    entries.push((Text::Borrowed(key), value));
                }
                Ok(entries)
            }
            Value::Record(r) => Ok(r.entries.clone()),
            _ => Ok(Vec::new()),
        }
    }

    /// What a filter over lists works on: the elements, with lists in the list taken apart. What is no list is
    /// one element, and nil is none.
    pub fn items(&mut self, value: &Value<'a>) -> Result<Vec<Value<'a>>, Error> {
        match value {
            Value::Nil => Ok(Vec::new()),
            Value::List(_) | Value::Array(_) | Value::Range(..) => {
                let items = self.children(value)?;
                if !items.iter().any(|i| matches!(i, Value::List(_) | Value::Array(_))) {
                    return Ok(items);
                }
                let mut flat = Vec::with_capacity(items.len());
                self.flatten(items, &mut flat)?;
                Ok(flat)
            }
            other => Ok(vec![other.clone()]),
        }
    }

    fn flatten(&mut self, items: Vec<Value<'a>>, into: &mut Vec<Value<'a>>) -> Result<(), Error> {
        self.enter()?;
        for item in items {
            self.step(1)?;
            match item {
                Value::List(_) | Value::Array(_) => {
                    let inner = self.children(&item)?;
                    self.flatten(inner, into)?;
                }
                other => into.push(other),
            }
        }
        self.leave();
        Ok(())
    }

    /// The elements a filter works on, each with one of its properties. For a list of the data this is one read
    /// of that property over the whole list, not one of everything.
    pub(super) fn projected(
        &mut self,
        value: &Value<'a>,
        property: &Value<'a>,
    ) -> Result<Vec<(Value<'a>, Property<'a>)>, Error> {
        if let (Value::List(list), Some(key)) = (value, property.as_str()) {
            let flat = (0..list.list.len()).all(|i| !matches!(list.list.get(i), Some(ValueRef::List(_))));
            if flat {
                return self.column(*list, key);
            }
        }
        let items = self.items(value)?;
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            let found = self.property_of(&item, property)?;
            out.push((item, found));
        }
        Ok(out)
    }

    fn column(&mut self, list: ListRef<'a>, key: &str) -> Result<Vec<(Value<'a>, Property<'a>)>, Error> {
        let len = list.list.len();
        self.charge(len * std::mem::size_of::<(Value<'_>, Property<'_>)>())?;
        if let Some(reads) = &mut self.reads {
            reads.record_column(list.node, list.list, key);
        }
        let mut out = Vec::with_capacity(len);
        for i in 0..len {
            let item = self.list_element(list, i)?;
            let found = match &item {
                Value::Object(o) => {
                    let found = o.object.get(key);
                    let node = match (&mut self.reads, found) {
                        (Some(reads), Some(ValueRef::List(_) | ValueRef::Object(_))) if o.node != NO_NODE => {
                            reads.owned_name(o.node, key)
                        }
                        _ => NO_NODE,
                    };
                    Property::Found(self.below(found, node)?)
                }
                other => self.property_of(other, &Value::string(key))?,
            };
            out.push((item, found));
        }
        Ok(out)
    }

    /// A value found at a node that needs no row of its own.
    fn below(&mut self, found: Option<ValueRef<'a>>, mut node: u32) -> Result<Value<'a>, Error> {
        Ok(match found {
            None => Value::Nil,
            Some(ValueRef::List(list)) => Value::List(ListRef { list, node }),
            Some(ValueRef::Object(object)) => {
                if node != NO_NODE
                    && let Some(reads) = &mut self.reads
                    && let Some(id) = object.id()
                {
                    node = reads.entity(node, id);
                }
                Value::Object(ObjectRef { object, node })
            }
            Some(other) => scalar(other)?,
        })
    }

    /// `item[key]` as Ruby would take it.
    pub(super) fn property_of(&mut self, item: &Value<'a>, key: &Value<'a>) -> Result<Property<'a>, Error> {
        Ok(match (item, key) {
            (Value::Object(o), Value::Str(k) | Value::Html(k)) => {
                let found = o.object.get(k);
                let mut node = NO_NODE;
                if let Some(reads) = &mut self.reads
                    && o.node != NO_NODE
                {
                    node = reads.owned_name(o.node, k);
                    reads.record(ReadKind::Value, node, found);
                }
                Property::Found(self.below(found, node)?)
            }
            (Value::Record(r), Value::Str(k) | Value::Html(k)) => {
                let found = r.entries.iter().find(|(name, _)| **name == **k);
                Property::Found(found.map(|(_, v)| v.clone()).unwrap_or_default())
            }
            (Value::Object(_) | Value::Record(_) | Value::Loop(_), _) => Property::Found(Value::Nil),
            (Value::Str(s) | Value::Html(s), Value::Str(k) | Value::Html(k)) => {
                Property::Found(if s.contains(&**k) { Value::Str(k.clone()) } else { Value::Nil })
            }
            (Value::Str(s) | Value::Html(s), Value::Int(i)) => {
                let len = s.chars().count();
                let c = super::look::place_in(*i, len).and_then(|i| s.chars().nth(i));
                Property::Found(c.map(|c| Value::string(c.to_string())).unwrap_or_default())
            }
            (Value::Str(_) | Value::Html(_), Value::Nil) => Property::None,
            (Value::Str(_) | Value::Html(_), _) => Property::Wrong,
            // A whole number answers with one of its bits.
            (Value::Int(n), Value::Int(bit)) => {
                Property::Found(Value::Int(n >> (*bit).clamp(0, 63) & i64::from(*bit >= 0)))
            }
            (Value::Int(_), _) => Property::Wrong,
            (Value::List(_) | Value::Array(_), _) => Property::Wrong,
            _ => Property::None,
        })
    }

    /// A property of a value by name, recorded as read; nil if it has none.
    pub fn property(&mut self, item: &Value<'a>, key: &str) -> Result<Value<'a>, Error> {
        match item {
            Value::Object(_) | Value::Record(_) => match self.property_of(item, &Value::string(key))? {
                Property::Found(value) => Ok(value),
                _ => Ok(Value::Nil),
            },
            _ => Ok(Value::Nil),
        }
    }

    /// The elements of a list, each with one of its properties (nil where there is none): for filters that choose
    /// or order by a property. Recorded as one read of that property over the list.
    pub fn project(
        &mut self,
        list: &Value<'a>,
        property: &str,
    ) -> Result<Vec<(Value<'a>, Value<'a>)>, Error> {
        let projected = self.projected(list, &Value::string(property))?;
        Ok(projected
            .into_iter()
            .map(|(item, found)| {
                let objects = matches!(item, Value::Object(_) | Value::Record(_));
                match found {
                    Property::Found(value) if objects => (item, value),
                    _ => (item, Value::Nil),
                }
            })
            .collect())
    }
}
