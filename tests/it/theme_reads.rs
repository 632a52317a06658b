//! The law that makes builds right: if a page comes out differently, then something that it read says so.

use aither::model::view::{Key, List, Map, Value};
use aither::theme::{Records, Request, Theme};
use proptest::prelude::*;

use crate::academy::{HOSTILE, LAYOUTS, PLAIN, academy, view};
use crate::theme::now;

/// A step down from a map or a list.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

/// A place in a view: below the root, or below a record, which stands in many places and is the same in all.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    record: Option<String>,
    steps: Vec<Step>,
}

impl Place {
    fn below(&self, value: &Value, step: Step) -> Self {
        match value {
            Value::Map(map) if map.id().is_some() => {
                Self { record: map.id().map(ToString::to_string), steps: Vec::new() }
            }
            _ => {
                let mut steps = self.steps.clone();
                steps.push(step);
                Self { record: self.record.clone(), steps }
            }
        }
    }
}

fn children(value: &Value) -> Vec<(Step, &Value)> {
    match value {
        Value::Map(map) => {
            map.entries().iter().map(|(key, value)| (Step::Key(key.as_str().to_owned()), value)).collect()
        }
        Value::List(list) => {
            list.values().iter().enumerate().map(|(i, value)| (Step::Index(i), value)).collect()
        }
        _ => Vec::new(),
    }
}

fn places(value: &Value, at: &Place, found: &mut Vec<Place>) {
    if found.contains(at) {
        return;
    }
    found.push(at.clone());
    for (step, child) in children(value) {
        places(child, &at.below(child, step), found);
    }
}

/// The view with the value at `target` replaced by what `edit` makes of it; nothing removes it.
fn edited(
    value: &Value,
    at: &Place,
    target: &Place,
    edit: &dyn Fn(&Value) -> Option<Value>,
) -> Option<Value> {
    let value = if at == target { edit(value)? } else { value.clone() };
    let inner = |step: Step, child: &Value| {
        let below = at.below(child, step);
        // What an edit has made is not edited again.
        if at == target { Some(child.clone()) } else { edited(child, &below, target, edit) }
    };
    Some(match &value {
        Value::Map(map) => {
            let entries: Vec<(Key, Value)> = (map.entries().iter())
                .filter_map(|(key, child)| {
                    Some((key.clone(), inner(Step::Key(key.as_str().to_owned()), child)?))
                })
                .collect();
            Value::Map(match map.id() {
                Some(id) => Map::record(id.clone(), entries),
                None => Map::new(entries),
            })
        }
        Value::List(list) => {
            let values = list.values().iter().enumerate();
            Value::List(values.filter_map(|(i, child)| inner(Step::Index(i), child)).collect::<List>())
        }
        other => other.clone(),
    })
}

fn edit(kind: u8, value: &Value) -> Option<Value> {
    let text = |word: &str| Some(Value::text(word));
    match (kind % 5, value) {
        (0, _) => None,
        (1, Value::List(list)) => {
            let mut values = list.values().to_vec();
            values.push(values.first().cloned().unwrap_or_else(|| Value::text("new")));
            Some(Value::List(values.into_iter().collect()))
        }
        (2, Value::List(list)) => Some(Value::List(list.values().iter().rev().cloned().collect())),
        (3, Value::List(_)) => Some(Value::List(List::default())),
        (4, Value::Map(map)) => Some(Value::Map(map.with("size", "added").with("first", Value::Nil))),
        (_, Value::Map(map)) => Some(Value::Map(map.with("description", "added"))),
        (1, _) => Some(Value::Nil),
        (2, Value::Int(number)) => Some(Value::Int(number + 1)),
        (2, Value::Bool(truth)) => Some(Value::Bool(!truth)),
        (3, _) => text("2028-02-29"),
        (4, _) => text(""),
        _ => text("another"),
    }
}

fn with_edits(view: &Map, edits: &[(u16, u8)]) -> Map {
    let root = Place { record: None, steps: Vec::new() };
    let mut view = Value::Map(view.clone());
    for (number, kind) in edits {
        let mut all = Vec::new();
        places(&view, &root, &mut all);
        let target = &all[usize::from(*number) % all.len()];
        if target.steps.len() + usize::from(target.record.is_some()) > 0 {
            view = edited(&view, &root, target, &|value| edit(*kind, value)).expect("the root stays");
        }
    }
    match view {
        Value::Map(map) => map,
        _ => panic!("the root is a map"),
    }
}

fn records<'a>(value: &'a Value, found: &mut Vec<&'a Map>) {
    if let Value::Map(map) = value {
        found.push(map);
    }
    children(value).into_iter().for_each(|(_, child)| records(child, found));
}

fn law(theme: &Theme, layout: &str, before: &Map, after: &Map) -> Result<(), TestCaseError> {
    let layouts = [layout];
    let request =
        |view| Request { layouts: &layouts, view, content: None, language: 0, now: now(), name: layout };
    // A view that a template cannot cope with is another matter.
    let Ok(old) = theme.render(&request(before)) else { return Ok(()) };
    let new = theme.render(&request(after));
    let whole = Value::Map(after.clone());
    let mut found = Vec::new();
    records(&whole, &mut found);
    let change = theme.change(&old.trace, &request(after), &Records::new(found));
    let same = new.as_ref().is_ok_and(|new| new.bytes == old.bytes);
    prop_assert!(same || change.is_some(), "{layout} differs, but nothing that it read does");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_page_that_comes_out_differently_has_read_something_that_differs(
        layout in 0..LAYOUTS.len(),
        wild in any::<bool>(),
        earlier in prop::collection::vec((any::<u16>(), any::<u8>()), 0..4),
        edits in prop::collection::vec((any::<u16>(), any::<u8>()), 1..4),
    ) {
        let layout = LAYOUTS[layout];
        let theme = Theme::open(&academy(), &[]).expect("opens");
        let before = with_edits(&view(layout, if wild { HOSTILE } else { PLAIN }, true), &earlier);
        law(&theme, layout, &before, &with_edits(&before, &edits))?;
    }
}

#[test]
fn no_single_edit_of_a_course_page_goes_unnoticed() {
    let theme = Theme::open(&academy(), &[]).expect("opens");
    let before = view("course", PLAIN, true);
    let mut all = Vec::new();
    places(&Value::Map(before.clone()), &Place { record: None, steps: Vec::new() }, &mut all);
    for number in 0..u16::try_from(all.len()).expect("few") {
        for kind in 0..5 {
            law(&theme, "course", &before, &with_edits(&before, &[(number, kind)])).expect("the law holds");
        }
    }
}
