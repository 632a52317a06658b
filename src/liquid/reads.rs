//! What a render read: the rows of a verifying trace.
//!
//! A row says what was looked at and holds a hash of what was seen. [`look`] takes the same look at new data, so
//! a page whose rows all give the hashes they had would come out the same. Places are interned as (parent, key)
//! pairs, so that the usual read, of something that has been read before, costs a probe of a small table.
//!
//! An object with an identity is a root of its own: what is read of it is recorded under its identity, and the
//! place where it was found only records that it stood there.

use std::borrow::Cow;

use super::look::{column_hash, hash, mix, parse_path, push_key};
use super::value::{List, Object, ValueRef};

/// How something was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum ReadKind {
    /// Whether it is true.
    Truth,
    /// The value itself; of a list or an object only that it is one, and which.
    Value,
    /// How many elements or entries.
    Len,
    /// The elements in their order: plain values as they are, objects by identity.
    Items,
    /// One property of every element of a list, with the elements' identities in their order.
    Column,
    /// Everything below it.
    Subtree,
}

/// One row of a trace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Read {
    /// How it was looked at.
    pub kind: ReadKind,
    /// Where: `site.title`, `@course:ck9zz.title`, `courses[3]`. A backslash stands before a sign of the path
    /// that belongs to a key.
    pub path: String,
    /// The property, for [`ReadKind::Column`]; a path as well.
    pub column: String,
    /// The hash of what was seen.
    pub hash: u64,
}

/// A partial that a render asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartialRead {
    /// The name it was asked for by.
    pub name: String,
    /// Where it was found, in the words of the host; nothing if nowhere.
    pub found: Option<String>,
    /// Places that come before it and did not have it.
    pub missing: Vec<String>,
}

/// All that a render read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trace {
    /// Reads of the data, in an order that is the same for the same render.
    pub reads: Vec<Read>,
    /// Partials, in the order of the first use.
    pub partials: Vec<PartialRead>,
    /// If the clock was read: the first instant (seconds since 1970) at which the output may differ.
    pub clock: Option<i64>,
    /// What filters and tags of the host looked up outside the data, in the order of the first look.
    pub notes: Vec<Note>,
}

/// A look at something that is no data: the host's own business.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Note {
    /// What was asked for, in the words of the host.
    pub key: String,
    /// The hash of what was found.
    pub hash: u64,
}

/// Gives the object of an identity in the data as it is now.
pub trait Entities {
    /// The object, or nothing if it is gone.
    fn entity(&self, id: &str) -> Option<&dyn Object>;
}

impl Entities for () {
    fn entity(&self, _: &str) -> Option<&dyn Object> {
        None
    }
}

pub(super) const NO_NODE: u32 = 0;
pub(super) const ROOT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key<'a> {
    Name(Cow<'a, str>),
    Index(i64),
    Entity(Cow<'a, str>),
}

pub(super) struct Node<'a> {
    pub(super) parent: u32,
    pub(super) key: Key<'a>,
    hash: u64,
    /// One bit for each kind of read that has been recorded.
    pub(super) seen: u8,
    /// For an object with identity: its own node, once known.
    entity: u32,
    /// The list it was first met in as an element.
    pub(super) origin: u32,
    pub(super) list: Option<&'a dyn List>,
}

pub(super) struct Row<'a> {
    pub(super) kind: ReadKind,
    pub(super) node: u32,
    pub(super) column: Option<Cow<'a, str>>,
    pub(super) hash: u64,
}

/// Records what renders read. One recorder may serve several renders over the same data: a page and its layouts.
#[derive(Default)]
pub struct Reads<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    /// Open addressing; zero is empty.
    table: Vec<u32>,
    pub(super) rows: Vec<Row<'a>>,
    pub(super) partials: Vec<PartialRead>,
    pub(super) clock: Option<i64>,
    pub(super) notes: Vec<Note>,
}

