//! `for`, `tablerow`, `cycle`.

use crate::liquid::ast::{Cycle, Expr, For, Group, Literal, Name, Node, Offset, TableRow, name_hash};
use crate::liquid::context::{Binding, Context, Flow, LoopState};
use crate::liquid::error::Error;
use crate::liquid::eval::Want;
use crate::liquid::parse::Parser;
use crate::liquid::text;
use crate::liquid::tokens::Tag;
use crate::liquid::value::Value;

pub(in crate::liquid) fn for_tag<'s>(parser: &mut Parser<'s>, tag: Tag<'s>) -> Option<Node> {
    let text = parser.source.text;
    let head = parser.read(tag, |m| {
        let variable = Name::new(m.expect_ident("a variable's name")?);
        m.expect_word("in")?;
        let before = m.at();
        let source = m.expression()?;
        let key = Name::new(&format!("{}-{}", variable.text, text[before..m.at()].trim()));
        let (mut limit, mut offset, mut reversed) = (None, Offset::None, false);
        loop {
            let comma = m.comma();
            if m.is_end() {
                break;
            }
            let at = m.at();
            let wanted =
                if comma { "\"limit\" or \"offset\"" } else { "\"limit\", \"offset\" or \"reversed\"" };
            match m.expect_ident(wanted)? {
                "reversed" => reversed = true,
                "limit" => {
                    m.expect_colon()?;
                    limit = Some(m.expression()?);
                }
                "offset" => {
                    m.expect_colon()?;
                    offset = if m.word("continue") { Offset::Continue } else { Offset::By(m.expression()?) };
                }
                other => {
                    let hint = crate::liquid::error::did_you_mean(other, ["limit", "offset", "reversed"]);
                    return Err(m.error(at, format!("\"for\" takes no \"{other}\"")).with_hint(hint));
                }
            }
        }
        Ok((variable, source, key, limit, offset, reversed))
    });
    let (mut body, end) = parser.block(tag, &["else", "endfor"]);
    let mut otherwise = None;
    let mut part = end;
    while let Some(next) = part.filter(|t| t.name == "else") {
        let (block, end) = parser.block(Tag { name: tag.name, ..next }, &["else", "endfor"]);
        otherwise.get_or_insert(block);
        part = end;
    }
    if body.blank && otherwise.as_ref().is_none_or(|b| b.blank) {
        parser.strip_blank([&mut body].into_iter().chain(otherwise.as_mut()));
    }
    let (variable, source, key, limit, offset, reversed) = head?;
    let at = tag.at as u32;
    Some(Node::For(Box::new(For { variable, source, key, limit, offset, reversed, body, otherwise, at })))
}

pub(in crate::liquid) fn tablerow<'s>(parser: &mut Parser<'s>, tag: Tag<'s>) -> Option<Node> {
    let head = parser.read(tag, |m| {
        let variable = Name::new(m.expect_ident("a variable's name")?);
        m.expect_word("in")?;
        let source = m.expression()?;
        let (mut limit, mut offset, mut cols) = (None, None, None);
        loop {
            m.comma();
            if m.is_end() {
                break;
            }
            let at = m.at();
            let slot = match m.expect_ident("\"cols\", \"limit\" or \"offset\"")? {
                "limit" => &mut limit,
                "offset" => &mut offset,
                "cols" => &mut cols,
                other => {
                    let hint = crate::liquid::error::did_you_mean(other, ["limit", "offset", "cols"]);
                    return Err(m.error(at, format!("\"tablerow\" takes no \"{other}\"")).with_hint(hint));
                }
            };
            m.expect_colon()?;
            *slot = Some(m.expression()?);
        }
        Ok((variable, source, limit, offset, cols))
    });
    let (body, _) = parser.block(tag, &["endtablerow"]);
    let (variable, source, limit, offset, cols) = head?;
    let at = tag.at as u32;
    Some(Node::TableRow(Box::new(TableRow { variable, source, limit, offset, cols, body, at })))
}

