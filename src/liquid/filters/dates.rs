//! `date`.

use crate::liquid::context::Context;
use crate::liquid::error::Error;
use crate::liquid::language::Args;
use crate::liquid::strftime::{changes_at, strftime};
use crate::liquid::time::Time;
use crate::liquid::value::Value;

/// Formats a time, or what reads as one; anything else is left as it is.
pub(super) fn date<'a>(
    cx: &mut Context<'a>,
    input: Value<'a>,
    args: &Args<'a, '_>,
) -> Result<Value<'a>, Error> {
    let format = cx.text(args.get(0).cloned().unwrap_or_default())?;
    if format.is_empty() {
        return Ok(input);
    }
    let mut is_now = false;
    let time = match &input {
        Value::Time(time) => Some(*time),
        Value::Int(seconds) => Some(Time::new(*seconds, 0, cx.offset_at(*seconds))),
        Value::Str(s) | Value::Html(s)
            if s.eq_ignore_ascii_case("now") || s.eq_ignore_ascii_case("today") =>
        {
            is_now = true;
            Some(cx.now_unrecorded())
        }
        Value::Str(s) | Value::Html(s) => match s.parse::<i64>() {
            Ok(seconds) if s.bytes().all(|b| b.is_ascii_digit()) => {
                Some(Time::new(seconds, 0, cx.offset_at(seconds)))
            }
            // The zone's offset at about that time: exact but for the hours around a change of the clocks.
            _ => Time::parse_in(s, |utc| cx.offset_at(utc)),
        },
        _ => None,
    };
    let Some(time) = time else { return Ok(input) };
    let mut made = String::with_capacity(format.len() + 16);
    let unit = strftime(time, &format, &mut made);
    if is_now && let Some(until) = changes_at(time, unit) {
        cx.clock_read(until);
    }
    cx.charge(made.len())?;
    Ok(Value::string(made))
}