impl<'a> Reads<'a> {
    /// An empty recorder.
    pub fn new() -> Reads<'a> {
        let node =
            || Node { parent: 0, key: Key::Index(0), hash: 0, seen: 0, entity: 0, origin: 0, list: None };
        let mut nodes = Vec::with_capacity(128);
        nodes.extend([node(), node()]);
        Reads { nodes, table: vec![0; 256], rows: Vec::with_capacity(64), ..Reads::default() }
    }

    /// Whether it has never been used, not even prepared.
    pub(super) fn is_unused(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The node of a name below another.
    #[inline]
    pub(super) fn name(&mut self, parent: u32, name: &'a str, hash: u32) -> u32 {
        let hash = mix(u64::from(hash) | 1 << 40, u64::from(parent));
        self.find(parent, hash, |k| matches!(k, Key::Name(n) if n == name), || Key::Name(Cow::Borrowed(name)))
    }

    /// The node of a name that does not live as long as the data.
    pub(super) fn owned_name(&mut self, parent: u32, name: &str) -> u32 {
        let hash = mix(u64::from(super::ast::name_hash(name)) | 1 << 40, u64::from(parent));
        self.find(
            parent,
            hash,
            |k| matches!(k, Key::Name(n) if n == name),
            || Key::Name(Cow::Owned(name.to_owned())),
        )
    }

    pub(super) fn index(&mut self, parent: u32, index: i64) -> u32 {
        let hash = mix(index as u64 | 1 << 62, u64::from(parent));
        self.find(parent, hash, |k| *k == Key::Index(index), || Key::Index(index))
    }

    /// The node of an object's identity, found at `place`.
    pub(super) fn entity(&mut self, place: u32, id: &'a str) -> u32 {
        let known = self.nodes[place as usize].entity;
        if known != 0 {
            return known;
        }
        let hash = mix(u64::from(super::ast::name_hash(id)) | 1 << 41, 0);
        let node =
            self.find(0, hash, |k| matches!(k, Key::Entity(e) if e == id), || Key::Entity(Cow::Borrowed(id)));
        self.nodes[place as usize].entity = node;
        node
    }

    /// Notes that `node` was met as an element of `list`.
    pub(super) fn met_in(&mut self, node: u32, list: u32) {
        let origin = &mut self.nodes[node as usize].origin;
        if *origin == 0 {
            *origin = list;
        }
    }

    fn find(
        &mut self,
        parent: u32,
        hash: u64,
        same: impl Fn(&Key<'a>) -> bool,
        key: impl FnOnce() -> Key<'a>,
    ) -> u32 {
        let mask = self.table.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            match self.table[at] {
                0 => break,
                found => {
                    let node = &self.nodes[found as usize];
                    if node.hash == hash && node.parent == parent && same(&node.key) {
                        return found;
                    }
                }
            }
            at = (at + 1) & mask;
        }
        let new = self.nodes.len() as u32;
        self.nodes.push(Node { parent, key: key(), hash, seen: 0, entity: 0, origin: 0, list: None });
        self.table[at] = new;
        if self.nodes.len() * 2 > self.table.len() {
            self.grow();
        }
        new
    }

    fn grow(&mut self) {
        let mask = self.table.len() * 4 - 1;
        let mut table = vec![0; mask + 1];
        for (i, node) in self.nodes.iter().enumerate().skip(2) {
            let mut at = node.hash as usize & mask;
            while table[at] != 0 {
                at = (at + 1) & mask;
            }
            table[at] = i as u32;
        }
        self.table = table;
    }

    /// Records a look at a node, once.
    #[inline]
    pub(super) fn record(&mut self, kind: ReadKind, node: u32, value: Option<ValueRef<'a>>) {
        let bit = 1u8 << kind as u8;
        let entry = &mut self.nodes[node as usize];
        if entry.seen & bit != 0 || node == NO_NODE {
            return;
        }
        entry.seen |= bit;
        if let Some(ValueRef::List(list)) = value {
            entry.list = Some(list);
        }
        self.rows.push(Row { kind, node, column: None, hash: hash(kind, value) });
    }

    /// Records a look at one property of every element of a list.
    pub(super) fn record_column(&mut self, node: u32, list: &'a dyn List, property: &str) {
        let same = |r: &Row<'_>| {
            r.kind == ReadKind::Column && r.node == node && r.column.as_deref() == Some(property)
        };
        if node == NO_NODE || self.rows.iter().any(same) {
            return;
        }
        let entry = &mut self.nodes[node as usize];
        entry.seen |= 1 << ReadKind::Column as u8;
        entry.list = Some(list);
        let mut column = String::new();
        push_key(&mut column, property);
        let hash = column_hash(Some(ValueRef::List(list)), &parse_path(&column));
        self.rows.push(Row {
            kind: ReadKind::Column,
            node,
            column: Some(Cow::Owned(property.to_owned())),
            hash,
        });
    }

    pub(super) fn partial(&mut self, read: PartialRead) {
        if !self.partials.contains(&read) {
            self.partials.push(read);
        }
    }

    pub(super) fn clock(&mut self, until: i64) {
        self.clock = Some(self.clock.map_or(until, |c| c.min(until)));
    }

    pub(super) fn note(&mut self, key: &str, hash: u64) {
        if self.notes.iter().all(|note| note.key != key) {
            self.notes.push(Note { key: key.to_owned(), hash });
        }
    }
}
