//! What a render read, once it has ended: as short as it can be said, first in numbers and only then in words.
//!
//! Pages of one kind read alike. Whoever has seen the reads of one of them knows those of the next by their [print], and
//! needs no more of it than the hashes of what was there.
//!
//! [print]: Seen::digest

use super::look::{bytes_hash, column_hash, mix, parse_path, push_escaped, push_key};
use super::reads::{Key, Node, Note, PartialRead, ROOT, Read, ReadKind, Reads, Trace};
use super::value::ValueRef;

/// One look, its place by number.
struct Look {
    kind: ReadKind,
    node: u32,
    column: String,
    hash: u64,
}

/// All that a render read.
pub struct Seen<'a> {
    nodes: Vec<Node<'a>>,
    looks: Vec<Look>,
    partials: Vec<PartialRead>,
    clock: Option<i64>,
    notes: Vec<Note>,
}

/// Below what a place is, for whoever has pages to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Top<'n> {
    /// A name of the data.
    Name(&'n str),
    /// An object with this identity.
    Entity(&'n str),
}

/// What becomes of reads below a top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treat {
    /// Each page has a hash of its own.
    Own,
    /// The same, and for the print it does not matter what the top is called.
    OwnUnnamed,
    /// All pages saw the same.
    Shared,
    /// They are nobody's concern.
    Left,
}

impl<'a> Reads<'a> {
    /// The trace, as short as it can be said.
    pub fn finish(self) -> Trace {
        self.settle().into_trace()
    }

    /// The same, not yet in words.
    pub fn settle(mut self) -> Seen<'a> {
        self.drop_implied();
        let mut looks = self.columns();
        for row in &self.rows {
            let mut column = String::new();
            if let Some(property) = &row.column {
                push_key(&mut column, property);
                let same = |look: &Look| {
                    (look.kind, look.hash, look.node) == (row.kind, row.hash, row.node)
                        && look.column == column
                };
                if looks.iter().any(same) {
                    continue;
                }
            }
            looks.push(Look { kind: row.kind, node: row.node, column, hash: row.hash });
        }
        let Self { nodes, partials, clock, notes, .. } = self;
        Seen { nodes, looks, partials, clock, notes }
    }

    /// A closer look at the same place says all that a passing one would.
    fn drop_implied(&mut self) {
        let bit = |k: ReadKind| 1u8 << k as u8;
        let nodes = &self.nodes;
        self.rows.retain(|row| {
            let seen = nodes[row.node as usize].seen;
            let closer = match row.kind {
                ReadKind::Truth => bit(ReadKind::Value) | bit(ReadKind::Len),
                ReadKind::Value => bit(ReadKind::Len),
                ReadKind::Len => 0,
                ReadKind::Items => bit(ReadKind::Column),
                ReadKind::Column | ReadKind::Subtree => return true,
            } | bit(ReadKind::Items)
                | bit(ReadKind::Column)
                | bit(ReadKind::Subtree);
            let closer = if row.kind == ReadKind::Items { closer & !bit(ReadKind::Items) } else { closer };
            seen & closer == 0
        });
    }

    /// Reads of the same property of several elements of a list are one row.
    fn columns(&mut self) -> Vec<Look> {
        const FEW: usize = 3;
        let mut looks = Vec::with_capacity(self.rows.len());
        let mut places: Vec<(u32, u64, u32)> = Vec::new();
        for (i, row) in self.rows.iter().enumerate() {
            if matches!(row.kind, ReadKind::Truth | ReadKind::Value)
                && let Some((list, way)) = self.below_element(row.node)
            {
                places.push((list, way, i as u32));
            }
        }
        if places.len() < FEW {
            return looks;
        }
        places.sort_unstable();
        let mut covered = vec![false; self.rows.len()];
        let mut lists = Vec::new();
        for group in places.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).filter(|g| g.len() >= FEW) {
            let (list, _, row) = group[0];
            let Some(data) = self.nodes[list as usize].list else { continue };
            // A page that shows a hundred of fifty thousand depends on those, not on the whole column.
            if group.len() * 2 < data.len() {
                continue;
            }
            let column = path_below(&self.nodes, self.rows[row as usize].node, Some(list));
            let hash = column_hash(Some(ValueRef::List(data)), &parse_path(&column));
            looks.push(Look { kind: ReadKind::Column, node: list, column, hash });
            group.iter().for_each(|(_, _, row)| covered[*row as usize] = true);
            lists.push(list);
        }
        let mut at = 0;
        self.rows.retain(|row| {
            at += 1;
            // The column tells the elements in their order, so the plain row of them is not needed.
            !(covered[at - 1] || row.kind == ReadKind::Items && lists.contains(&row.node))
        });
        looks
    }

    /// If a node is below an element of a list whose elements were gone through: the list, and a hash of the way
    /// from the element.
    fn below_element(&self, node: u32) -> Option<(u32, u64)> {
        let mut way = 0;
        let mut at = node;
        while at > ROOT {
            let entry = &self.nodes[at as usize];
            if entry.origin != 0 && at != node {
                return self.nodes[entry.origin as usize].list.map(|_| (entry.origin, way));
            }
            way = mix(way, key_hash(&entry.key));
            at = entry.parent;
        }
        None
    }
}