pub(in crate::liquid) fn cycle<'s>(parser: &mut Parser<'s>, tag: Tag<'s>) -> Option<Node> {
    let text = parser.source.text;
    parser.read(tag, |m| {
        let start = m.at();
        let first = m.expression()?;
        let mut values = Vec::new();
        let mut name = None;
        if m.colon() {
            name = Some(first);
        } else {
            values.push(first);
            m.comma();
        }
        while !m.is_end() {
            values.push(m.expression()?);
            if !m.comma() {
                m.expect_end()?;
            }
        }
        let group = match name {
            Some(name) => Group::Named(name),
            None if values.iter().all(|v| matches!(v, Expr::Literal(_))) => {
                Group::Literals(values.iter().map(literal_key).collect::<String>().into())
            }
            // With variables in it, each such tag has a turn of its own.
            None => Group::Literals(format!("{start}:{}", &text[start..m.at()]).into()),
        };
        Ok(Node::Cycle(Box::new(Cycle { group, values, at: tag.at as u32 })))
    })
}

fn literal_key(value: &Expr) -> String {
    match value {
        Expr::Literal(Literal::Str(s)) => format!("{s:?},"),
        other => format!("{other:?},"),
    }
}

const FORLOOP: u32 = name_hash("forloop");
const TABLEROWLOOP: u32 = name_hash("tablerowloop");

impl<'a> Context<'a> {
    pub(in crate::liquid) fn run_for(&mut self, tag: &'a For) -> Result<Flow, Error> {
        let source = self.expr(&tag.source, Want::Value)?;
        let from = match &tag.offset {
            Offset::None => 0,
            Offset::Continue => {
                self.offsets.iter().find(|(k, _)| *k == &*tag.key.text).map_or(0, |(_, n)| *n)
            }
            Offset::By(offset) => {
                let offset = self.expr(offset, Want::Value)?;
                if offset.is_nil() { 0 } else { self.integer(&offset)? }
            }
        };
        let limit = match &tag.limit {
            Some(limit) => match self.expr(limit, Want::Value)? {
                Value::Nil => None,
                limit => Some(self.integer(&limit)?),
            },
            None => None,
        };
        let segment = self.segment(&source, from, limit)?;
        let length = segment.len();
        let reached = from.saturating_add(length as i64);
        match self.offsets.iter_mut().find(|(k, _)| *k == &*tag.key.text) {
            Some(entry) => entry.1 = reached,
            None => self.offsets.push((&tag.key.text, reached)),
        }
        if length == 0 {
            return match &tag.otherwise {
                Some(block) => self.block(block),
                None => Ok(Flow::Next),
            };
        }
        self.enter()?;
        let parent = self.loops.iter().rposition(|l| l.visible).map(|i| i as u32);
        let index = self.loops.len();
        self.loops.push(LoopState::new(&tag.key.text, length, parent));
        let slot = self.locals.len();
        self.locals.push(Binding::new(FORLOOP, "forloop", Value::Loop(index as u32)));
        self.locals.push(Binding::of(&tag.variable, Value::Nil));
        for i in 0..length {
            let at = if tag.reversed { length - 1 - i } else { i };
            self.locals[slot + 1].value = self.element(&segment, at)?;
            self.loops[index].index = i;
            match self.block_inner(&tag.body)? {
                Flow::Break => break,
                Flow::Next | Flow::Continue => {}
            }
        }
        self.locals.truncate(slot);
        self.loops.truncate(index);
        self.leave();
        Ok(Flow::Next)
    }

