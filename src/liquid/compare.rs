//! Conditions: what is equal, what is larger, what contains what.

use std::cmp::Ordering;

use super::ast::{Condition, Expr, Join, Literal, Op, Test};
use super::context::Context;
use super::error::Error;
use super::eval::Want;
use super::reads::{NO_NODE, ReadKind};
use super::value::{Value, ValueRef};

impl<'a> Context<'a> {
    /// Conditions are joined from the right, which from the left means: the first `and` that fails ends it, and
    /// so does the first `or` that holds.
    pub(super) fn condition(&mut self, condition: &'a Condition) -> Result<bool, Error> {
        let mut joins = condition.joins.iter();
        for test in &condition.tests {
            let holds = self.test(test)?;
            match joins.next() {
                Some(Join::And) if !holds => return Ok(false),
                Some(Join::Or) if holds => return Ok(true),
                Some(_) => {}
                None => return Ok(holds),
            }
        }
        Ok(false)
    }

    fn test(&mut self, test: &'a Test) -> Result<bool, Error> {
        let Some((op, right)) = &test.rest else {
            return Ok(self.expr(&test.left, Want::Truth)?.is_truthy());
        };
        // Comparing with nil or blank is how a template asks whether something is there.
        let asks =
            matches!(right, Expr::Literal(Literal::Nil | Literal::Bool(_) | Literal::Empty | Literal::Blank));
        let want = if asks { Want::Quiet } else { Want::Value };
        let left = self.expr(&test.left, want)?;
        let right = self.expr(right, want)?;
        self.compare(&left, *op, &right).map_err(|e| self.place(e, test.at))
    }

    pub(super) fn compare(&mut self, left: &Value<'a>, op: Op, right: &Value<'a>) -> Result<bool, Error> {
        let ordering = match op {
            Op::Eq => return self.equal(left, right),
            Op::Ne => return self.equal(left, right).map(|e| !e),
            Op::Contains => return self.contains(left, right),
            _ => match (left, right) {
                (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
                    number_order(left, right)
                }
                (Value::Str(a) | Value::Html(a), Value::Str(b) | Value::Html(b)) => {
                    Some(a.as_bytes().cmp(b.as_bytes()))
                }
                (Value::Time(a), Value::Time(b)) => {
                    Some((a.seconds(), a.nanos()).cmp(&(b.seconds(), b.nanos())))
                }
                (l, r) if orders(l) && orders(r) => {
                    let message = format!("cannot compare {} with {}", l.kind(), r.kind());
                    return Err(Error::value(message));
                }
                _ => None,
            },
        };
        Ok(match ordering {
            None => false,
            Some(o) => match op {
                Op::Lt => o == Ordering::Less,
                Op::Le => o != Ordering::Greater,
                Op::Gt => o == Ordering::Greater,
                _ => o != Ordering::Less,
            },
        })
    }

