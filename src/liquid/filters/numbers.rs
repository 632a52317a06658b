//! Arithmetic. Fractions are reckoned in decimal, as Ruby does it for Liquid: 10.1 plus 2.2 is 12.3.

use std::cmp::Ordering;

use crate::liquid::compare::number_order;
use crate::liquid::context::Context;
use crate::liquid::error::Error;
use crate::liquid::language::Args;
use crate::liquid::text;
use crate::liquid::value::Value;

type Made<'a> = Result<Value<'a>, Error>;

/// A number as the filters see it: whatever is none counts as zero.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    pub(super) fn of(value: &Value<'_>) -> Number {
        match value {
            Value::Int(n) => Number::Int(*n),
            Value::Float(n) => Number::Float(*n),
            Value::Str(s) | Value::Html(s) => Number::parse(s),
            _ => Number::Int(0),
        }
    }

    fn parse(s: &str) -> Number {
        let trimmed = s.trim();
        let digits = trimmed.strip_prefix('-').unwrap_or(trimmed);
        if let Some((whole, fraction)) = digits.split_once('.') {
            let numeric = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
            if numeric(whole) && numeric(fraction) && s.len() < 400 {
                return Number::Float(trimmed.parse().unwrap_or(0.0));
            }
        }
        Number::Int(text::leading_integer(s))
    }

    pub(super) fn value<'a>(self) -> Value<'a> {
        match self {
            Number::Int(n) => Value::Int(n),
            Number::Float(n) => Value::Float(n),
        }
    }

    fn float(self) -> f64 {
        match self {
            Number::Int(n) => n as f64,
            Number::Float(n) => n,
        }
    }

    fn is_zero(self) -> bool {
        match self {
            Number::Int(n) => n == 0,
            Number::Float(n) => n == 0.0,
        }
    }

    fn order(self, other: Number) -> Ordering {
        number_order(&self.value(), &other.value()).unwrap_or(Ordering::Equal)
    }
}

/// A decimal fraction: digits and how many of them stand behind the point.
struct Decimal {
    digits: i128,
    scale: u32,
}

impl Decimal {
    /// The shortest decimal of a number, if it is of a size to be reckoned with exactly.
    fn of(number: Number) -> Option<Decimal> {
        match number {
            Number::Int(n) => Some(Decimal { digits: i128::from(n), scale: 0 }),
            Number::Float(n) => {
                if !n.is_finite() || n.abs() >= 1e15 || (n != 0.0 && n.abs() < 1e-9) {
                    return None;
                }
                let text = format!("{n}");
                let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
                let digits = format!("{whole}{fraction}").parse().ok()?;
                Some(Decimal { digits, scale: fraction.len() as u32 })
            }
        }
    }

    fn float(&self) -> f64 {
        let negative = self.digits < 0;
        let digits = format!("{:0>width$}", self.digits.unsigned_abs(), width = self.scale as usize + 1);
        let (whole, fraction) = digits.split_at(digits.len() - self.scale as usize);
        let size: f64 = format!("{whole}.{fraction}0").parse().unwrap_or(0.0);
        if negative { -size } else { size }
    }

    fn aligned(a: &Decimal, b: &Decimal) -> Option<(i128, i128, u32)> {
        let scale = a.scale.max(b.scale);
        let up = |d: &Decimal| d.digits.checked_mul(10i128.checked_pow(scale - d.scale)?);
        Some((up(a)?, up(b)?, scale))
    }
}

/// The operations that can be done in decimal.
#[derive(Clone, Copy, PartialEq)]
enum Operation {
    Plus,
    Minus,
    Times,
    Modulo,
}

fn too_large() -> Error {
    Error::value("the result is too large for a number")
}

fn calculate(a: Number, op: Operation, b: Number) -> Result<Number, Error> {
    if let (Number::Int(a), Number::Int(b)) = (a, b) {
        let result = match op {
            Operation::Plus => a.checked_add(b),
            Operation::Minus => a.checked_sub(b),
            Operation::Times => a.checked_mul(b),
            Operation::Modulo => floored(i128::from(a), i128::from(b)).and_then(|n| i64::try_from(n).ok()),
        };
        return result.map(Number::Int).ok_or_else(too_large);
    }
    let exact = || {
        let (a, b) = (Decimal::of(a)?, Decimal::of(b)?);
        if op == Operation::Times {
            let digits = a.digits.checked_mul(b.digits)?;
            return Some(Decimal { digits, scale: a.scale + b.scale });
        }
        let (x, y, scale) = Decimal::aligned(&a, &b)?;
        let digits = match op {
            Operation::Plus => x.checked_add(y)?,
            Operation::Minus => x.checked_sub(y)?,
            _ => floored(x, y)?,
        };
        Some(Decimal { digits, scale })
    };
    Ok(Number::Float(match exact() {
        Some(decimal) => decimal.float(),
        None => {
            let (a, b) = (a.float(), b.float());
            match op {
                Operation::Plus => a + b,
                Operation::Minus => a - b,
                Operation::Times => a * b,
                Operation::Modulo => a - b * (a / b).floor(),
            }
        }
    }))
}