impl Seen<'_> {
    /// Everything in words.
    pub fn into_trace(self) -> Trace {
        let reads = self.reads();
        Trace { reads, partials: self.partials, clock: self.clock, notes: self.notes }
    }

    /// Reads of the data, in words.
    pub fn reads(&self) -> Vec<Read> {
        let read = |look: &Look| Read {
            kind: look.kind,
            path: path_below(&self.nodes, look.node, None),
            column: look.column.clone(),
            hash: look.hash,
        };
        self.looks.iter().map(read).collect()
    }

    /// Partials, in the order of the first use.
    pub fn partials(&self) -> &[PartialRead] {
        &self.partials
    }

    /// If the clock was read: the first instant (seconds since 1970) at which the output may differ.
    pub fn clock(&self) -> Option<i64> {
        self.clock
    }

    /// What was looked up outside the data.
    pub fn into_notes(self) -> Vec<Note> {
        self.notes
    }

    /// A print of where was looked and how, with what was seen there if that is shared, and the hashes of the other looks in
    /// the order of [`Seen::reads`]. Equal prints stand for equal reads.
    pub fn digest(&self, treat: impl Fn(Top<'_>) -> Treat, hashes: &mut Vec<u64>) -> u64 {
        /// Stands for the name of a top that does not matter.
        const UNNAMED: u64 = 0x5e1f;
        let mut known: Vec<(u64, Treat)> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let parent = node.parent as usize;
            let print = key_hash(&node.key);
            known.push(match (&node.key, known.get(parent)) {
                // The first two stand for nothing and for the root of the data.
                _ if known.len() as u32 <= ROOT => (known.len() as u64, Treat::Own),
                (Key::Entity(id), _) => top(treat(Top::Entity(id)), print, UNNAMED),
                (Key::Name(name), _) if node.parent == ROOT => top(treat(Top::Name(name)), print, UNNAMED),
                (_, Some((above, treat))) => (mix(*above, print), *treat),
                (_, None) => (print, Treat::Own),
            });
        }
        let mut print = 0;
        for look in &self.looks {
            let Some((place, treat)) = known.get(look.node as usize).copied() else { continue };
            let seen = match treat {
                Treat::Left => continue,
                Treat::Shared => look.hash,
                Treat::Own | Treat::OwnUnnamed => {
                    hashes.push(look.hash);
                    0
                }
            };
            print = mix(print, mix(place, look.kind as u64 | (treat as u64) << 8));
            print = mix(print, bytes_hash(seen, look.column.as_bytes()));
        }
        print
    }
}

fn top(treat: Treat, print: u64, unnamed: u64) -> (u64, Treat) {
    (mix(if treat == Treat::OwnUnnamed { unnamed } else { print }, ROOT.into()), treat)
}

/// The path of a node, from its root or from the element of `list` that it is below.
fn path_below(nodes: &[Node<'_>], node: u32, list: Option<u32>) -> String {
    let mut way = [0; 16];
    let mut len = 0;
    let mut longer = Vec::new();
    let mut at = node;
    while at > ROOT {
        let entry = &nodes[at as usize];
        if list.is_some_and(|l| entry.origin == l && at != node) {
            break;
        }
        match way.get_mut(len) {
            Some(slot) => {
                *slot = at;
                len += 1;
            }
            None => longer.push(at),
        }
        at = entry.parent;
    }
    let mut path = String::with_capacity(40);
    for node in longer.iter().rev().chain(way[..len].iter().rev()) {
        match &nodes[*node as usize].key {
            Key::Name(name) => push_key(&mut path, name),
            Key::Index(i) => {
                path.push('[');
                super::text::push_int(&mut path, *i);
                path.push(']');
            }
            Key::Entity(id) => {
                path.push('@');
                push_escaped(&mut path, id);
            }
        }
    }
    path
}

fn key_hash(key: &Key<'_>) -> u64 {
    match key {
        Key::Name(name) => bytes_hash(1, name.as_bytes()),
        Key::Index(i) => mix(2, *i as u64),
        Key::Entity(id) => bytes_hash(3, id.as_bytes()),
    }
}
