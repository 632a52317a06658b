//! Values as text: as written, as inspected, as JSON.

use super::context::Context;
use super::error::Error;
use super::reads::NO_NODE;
use super::text;
use super::value::{ListRef, ObjectRef, Text, Value};

impl<'a> Context<'a> {
    /// A value as the filters on text see it; a copy is made only of what is no text.
    pub fn text(&mut self, value: Value<'a>) -> Result<Text<'a>, Error> {
        match value {
            Value::Str(s) | Value::Html(s) => Ok(s),
            other => {
                let mut out = String::new();
                self.stringify(&other, &mut out)?;
                Ok(Text::Owned(out))
            }
        }
    }

    /// Writes a value as text: lists and objects as Ruby inspects them.
    pub fn stringify(&mut self, value: &Value<'a>, out: &mut String) -> Result<(), Error> {
        match value {
            Value::Nil | Value::Empty | Value::Blank => {}
            Value::Str(s) | Value::Html(s) => out.push_str(s),
            Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Value::Int(n) => text::push_int(out, *n),
            Value::Float(n) => text::push_float(out, *n),
            Value::Time(t) => text::push_time(out, *t),
            Value::Range(from, to) => {
                text::push_int(out, *from);
                out.push_str("..");
                text::push_int(out, *to);
            }
            Value::Loop(_) => out.push_str("Liquid::ForloopDrop"),
            Value::List(_) | Value::Array(_) | Value::Object(_) | Value::Record(_) => {
                let whole = self.whole(value);
                self.inspect(&whole, out)?;
            }
        }
        Ok(())
    }

    /// Records a read of everything below, so that going through it need not be recorded again.
    pub(super) fn whole(&mut self, value: &Value<'a>) -> Value<'a> {
        self.record_subtree(value);
        match value {
            Value::List(l) => Value::List(ListRef { node: NO_NODE, ..*l }),
            Value::Object(o) => Value::Object(ObjectRef { node: NO_NODE, ..*o }),
            other => other.clone(),
        }
    }

    /// Writes a value as Ruby inspects it.
    pub fn inspect(&mut self, value: &Value<'a>, out: &mut String) -> Result<(), Error> {
        self.step(1)?;
        let before = out.len();
        match value {
            Value::Nil => out.push_str("nil"),
            Value::Str(s) | Value::Html(s) => text::push_inspected(out, s),
            Value::List(_) | Value::Array(_) => {
                self.enter()?;
                out.push('[');
                let whole = self.whole(value);
                for (i, item) in self.children(&whole)?.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    self.inspect(item, out)?;
                }
                out.push(']');
                self.leave();
                return Ok(());
            }
            Value::Object(_) | Value::Record(_) => {
                self.enter()?;
                out.push('{');
                let whole = self.whole(value);
                for (i, (key, item)) in self.entries(&whole)?.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    text::push_inspected(out, key);
                    out.push_str("=>");
                    self.inspect(item, out)?;
                }
                out.push('}');
                self.leave();
                return Ok(());
            }
            other => self.stringify(other, out)?,
        }
        self.charge(out.len() - before)
    }

    /// Writes a value as JSON that is safe within `<script>` too.
    pub fn json(&mut self, value: &Value<'a>, out: &mut String) -> Result<(), Error> {
        self.step(1)?;
        let before = out.len();
        match value {
            Value::Nil | Value::Empty | Value::Blank | Value::Loop(_) => out.push_str("null"),
            Value::Str(s) | Value::Html(s) => text::push_json(out, s),
            Value::Float(n) if !n.is_finite() => out.push_str("null"),
            Value::Time(t) => {
                let mut made = String::new();
                super::strftime::strftime(*t, "%Y-%m-%dT%H:%M:%S%:z", &mut made);
                text::push_json(out, &made);
            }
            Value::List(_) | Value::Array(_) | Value::Range(..) => {
                self.enter()?;
                out.push('[');
                let whole = self.whole(value);
                for (i, item) in self.children(&whole)?.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    self.json(item, out)?;
                }
                out.push(']');
                self.leave();
                return Ok(());
            }
            Value::Object(_) | Value::Record(_) => {
                self.enter()?;
                out.push('{');
                let whole = self.whole(value);
                for (i, (key, item)) in self.entries(&whole)?.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    text::push_json(out, key);
                    out.push(':');
                    self.json(item, out)?;
                }
                out.push('}');
                self.leave();
                return Ok(());
            }
            other => self.stringify(other, out)?,
        }
        self.charge(out.len() - before)
    }
}