    pub(in crate::liquid) fn run_tablerow(&mut self, tag: &'a TableRow) -> Result<Flow, Error> {
        let source = self.expr(&tag.source, Want::Value)?;
        if !source.is_truthy() {
            return Ok(Flow::Next);
        }
        let number = |this: &mut Self, expr: &'a Option<Expr>| match expr {
            Some(expr) => {
                let value = this.expr(expr, Want::Value)?;
                this.loose_integer(&value).map(Some)
            }
            None => Ok(None),
        };
        let from = number(self, &tag.offset)?.unwrap_or(0);
        let limit = number(self, &tag.limit)?;
        let cols = number(self, &tag.cols)?;
        let segment = self.segment(&source, from, limit)?;
        let length = segment.len();
        let cols = cols.unwrap_or(length as i64);
        self.enter()?;
        self.write_raw("<tr class=\"row1\">\n");
        let index = self.loops.len();
        let mut state = LoopState::new("", length, None);
        state.visible = false;
        state.cols = Some((cols, 1, 1));
        self.loops.push(state);
        let slot = self.locals.len();
        self.locals.push(Binding::new(TABLEROWLOOP, "tablerowloop", Value::Loop(index as u32)));
        self.locals.push(Binding::of(&tag.variable, Value::Nil));
        let (mut row, mut col) = (1, 1);
        for i in 0..length {
            self.locals[slot + 1].value = self.element(&segment, i)?;
            self.loops[index].index = i;
            self.loops[index].cols = Some((cols, row, col));
            self.write_raw("<td class=\"col");
            self.write_int(col);
            self.write_raw("\">");
            let inner = self.block_inner(&tag.body)?;
            self.write_raw("</td>");
            if inner == Flow::Break {
                break;
            }
            if col == cols && i + 1 < length {
                self.write_raw("</tr>\n<tr class=\"row");
                self.write_int(row + 1);
                self.write_raw("\">");
            }
            if col == cols {
                col = 1;
                row += 1;
            } else {
                col += 1;
            }
        }
        self.write_raw("</tr>\n");
        self.locals.truncate(slot);
        self.loops.truncate(index);
        self.leave();
        Ok(Flow::Next)
    }

    pub(in crate::liquid) fn run_cycle(&mut self, tag: &'a Cycle) -> Result<(), Error> {
        let mut key = String::new();
        match &tag.group {
            Group::Literals(literals) => key.push_str(literals),
            Group::Named(name) => {
                let name = self.expr(name, Want::Value)?;
                key.push_str("name:");
                key.push_str(name.kind());
                self.stringify(&name, &mut key)?;
            }
        }
        let at = match self.cycles.iter().position(|(k, _)| *k == key) {
            Some(at) => at,
            None => {
                self.charge(key.len() + 64)?;
                self.cycles.push((key, 0));
                self.cycles.len() - 1
            }
        };
        let turn = self.cycles[at].1;
        self.cycles[at].1 = if turn + 1 >= tag.values.len() { 0 } else { turn + 1 };
        if let Some(value) = tag.values.get(turn) {
            let value = self.expr(value, Want::Value)?;
            self.write(&value)?;
        }
        Ok(())
    }

    /// A whole number, as `limit` and `offset` want it: an integer or the text of one.
    pub(in crate::liquid) fn integer(&mut self, value: &Value<'a>) -> Result<i64, Error> {
        match value {
            Value::Int(n) => Ok(*n),
            Value::Str(s) | Value::Html(s) => text::strict_integer(s)
                .ok_or_else(|| Error::value(format!("\"{}\" is not an integer", text::brief(s)))),
            other => Err(Error::value(format!("expected an integer, found {}", other.kind()))),
        }
    }

    /// A whole number as `tablerow` wants it: what Ruby's `to_i` makes of numbers, texts and nil.
    fn loose_integer(&mut self, value: &Value<'a>) -> Result<i64, Error> {
        match value {
            Value::Int(n) => Ok(*n),
            Value::Float(n) => Ok(*n as i64),
            Value::Nil => Ok(0),
            Value::Str(s) | Value::Html(s) => Ok(text::leading_integer(s)),
            other => Err(Error::value(format!("expected an integer, found {}", other.kind()))),
        }
    }
}