    pub(super) fn equal(&mut self, left: &Value<'a>, right: &Value<'a>) -> Result<bool, Error> {
        Ok(match (left, right) {
            (Value::Empty | Value::Blank, Value::Empty | Value::Blank) => false,
            (Value::Empty, other) | (other, Value::Empty) => self.is_empty(other),
            (Value::Blank, other) | (other, Value::Blank) => self.is_blank(other),
            (Value::Nil, Value::Nil) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
                number_order(left, right) == Some(Ordering::Equal)
            }
            (Value::Str(a) | Value::Html(a), Value::Str(b) | Value::Html(b)) => **a == **b,
            (Value::Time(a), Value::Time(b)) => (a.seconds(), a.nanos()) == (b.seconds(), b.nanos()),
            (Value::Range(a, b), Value::Range(c, d)) => a == c && b == d,
            (Value::Loop(a), Value::Loop(b)) => a == b,
            (Value::List(_) | Value::Array(_), Value::List(_) | Value::Array(_)) => {
                self.equal_lists(left, right)?
            }
            (Value::Object(_) | Value::Record(_), Value::Object(_) | Value::Record(_)) => {
                self.equal_objects(left, right)?
            }
            _ => false,
        })
    }

    fn equal_lists(&mut self, left: &Value<'a>, right: &Value<'a>) -> Result<bool, Error> {
        let (a, b) = (self.children(left)?, self.children(right)?);
        if a.len() != b.len() {
            return Ok(false);
        }
        self.enter()?;
        let mut same = true;
        for (a, b) in a.iter().zip(&b) {
            self.step(1)?;
            if !self.equal(a, b)? {
                same = false;
                break;
            }
        }
        self.leave();
        Ok(same)
    }

    fn equal_objects(&mut self, left: &Value<'a>, right: &Value<'a>) -> Result<bool, Error> {
        let (a, b) = (self.entries(left)?, self.entries(right)?);
        if a.len() != b.len() {
            return Ok(false);
        }
        self.enter()?;
        let mut same = true;
        for (key, value) in &a {
            self.step(1 + b.len() as u64 / 16)?;
            same = match b.iter().find(|(k, _)| **k == **key) {
                Some((_, other)) => self.equal(value, other)?,
                None => false,
            };
            if !same {
                break;
            }
        }
        self.leave();
        Ok(same)
    }

    /// Whether it is an empty text, list or object.
    pub(super) fn is_empty(&mut self, value: &Value<'a>) -> bool {
        match value {
            Value::Str(_) | Value::Html(_) => value.as_str() == Some(""),
            Value::List(_) | Value::Array(_) | Value::Object(_) | Value::Record(_) => {
                self.size(value) == Some(0)
            }
            _ => false,
        }
    }

    pub(super) fn is_blank(&mut self, value: &Value<'a>) -> bool {
        match value {
            Value::Nil | Value::Bool(false) => true,
            Value::Str(s) | Value::Html(s) => s.trim().is_empty(),
            other => self.is_empty(other),
        }
    }

    fn contains(&mut self, left: &Value<'a>, right: &Value<'a>) -> Result<bool, Error> {
        if !right.is_truthy() {
            return Ok(false);
        }
        Ok(match left {
            Value::Str(s) | Value::Html(s) => {
                let mut needle = String::new();
                let needle = match right.as_str() {
                    Some(text) => text,
                    None => {
                        self.stringify(right, &mut needle)?;
                        &needle
                    }
                };
                self.step(1 + s.len() as u64 / 256)?;
                s.contains(needle)
            }
            Value::Object(o) => match right.as_str() {
                Some(key) => {
                    let there = o.object.get(key).is_some_and(|v| !matches!(v, ValueRef::Withheld(_)));
                    if let Some(reads) = &mut self.reads
                        && o.node != NO_NODE
                    {
                        let node = reads.owned_name(o.node, key);
                        reads.record(ReadKind::Value, node, o.object.get(key));
                    }
                    there
                }
                None => false,
            },
            Value::Record(r) => right.as_str().is_some_and(|key| r.entries.iter().any(|(k, _)| **k == *key)),
            Value::Range(from, to) => match right {
                Value::Int(n) => from <= n && n <= to,
                Value::Float(n) => *from as f64 <= *n && *n <= *to as f64,
                _ => false,
            },
            Value::List(_) | Value::Array(_) => {
                let items = self.children(left)?;
                for item in items {
                    self.step(1)?;
                    if self.equal(&item, right)? {
                        return Ok(true);
                    }
                }
                false
            }
            _ => false,
        })
    }
}

/// Whether values of this kind can be put in an order.
fn orders(value: &Value<'_>) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_) | Value::Str(_) | Value::Html(_) | Value::Time(_))
}

/// Which of two numbers is larger, exactly, whatever their types.
pub(super) fn number_order(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Float(b)) => int_float(*a, *b),
        (Value::Float(a), Value::Int(b)) => int_float(*b, *a).map(Ordering::reverse),
        _ => None,
    }
}

fn int_float(a: i64, b: f64) -> Option<Ordering> {
    if b.is_nan() {
        return None;
    }
    if b >= 9_223_372_036_854_775_808.0 {
        return Some(Ordering::Less);
    }
    if b < -9_223_372_036_854_775_808.0 {
        return Some(Ordering::Greater);
    }
    let whole = b.trunc();
    let rest = b - whole;
    Some(a.cmp(&(whole as i64)).then(if rest > 0.0 {
        Ordering::Less
    } else if rest < 0.0 {
        Ordering::Greater
    } else {
        Ordering::Equal
    }))
}
