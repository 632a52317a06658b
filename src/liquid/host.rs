//! What filters and tags do with a running render: write, make values, ask for the time.

use std::rc::Rc;

use super::context::Context;
use super::error::{Error, ErrorKind};
use super::language::{Body, Expression};
use super::text;
use super::time::Time;
use super::value::{Array, ListRef, ObjectRef, Record, Text, Value, ValueRef};

/// How many warnings a render collects; a loop over a mistake makes thousands.
const WARNINGS: usize = 100;

impl<'a> Context<'a> {
    /// Writes a value as an output would, escaped where that is on.
    pub fn write(&mut self, value: &Value<'a>) -> Result<(), Error> {
        match value {
            Value::Str(s) if self.scene.options.autoescape => text::push_escaped(&mut self.out, s),
            Value::Str(s) | Value::Html(s) => self.out.push_str(s),
            Value::Int(n) => text::push_int(&mut self.out, *n),
            Value::Nil | Value::Empty | Value::Blank => {}
            other => return self.write_slowly(other),
        }
        Ok(())
    }

    #[inline(never)]
    fn write_slowly(&mut self, value: &Value<'a>) -> Result<(), Error> {
        match value {
            Value::List(_) | Value::Array(_) => {
                self.record_subtree(value);
                let items = self.children(value)?;
                for item in items {
                    self.step(1)?;
                    self.write(&item)?;
                }
                Ok(())
            }
            other => {
                let mut made = String::new();
                self.stringify(other, &mut made)?;
                if self.scene.options.autoescape {
                    text::push_escaped(&mut self.out, &made);
                } else {
                    self.out.push_str(&made);
                }
                Ok(())
            }
        }
    }

    /// Writes text as it is.
    pub fn write_raw(&mut self, text: &str) {
        self.out.push_str(text);
    }

    pub(super) fn write_int(&mut self, n: i64) {
        text::push_int(&mut self.out, n);
    }

    /// Which of the host's languages the page is in.
    pub fn locale(&self) -> usize {
        self.scene.locale
    }

    /// Whether output is escaped for HTML.
    pub fn autoescape(&self) -> bool {
        self.scene.options.autoescape
    }

    /// The time of the build; recorded, so that the page is made anew when it moves on.
    pub fn now(&mut self) -> Time {
        let now = self.scene.clock.now();
        self.clock_read(now.seconds().saturating_add(1));
        now
    }

    /// The time of the build, for a filter that tells by [`Context::clock_read`] how long its answer holds.
    pub fn now_unrecorded(&self) -> Time {
        self.scene.clock.now()
    }

    /// Records that the output depends on the clock, and may differ from `until` (seconds since 1970) on.
    pub fn clock_read(&mut self, until: i64) {
        if let Some(reads) = &mut self.reads {
            reads.clock(until);
        }
    }

    /// Records that the output depends on something outside the data: what was asked for, and a hash of what was found.
    pub fn look_up(&mut self, key: &str, hash: u64) {
        if let Some(reads) = &mut self.reads {
            reads.note(key, hash);
        }
    }

    /// Seconds by which the site's zone is ahead of UTC at an instant.
    pub fn offset_at(&self, seconds: i64) -> i32 {
        self.scene.clock.offset_at(seconds)
    }

    /// Evaluates an expression of a tag.
    pub fn evaluate(&mut self, expression: &'a Expression) -> Result<Value<'a>, Error> {
        self.filtered(&expression.0)
    }

    /// Runs the block of a tag, which writes to the output.
    pub fn body(&mut self, body: &'a Body) -> Result<(), Error> {
        self.block(&body.0).map(|_| ())
    }

    /// Runs the block of a tag and gives what it would have written.
    pub fn body_text(&mut self, body: &'a Body) -> Result<String, Error> {
        self.captured(&body.0).map(|(_, text)| text)
    }

    /// Collects a warning.
    pub fn warn(&mut self, warning: Error, at: Option<u32>) {
        let at = at.unwrap_or(0);
        let key = (std::ptr::from_ref(self.template), at);
        if self.warnings.len() < WARNINGS && !self.warned.contains(&key) {
            self.warned.push(key);
            self.warnings.push(self.place(warning, at).under(&self.scene.chain));
        }
    }

    pub(super) fn has_warned(&self, at: u32) -> bool {
        self.warnings.len() >= WARNINGS || self.warned.contains(&(std::ptr::from_ref(self.template), at))
    }

    /// A list made by a filter.
    pub fn array(&mut self, items: Vec<Value<'a>>) -> Result<Value<'a>, Error> {
        let depth = self.nest(items.iter().map(Value::depth).max())?;
        self.charge(items.len() * std::mem::size_of::<Value<'_>>())?;
        Ok(Value::Array(Rc::new(Array { items, depth })))
    }

    /// An object made by a filter; its entries keep their order.
    pub fn record(&mut self, entries: Vec<(Text<'a>, Value<'a>)>) -> Result<Value<'a>, Error> {
        let depth = self.nest(entries.iter().map(|(_, v)| v.depth()).max())?;
        self.charge(entries.len() * std::mem::size_of::<(Text<'_>, Value<'_>)>())?;
        Ok(Value::Record(Rc::new(Record { entries, depth })))
    }

    fn nest(&self, inner: Option<u16>) -> Result<u16, Error> {
        const DEEPEST: u16 = 64;
        let depth = inner.unwrap_or(0) + 1;
        if depth > DEEPEST {
            return Err(Error::new(ErrorKind::Limit, format!("lists nest deeper than {DEEPEST}")));
        }
        Ok(depth)
    }

    /// A value of the data that a filter of the host was given by other means; what is read of it is not recorded.
    pub fn unrecorded(&self, value: ValueRef<'a>) -> Result<Value<'a>, Error> {
        Ok(match value {
            ValueRef::List(list) => Value::List(ListRef { list, node: 0 }),
            ValueRef::Object(object) => Value::Object(ObjectRef { object, node: 0 }),
            other => super::eval::scalar(other)?,
        })
    }
}
