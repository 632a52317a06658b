//! Expressions: literals, filters, and where each value comes from.

use super::ast::{Call, Expr, Filtered, Literal, Snippet};
use super::context::Context;
use super::error::{Error, ErrorKind};
use super::language::Args;
use super::reads::NO_NODE;
use super::text;
use super::value::{ListRef, ObjectRef, Text, Value, ValueRef};

/// What a value is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// To be shown or worked with: an undefined name is worth a warning.
    Value,
    /// The same, where being undefined is a usual answer.
    Quiet,
    /// Only to know whether it is true.
    Truth,
}

/// The plain values among those of the data.
pub(super) fn scalar<'a>(value: ValueRef<'a>) -> Result<Value<'a>, Error> {
    Ok(match value {
        ValueRef::Nil => Value::Nil,
        ValueRef::Bool(b) => Value::Bool(b),
        ValueRef::Int(n) => Value::Int(n),
        ValueRef::Float(n) => Value::Float(n),
        ValueRef::Str(s) => Value::Str(Text::Borrowed(s)),
        ValueRef::SafeHtml(s) => Value::Html(Text::Borrowed(s)),
        ValueRef::Time(t) => Value::Time(t),
        ValueRef::Withheld(field) => {
            let message = format!("\"{field}\" is personal data, withheld from this template");
            return Err(Error::new(ErrorKind::Withheld, message));
        }
        ValueRef::List(list) => Value::List(ListRef { list, node: NO_NODE }),
        ValueRef::Object(object) => Value::Object(ObjectRef { object, node: NO_NODE }),
    })
}

impl<'a> Context<'a> {
    pub(super) fn output(&mut self, value: &'a Filtered) -> Result<(), Error> {
        if value.calls.is_empty() {
            let value = self.expr(&value.base, Want::Value)?;
            return self.write(&value);
        }
        if let Some((last, before)) = value.calls.split_last()
            && last.escapes
        {
            // The most frequent filter of all writes straight to the output.
            let value = self.through(&value.base, before)?;
            match &value {
                Value::Str(s) => text::push_escaped(&mut self.out, s),
                Value::Html(s) if self.autoescape() => self.out.push_str(s),
                Value::Int(n) => self.write_int(*n),
                Value::Nil => {}
                other => {
                    let mut made = String::new();
                    self.stringify(other, &mut made)?;
                    text::push_escaped(&mut self.out, &made);
                }
            }
            return Ok(());
        }
        let value = self.through(&value.base, &value.calls)?;
        self.write(&value)
    }

    pub(super) fn filtered(&mut self, value: &'a Filtered) -> Result<Value<'a>, Error> {
        if value.calls.is_empty() {
            return self.expr(&value.base, Want::Value);
        }
        self.through(&value.base, &value.calls)
    }

    fn through(&mut self, base: &'a Expr, calls: &'a [Call]) -> Result<Value<'a>, Error> {
        let want = if calls.first().is_some_and(|c| c.forgives) { Want::Quiet } else { Want::Value };
        let mut value = self.expr(base, want)?;
        for call in calls {
            value = self.call(value, call).map_err(|e| self.place(e, call.at))?;
        }
        Ok(value)
    }

    fn call(&mut self, input: Value<'a>, call: &'a Call) -> Result<Value<'a>, Error> {
        self.step(1)?;
        let want = if call.forgives { Want::Quiet } else { Want::Value };
        let snippet = call.snippet.as_deref();
        if call.named.is_empty() {
            // Few filters take more than two arguments, and those need not be fast.
            return match &*call.args {
                [] => call.filter.apply(self, input, &Args { values: &[], named: &[], snippet }),
                [one] => {
                    let values = [self.expr(one, want)?];
                    call.filter.apply(self, input, &Args { values: &values, named: &[], snippet })
                }
                many => {
                    let values = self.all(many, want)?;
                    call.filter.apply(self, input, &Args { values: &values, named: &[], snippet })
                }
            };
        }
        let values = self.all(&call.args, want)?;
        let mut named = Vec::with_capacity(call.named.len());
        for (name, value) in &call.named {
            named.push((&**name, self.expr(value, want)?));
        }
        call.filter.apply(self, input, &Args { values: &values, named: &named, snippet })
    }

    fn all(&mut self, exprs: &'a [Expr], want: Want) -> Result<Vec<Value<'a>>, Error> {
        exprs.iter().map(|e| self.expr(e, want)).collect()
    }

    pub(super) fn snippet(&mut self, snippet: &'a Snippet) -> Result<Value<'a>, Error> {
        self.step(1)?;
        match snippet {
            Snippet::Value(value) => self.filtered(value),
            Snippet::Test(condition) => self.condition(condition).map(Value::Bool),
        }
    }

    pub(super) fn expr(&mut self, expr: &'a Expr, want: Want) -> Result<Value<'a>, Error> {
        match expr {
            Expr::Path(path) => self.path(path, want),
            Expr::Literal(literal) => Ok(match literal {
                Literal::Str(s) => Value::Str(Text::Borrowed(s)),
                Literal::Int(n) => Value::Int(*n),
                Literal::Nil => Value::Nil,
                Literal::Bool(b) => Value::Bool(*b),
                Literal::Float(n) => Value::Float(*n),
                Literal::Empty => Value::Empty,
                Literal::Blank => Value::Blank,
            }),
            Expr::Range(ends) => {
                let from = self.expr(&ends.0, Want::Value)?;
                let to = self.expr(&ends.1, Want::Value)?;
                Ok(Value::Range(range_end(&from)?, range_end(&to)?))
            }
        }
    }
}

fn range_end(value: &Value<'_>) -> Result<i64, Error> {
    Ok(match value {
        Value::Int(n) => *n,
        Value::Float(n) => *n as i64,
        Value::Str(s) | Value::Html(s) => text::leading_integer(s),
        Value::Nil | Value::Empty | Value::Blank => 0,
        other => {
            return Err(Error::value(format!("a range goes from number to number, not to {}", other.kind())));
        }
    })
}

pub(super) fn range_len(from: i64, to: i64) -> u64 {
    if to < from { 0 } else { (to as i128 - from as i128 + 1).min(i128::from(u64::MAX)) as u64 }
}
