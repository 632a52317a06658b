//! The two small charts of a source: how long its runs took, and what they changed.

use super::standing::Part;
use super::words::Words;
use crate::model::run::{Run, RunStatus};
use crate::model::view::{List, Map, Value};

/// Runs in a chart.
const SHOWN: usize = 30;
/// A chart is so many units high and wide; the page stretches it.
const HEIGHT: u64 = 100;
const SLOT: u64 = 10;

/// The charts, and the figures as a table; nothing where fewer than two runs have ended.
pub(super) fn of(words: &Words, parts: &[Part<'_>], now: jiff::Timestamp) -> Value {
    let ended = parts.iter().filter(|part| part.status != RunStatus::Running).take(SHOWN);
    let mut shown: Vec<&Part<'_>> = ended.collect();
    shown.reverse();
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else { return Value::Nil };
    if shown.len() < 2 {
        return Value::Nil;
    }
    let took = |run: &Run| run.duration_ms.unwrap_or(0);
    let longest = shown.iter().map(|part| took(part.run)).max().unwrap_or(0);
    let most = shown.iter().map(|part| changed(part.run)).max().unwrap_or(0);
    let count = u64::try_from(shown.len()).unwrap_or(0);
    // The last run stands at the right, however many there are.
    let from = u64::try_from(SHOWN).unwrap_or(0) - count;
    let place = |at: usize| (from + u64::try_from(at).unwrap_or(0)) * SLOT + 1;

    let bars = shown.iter().enumerate().map(|(at, part)| {
        let height = tall(took(part.run), longest);
        let label = format!(
            "{}: {}, {}",
            text(&words.moment(part.run.start_time, now)),
            words.span(took(part.run)),
            words.get(&format!("status_{}", crate::serve::state::status_name(part.status)))
        );
        let kind = if part.has_failed() { "failed" } else { "good" };
        bar(place(at), HEIGHT - height, height, kind, label)
    });
    let bars: List = bars.collect();
    let stacks = shown.iter().enumerate().flat_map(|(at, part)| {
        let changes = part.run.figures.changed;
        let mut top = HEIGHT;
        let pieces = [("added", changes.added), ("updated", changes.updated), ("removed", changes.removed)];
        let label = format!("{}: {}", text(&words.moment(part.run.start_time, now)), told(words, part.run));
        pieces.into_iter().filter(|(_, number)| *number > 0).map(move |(kind, number)| {
            let height = tall(number, most);
            top = top.saturating_sub(height);
            bar(place(at), top, height, kind, label.clone())
        })
    });
    let stacks: List = stacks.collect();
    let sum = |of: fn(&Run) -> u64| words.number(shown.iter().map(|part| of(part.run)).sum());
    let failed = shown.iter().filter(|part| part.has_failed()).count();
    let durations_text = words.say(
        "chart_durations_desc",
        &[
            ("n", &words.number(count)),
            ("longest", &words.span(longest)),
            ("last", &words.span(took(last.run))),
            ("failed", &failed.to_string()),
        ],
    );
    let changes_text = words.say(
        "chart_changes_desc",
        &[
            ("n", &words.number(count)),
            ("added", &sum(|run| run.figures.changed.added)),
            ("updated", &sum(|run| run.figures.changed.updated)),
            ("removed", &sum(|run| run.figures.changed.removed)),
        ],
    );
    let rows = shown.iter().rev().map(|part| {
        let row: Map = [
            ("when", words.moment(part.run.start_time, now)),
            ("took", words.span(took(part.run)).into()),
            (
                "status",
                words.get(&format!("status_{}", crate::serve::state::status_name(part.status))).into(),
            ),
            ("added", words.number(part.run.figures.changed.added).into()),
            ("updated", words.number(part.run.figures.changed.updated).into()),
            ("removed", words.number(part.run.figures.changed.removed).into()),
        ]
        .into_iter()
        .collect();
        row
    });
    let rows: List = rows.collect();
    let chart: Map = [
        ("width", (SHOWN as i64 * SLOT as i64).into()),
        ("height", Value::Int(HEIGHT as i64)),
        ("bars", bars.into()),
        ("stacks", stacks.into()),
        ("longest", words.span(longest).into()),
        ("most", words.number(most).into()),
        ("durations_text", durations_text.into()),
        ("changes_text", changes_text.into()),
        ("first", words.moment(first.run.start_time, now)),
        ("last", words.moment(last.run.start_time, now)),
        ("rows", rows.into()),
    ]
    .into_iter()
    .collect();
    chart.into()
}

/// The changes of a run in words: `2 neu, 1 entfernt`.
pub(super) fn told(words: &Words, run: &Run) -> String {
    let changes = run.figures.changed;
    let all = [("added", changes.added), ("updated", changes.updated), ("removed", changes.removed)];
    let told: Vec<String> = (all.into_iter().filter(|(_, number)| *number > 0))
        .map(|(key, number)| format!("{} {}", words.number(number), words.get(key)))
        .collect();
    if told.is_empty() { words.get("no_changes").to_owned() } else { told.join(", ") }
}

fn changed(run: &Run) -> u64 {
    let changes = run.figures.changed;
    changes.added.saturating_add(changes.updated).saturating_add(changes.removed)
}

/// The height of a bar: what is there at all can be seen.
fn tall(value: u64, most: u64) -> u64 {
    if value == 0 || most == 0 {
        return 0;
    }
    let height = u128::from(value) * u128::from(HEIGHT) / u128::from(most);
    u64::try_from(height).unwrap_or(HEIGHT).clamp(2, HEIGHT)
}

fn bar(x: u64, y: u64, height: u64, kind: &'static str, label: String) -> Map {
    let number = |number: u64| Value::Int(i64::try_from(number).unwrap_or(0));
    let entries = [
        ("x", number(x)),
        ("y", number(y)),
        ("width", number(SLOT - 2)),
        ("height", number(height)),
        ("kind", kind.into()),
        ("label", label.into()),
    ];
    entries.into_iter().collect()
}

fn text(moment: &Value) -> String {
    match moment {
        Value::Map(moment) => match moment.get("text") {
            Some(Value::Text(text)) => text.to_string(),
            _ => String::new(),
        },
        _ => String::new(),
    }
}
