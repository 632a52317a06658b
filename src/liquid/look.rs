//! Looking at data the way a recorded read did: paths as text, and hashes of what is seen.

use super::reads::{Entities, Read, ReadKind};
use super::value::{Object, ValueRef, visible};

pub(super) fn push_key(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    push_escaped(path, key);
}

/// Behind a backslash: an empty key, which would not be seen otherwise.
const NOTHING: char = '0';

/// The signs that a path is made of.
const SIGNS: [bool; 256] = {
    let mut table = [false; 256];
    table[b'.' as usize] = true;
    table[b'[' as usize] = true;
    table[b']' as usize] = true;
    table[b'@' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

pub(super) fn push_escaped(path: &mut String, key: &str) {
    if key.is_empty() {
        path.extend(['\\', NOTHING]);
    }
    if !key.bytes().any(|b| SIGNS[b as usize]) {
        return path.push_str(key);
    }
    for c in key.chars() {
        if matches!(c, '.' | '[' | ']' | '@' | '\\') {
            path.push('\\');
        }
        path.push(c);
    }
}

/// A step of a path.
pub(super) enum Step {
    Key(String),
    Index(i64),
    Entity(String),
}

pub(super) fn parse_path(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut chars = path.chars().peekable();
    // An empty path is the root.
    let mut first = true;
    while let Some(&c) = chars.peek() {
        match c {
            '[' => {
                chars.next();
                let number: String = chars.by_ref().take_while(|c| *c != ']').collect();
                steps.push(Step::Index(number.parse().unwrap_or(i64::MIN)));
            }
            _ => {
                let entity = first && c == '@';
                if c == '.' || entity {
                    chars.next();
                }
                let mut key = String::new();
                while let Some(&c) = chars.peek() {
                    if c == '.' || c == '[' {
                        break;
                    }
                    chars.next();
                    if c == '\\' {
                        key.extend(chars.next().filter(|c| *c != NOTHING));
                    } else {
                        key.push(c);
                    }
                }
                steps.push(if entity { Step::Entity(key) } else { Step::Key(key) });
            }
        }
        first = false;
    }
    steps
}

/// Looks at data as a recorded read did, and gives the hash of what is there now.
///
/// The data has changed for whoever made the read if the hash differs from the one recorded.
pub fn look(data: &dyn Object, entities: &dyn Entities, read: &Read) -> u64 {
    let steps = parse_path(&read.path);
    let mut at = Some(ValueRef::Object(data));
    for step in &steps {
        at = match (step, at) {
            (Step::Entity(id), _) => entities.entity(id).map(ValueRef::Object),
            (_, here) => here.and_then(|v| take(v, step)),
        };
    }
    match read.kind {
        ReadKind::Column => column_hash(at, &parse_path(&read.column)),
        kind => hash(kind, at),
    }
}

fn take<'v>(value: ValueRef<'v>, step: &Step) -> Option<ValueRef<'v>> {
    match (value, step) {
        (ValueRef::Object(o), Step::Key(key)) => o.get(key),
        (ValueRef::List(l), Step::Index(i)) => place_in(*i, l.len()).and_then(|i| l.get(i)),
        _ => None,
    }
}

/// An index as templates count: negative ones from the end.
pub(super) fn place_in(index: i64, len: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(len as i64)? } else { index };
    usize::try_from(index).ok().filter(|i| *i < len)
}

pub(super) fn mix(a: u64, b: u64) -> u64 {
    let wide = u128::from(a ^ 0x9e37_79b9_7f4a_7c15) * u128::from(b ^ 0xd6e8_feb8_6659_fd93);
    (wide >> 64) as u64 ^ wide as u64
}

/// A hash of bytes that is the same on every machine and in every version.
pub(super) fn bytes_hash(seed: u64, bytes: &[u8]) -> u64 {
    let mut state = mix(seed, bytes.len() as u64);
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        state = mix(state, u64::from_le_bytes(word));
    }
    let mut word = [0; 8];
    let rest = chunks.remainder();
    word[..rest.len()].copy_from_slice(rest);
    mix(state, u64::from_le_bytes(word) ^ 0xa076_1d64_78bd_642f)
}

