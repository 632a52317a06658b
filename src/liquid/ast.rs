//! The tree of a parsed template. It is built once, never changes, and is shared by all threads.

use std::sync::Arc;

use super::language::{Filter, Run};

/// A name with a hash of it, so that finding a local variable compares numbers before letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: Box<str>,
    pub(super) hash: u32,
}

impl Name {
    pub(super) fn new(text: &str) -> Name {
        Name { text: text.into(), hash: name_hash(text) }
    }
}

pub(super) const fn name_hash(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let mut hash = 0x811c_9dc5_u32;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u32).wrapping_mul(0x0100_0193);
        i += 1;
    }
    hash
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Nil,
    Bool(bool),
    Empty,
    Blank,
    Int(i64),
    Float(f64),
    Str(Box<str>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Literal(Literal),
    Path(Box<Path>),
    Range(Box<(Expr, Expr)>),
}

/// `a.b[0][c]`
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    pub(super) root: Root,
    pub(super) steps: Box<[Step]>,
    pub(super) at: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Root {
    Name(Name),
    Expr(Expr),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Key(Name, Special),
    Index(i64),
    Expr(Expr),
}

/// Names that lists, objects and strings answer to when they have no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Special {
    None,
    Size,
    First,
    Last,
}

impl Special {
    pub(super) fn of(name: &str) -> Special {
        match name {
            "size" => Special::Size,
            "first" => Special::First,
            "last" => Special::Last,
            _ => Special::None,
        }
    }
}

/// An expression with the filters it goes through.
pub(super) struct Filtered {
    pub(super) base: Expr,
    pub(super) calls: Box<[Call]>,
    pub(super) at: u32,
}

pub(super) struct Call {
    pub(super) filter: Arc<dyn Filter>,
    pub(super) args: Box<[Expr]>,
    pub(super) named: Box<[(Box<str>, Expr)]>,
    pub(super) snippet: Option<Box<Snippet>>,
    /// `default` is there for what may be undefined.
    pub(super) forgives: bool,
    /// The `escape` of the engine, which can write straight to the output.
    pub(super) escapes: bool,
    pub(super) at: u32,
}

/// An expression given to a filter as text (`where_exp: "item", "item.price > 5"`), parsed with the template.
pub(super) enum Snippet {
    Value(Filtered),
    Test(Condition),
}

pub(super) struct Condition {
    pub(super) tests: Box<[Test]>,
    /// What joins each test to the next. Evaluation is from the right, as Liquid has it.
    pub(super) joins: Box<[Join]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Or,
}

pub(super) struct Test {
    pub(super) left: Expr,
    pub(super) rest: Option<(Op, Expr)>,
    pub(super) at: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Contains,
}

#[derive(Default)]
pub(super) struct Block {
    pub(super) nodes: Vec<Node>,
    /// Nothing in it can write anything but white space.
    pub(super) blank: bool,
}

pub(super) enum Node {
    /// Literal text, as a range of the source.
    Text(u32, u32),
    Output(Filtered),
    If(Box<If>),
    Case(Box<Case>),
    For(Box<For>),
    TableRow(Box<TableRow>),
    Assign(Box<Assign>),
    Capture(Box<Capture>),
    Cycle(Box<Cycle>),
    Counter(Box<Counter>),
    IfChanged(Box<Block>),
    Include(Box<Include>),
    Break,
    Continue,
    Custom(Box<Custom>),
}

/// A tag that the host registered.
pub(super) struct Custom {
    pub(super) run: Box<dyn Run>,
    pub(super) at: u32,
}

pub(super) struct If {
    /// `None` is `else`: the first that holds is taken.
    pub(super) branches: Vec<(Option<Guard>, Block)>,
}

pub(super) struct Guard {
    pub(super) condition: Condition,
    /// The first condition of `unless`.
    pub(super) negated: bool,
}

pub(super) struct Case {
    pub(super) subject: Expr,
    /// Empty values with `otherwise` is `else`.
    pub(super) arms: Vec<Arm>,
    pub(super) at: u32,
}

pub(super) struct Arm {
    pub(super) values: Vec<Expr>,
    pub(super) otherwise: bool,
    pub(super) body: Block,
}

pub(super) struct For {
    pub(super) variable: Name,
    pub(super) source: Expr,
    /// `variable-source`, which `offset: continue` goes by.
    pub(super) key: Name,
    pub(super) limit: Option<Expr>,
    pub(super) offset: Offset,
    pub(super) reversed: bool,
    pub(super) body: Block,
    pub(super) otherwise: Option<Block>,
    pub(super) at: u32,
}

pub(super) enum Offset {
    None,
    Continue,
    By(Expr),
}

pub(super) struct TableRow {
    pub(super) variable: Name,
    pub(super) source: Expr,
    pub(super) limit: Option<Expr>,
    pub(super) offset: Option<Expr>,
    pub(super) cols: Option<Expr>,
    pub(super) body: Block,
    pub(super) at: u32,
}

pub(super) struct Assign {
    pub(super) name: Name,
    pub(super) value: Filtered,
}

pub(super) struct Capture {
    pub(super) name: Name,
    pub(super) body: Block,
}

pub(super) struct Cycle {
    pub(super) group: Group,
    pub(super) values: Vec<Expr>,
    pub(super) at: u32,
}

/// Which cycles go on from each other.
pub(super) enum Group {
    Named(Expr),
    /// Cycles without a name that list the same literals share their turn.
    Literals(Box<str>),
}

pub(super) struct Counter {
    pub(super) name: Name,
    pub(super) down: bool,
}

pub(super) struct Include {
    pub(super) what: Partial,
    pub(super) bind: Option<Bind>,
    pub(super) alias: Option<Name>,
    pub(super) args: Vec<(Name, Expr)>,
    /// `render`: a scope of its own.
    pub(super) isolated: bool,
    /// Jekyll's form: the parameters are seen as `include.key`.
    pub(super) jekyll: bool,
    pub(super) at: u32,
}

pub(super) enum Partial {
    Fixed(Box<str>),
    Dynamic(Filtered),
}

pub(super) enum Bind {
    With(Expr),
    For(Expr),
}
