//! JSON that may stand inside `<script>`: no `<`, `>` or `&` is left that could end it, nor a line separator that
//! older readers of JavaScript trip over.

use std::fmt::Write;

use liquid_core::model::{Value, ValueView};

/// `value` as JSON.
pub(super) fn text(value: &dyn ValueView) -> String {
    let mut json = String::new();
    write(value, &mut json);
    json
}

fn write(value: &dyn ValueView, json: &mut String) {
    if let Some(array) = value.as_array() {
        json.push('[');
        for (index, element) in array.values().enumerate() {
            if index > 0 {
                json.push(',');
            }
            write(element, json);
        }
        json.push(']');
    } else if value.is_nil() || value.is_state() {
        json.push_str("null");
    } else if let Some(object) = value.as_object() {
        let mut entries: Vec<_> = object.iter().collect();
        // What a template assigned is a hash map: without an order of its own.
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        json.push('{');
        for (index, (key, element)) in entries.into_iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            string(&key, json);
            json.push(':');
            write(element, json);
        }
        json.push('}');
    } else {
        scalar(value, json);
    }
}

fn scalar(value: &dyn ValueView, json: &mut String) {
    match value.to_value() {
        Value::Scalar(scalar) => match scalar.type_name() {
            "whole number" | "boolean" => json.push_str(&scalar.to_kstr()),
            "fractional number" => match scalar.to_float().filter(|number| number.is_finite()) {
                Some(number) => json.push_str(&number.to_string()),
                None => json.push_str("null"),
            },
            _ => string(&scalar.to_kstr(), json),
        },
        _ => json.push_str("null"),
    }
}

fn string(text: &str, json: &mut String) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' | '\u{7f}' => {
                let _ = write!(json, "\\u{:04x}", u32::from(character));
            }
            other => json.push(other),
        }
    }
    json.push('"');
}