const ABSENT: u64 = 1;
const LIST: u64 = 2;
const OBJECT: u64 = 3;

/// How deep a subtree is hashed; data nests nowhere near it.
const DEEPEST: u32 = 200;

pub(super) fn hash(kind: ReadKind, value: Option<ValueRef<'_>>) -> u64 {
    match kind {
        ReadKind::Truth => {
            let truth = !matches!(value, None | Some(ValueRef::Nil | ValueRef::Bool(false)));
            // A withheld field must stop the render, whatever it holds.
            u64::from(truth) + 10 + 2 * u64::from(matches!(value, Some(ValueRef::Withheld(_))))
        }
        ReadKind::Value => shallow(value),
        ReadKind::Len => match value {
            Some(ValueRef::List(l)) => mix(LIST, l.len() as u64 ^ 0xabcd),
            Some(ValueRef::Object(o)) => mix(OBJECT, visible(o).count() as u64 ^ 0xabcd),
            other => shallow(other),
        },
        ReadKind::Items | ReadKind::Column => items_hash(value),
        ReadKind::Subtree => subtree(value, DEEPEST),
    }
}

fn shallow(value: Option<ValueRef<'_>>) -> u64 {
    match value {
        None => ABSENT,
        Some(ValueRef::Nil) => 4,
        Some(ValueRef::Bool(b)) => 5 + u64::from(b),
        Some(ValueRef::Int(n)) => mix(7, n as u64),
        Some(ValueRef::Float(n)) => mix(8, n.to_bits()),
        Some(ValueRef::Str(s)) => bytes_hash(9, s.as_bytes()),
        Some(ValueRef::SafeHtml(s)) => bytes_hash(10, s.as_bytes()),
        Some(ValueRef::Time(t)) => {
            mix(mix(11, t.seconds() as u64), u64::from(t.nanos()) << 32 | u64::from(t.offset() as u32))
        }
        Some(ValueRef::List(_)) => LIST,
        Some(ValueRef::Object(o)) => o.id().map_or(OBJECT, |id| bytes_hash(12, id.as_bytes())),
        Some(ValueRef::Withheld(_)) => 13,
    }
}

fn items_hash(value: Option<ValueRef<'_>>) -> u64 {
    match value {
        Some(ValueRef::List(l)) => {
            (0..l.len()).fold(mix(LIST, l.len() as u64), |h, i| mix(h, shallow(l.get(i)).rotate_left(17)))
        }
        Some(ValueRef::Object(o)) => visible(o).fold(shallow(value), |h, (k, v)| {
            mix(mix(h, bytes_hash(14, k.as_bytes())), shallow(Some(v)).rotate_left(17))
        }),
        other => shallow(other),
    }
}

pub(super) fn column_hash(value: Option<ValueRef<'_>>, column: &[Step]) -> u64 {
    let Some(ValueRef::List(list)) = value else { return items_hash(value) };
    (0..list.len()).fold(mix(LIST, list.len() as u64), |h, i| {
        let item = list.get(i);
        let seen = column.iter().fold(item, |at, step| at.and_then(|v| take(v, step)));
        mix(mix(h, shallow(item).rotate_left(17)), shallow(seen).rotate_left(31))
    })
}

fn subtree(value: Option<ValueRef<'_>>, deeper: u32) -> u64 {
    if deeper == 0 {
        return 15;
    }
    match value {
        Some(ValueRef::List(l)) => (0..l.len())
            .fold(mix(LIST, l.len() as u64), |h, i| mix(h, subtree(l.get(i), deeper - 1).rotate_left(17))),
        Some(ValueRef::Object(o)) => visible(o).fold(shallow(value), |h, (k, v)| {
            mix(mix(h, bytes_hash(14, k.as_bytes())), subtree(Some(v), deeper - 1).rotate_left(17))
        }),
        other => shallow(other),
    }
}