/// The remainder with the sign of the divisor.
fn floored(a: i128, b: i128) -> Option<i128> {
    let rest = a.checked_rem(b)?;
    Some(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
}

fn operands<'a>(input: &Value<'a>, args: &Args<'a, '_>) -> (Number, Number) {
    (Number::of(input), Number::of(args.get(0).unwrap_or(&Value::Nil)))
}

pub(super) fn plus<'a>(_: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let (a, b) = operands(&input, args);
    calculate(a, Operation::Plus, b).map(Number::value)
}

pub(super) fn minus<'a>(_: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let (a, b) = operands(&input, args);
    calculate(a, Operation::Minus, b).map(Number::value)
}

pub(super) fn times<'a>(_: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let (a, b) = operands(&input, args);
    calculate(a, Operation::Times, b).map(Number::value)
}

pub(super) fn modulo<'a>(_: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let (a, b) = operands(&input, args);
    if b.is_zero() {
        return Err(Error::value("divided by 0"));
    }
    calculate(a, Operation::Modulo, b).map(Number::value)
}

pub(super) fn divided_by<'a>(_: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let (a, b) = operands(&input, args);
    if b.is_zero() {
        return Err(Error::value("divided by 0"));
    }
    if let (Number::Int(a), Number::Int(b)) = (a, b) {
        let (a, b) = (i128::from(a), i128::from(b));
        let floor = a.div_euclid(b) - i128::from(b < 0 && a.rem_euclid(b) != 0);
        return i64::try_from(floor).map(Value::Int).map_err(|_| too_large());
    }
    Ok(Value::Float(a.float() / b.float()))
}

pub(super) fn sum(values: impl IntoIterator<Item = Number>) -> Result<Number, Error> {
    values.into_iter().try_fold(Number::Int(0), |a, b| calculate(a, Operation::Plus, b))
}

pub(super) fn abs<'a>(_: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    Ok(match Number::of(&input) {
        Number::Int(n) => Value::Int(n.checked_abs().ok_or_else(too_large)?),
        Number::Float(n) => Value::Float(n.abs()),
    })
}

pub(super) fn at_least<'a>(_: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let (a, b) = operands(&input, args);
    Ok(if b.order(a) == Ordering::Greater { b } else { a }.value())
}

pub(super) fn at_most<'a>(_: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let (a, b) = operands(&input, args);
    Ok(if b.order(a) == Ordering::Less { b } else { a }.value())
}

fn whole<'a>(n: f64) -> Made<'a> {
    if !n.is_finite() || n.abs() >= 9.2e18 {
        return Err(too_large());
    }
    Ok(Value::Int(n as i64))
}

pub(super) fn ceil<'a>(_: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    match Number::of(&input) {
        Number::Int(n) => Ok(Value::Int(n)),
        Number::Float(n) => whole(n.ceil()),
    }
}

pub(super) fn floor<'a>(_: &mut Context<'a>, input: Value<'a>, _: &Args<'a, '_>) -> Made<'a> {
    match Number::of(&input) {
        Number::Int(n) => Ok(Value::Int(n)),
        Number::Float(n) => whole(n.floor()),
    }
}

pub(super) fn round<'a>(_: &mut Context<'a>, input: Value<'a>, args: &Args<'a, '_>) -> Made<'a> {
    let places = match args.get(0).map(Number::of) {
        None => 0,
        Some(Number::Int(n)) => n,
        Some(Number::Float(n)) => n as i64,
    };
    match Number::of(&input) {
        Number::Int(n) if places >= 0 => Ok(Value::Int(n)),
        Number::Float(n) if places > 0 => Ok(Value::Float(rounded(n, places.min(30) as u32))),
        Number::Float(n) if places == 0 => whole(n.round()),
        number => {
            let n = match number {
                Number::Int(n) => i128::from(n),
                Number::Float(n) if n.is_finite() && n.abs() < 9.2e18 => n.round() as i128,
                Number::Float(_) => return Err(too_large()),
            };
            let Some(unit) = u32::try_from(-places).ok().and_then(|p| 10i128.checked_pow(p)) else {
                return Ok(Value::Int(0));
            };
            let up = (n.abs() + unit / 2) / unit * unit;
            i64::try_from(if n < 0 { -up } else { up }).map(Value::Int).map_err(|_| too_large())
        }
    }
}

/// Rounds in decimal, halves away from zero.
fn rounded(n: f64, places: u32) -> f64 {
    let Some(decimal) = Decimal::of(Number::Float(n)) else { return n };
    if decimal.scale <= places {
        return n;
    }
    let Some(unit) = 10i128.checked_pow(decimal.scale - places) else { return n };
    let up = (decimal.digits.abs() + unit / 2) / unit;
    Decimal { digits: if decimal.digits < 0 { -up } else { up }, scale: places }.float()
}
