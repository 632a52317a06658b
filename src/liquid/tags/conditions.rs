//! `if`, `unless`, `case`, `ifchanged`.

use crate::liquid::ast::{Arm, Block, Case, Guard, If, Node};
use crate::liquid::context::{Context, Flow};
use crate::liquid::error::Error;
use crate::liquid::eval::Want;
use crate::liquid::markup::Markup;
use crate::liquid::parse::Parser;
use crate::liquid::tokens::Tag;

pub(in crate::liquid) fn if_tag<'s>(parser: &mut Parser<'s>, tag: Tag<'s>, unless: bool) -> Option<Node> {
    let ends: &'static [&'static str] =
        if unless { &["elsif", "else", "endunless"] } else { &["elsif", "else", "endif"] };
    let mut branches: Vec<(Option<Guard>, Block)> = Vec::new();
    let mut whole = true;
    let mut part = tag;
    loop {
        let guard = match part.name {
            "else" => None,
            _ => match parser.read(part, |m| m.condition()) {
                Some(condition) => Some(Guard { condition, negated: unless && branches.is_empty() }),
                None => {
                    whole = false;
                    None
                }
            },
        };
        let (body, end) = parser.block(Tag { name: tag.name, ..part }, ends);
        branches.push((guard, body));
        match end {
            Some(next) if next.name == "elsif" || next.name == "else" => part = next,
            _ => break,
        }
    }
    if branches.iter().all(|(_, b)| b.blank) {
        parser.strip_blank(branches.iter_mut().map(|(_, b)| b));
    }
    whole.then(|| Node::If(Box::new(If { branches })))
}

pub(in crate::liquid) fn case<'s>(parser: &mut Parser<'s>, tag: Tag<'s>) -> Option<Node> {
    const ENDS: &[&str] = &["when", "else", "endcase"];
    let subject = parser.read(tag, |m| {
        let subject = m.expression()?;
        m.expect_end()?;
        Ok(subject)
    });
    // What stands before the first `when` is never shown.
    let (_, mut end) = parser.block(tag, ENDS);
    let mut arms = Vec::new();
    let mut whole = true;
    while let Some(part) = end.filter(|t| t.name != "endcase") {
        let otherwise = part.name == "else";
        let values = if otherwise { Some(Vec::new()) } else { parser.read(part, when) };
        let (body, next) = parser.block(Tag { name: tag.name, ..part }, ENDS);
        match values {
            Some(values) => arms.push(Arm { values, otherwise, body }),
            None => whole = false,
        }
        end = next;
    }
    if arms.iter().all(|a| a.body.blank) {
        parser.strip_blank(arms.iter_mut().map(|a| &mut a.body));
    }
    let subject = subject?;
    whole.then(|| Node::Case(Box::new(Case { subject, arms, at: tag.at as u32 })))
}

/// `when a, b or c`; what follows without a comma or `or` is forgiven, as Liquid has always done.
fn when(m: &mut Markup<'_, '_>) -> Result<Vec<crate::liquid::ast::Expr>, Error> {
    let mut values = vec![m.expression()?];
    while m.comma() || m.word("or") {
        values.push(m.expression()?);
    }
    if m.is_strict() {
        m.expect_end()?;
    }
    Ok(values)
}

impl<'a> Context<'a> {
    pub(in crate::liquid) fn run_if(&mut self, tag: &'a If) -> Result<Flow, Error> {
        for (guard, body) in &tag.branches {
            let holds = match guard {
                Some(guard) => self.condition(&guard.condition)? != guard.negated,
                None => true,
            };
            if holds {
                return self.block(body);
            }
        }
        Ok(Flow::Next)
    }

    /// Every arm that matches runs, once for each value that does; `else` runs if none has matched before it.
    pub(in crate::liquid) fn run_case(&mut self, tag: &'a Case) -> Result<Flow, Error> {
        let subject = self.expr(&tag.subject, Want::Value)?;
        let mut matched = false;
        for arm in &tag.arms {
            if arm.otherwise {
                if !matched {
                    match self.block(&arm.body)? {
                        Flow::Next => {}
                        flow => return Ok(flow),
                    }
                }
                continue;
            }
            for value in &arm.values {
                let value = self.expr(value, Want::Quiet)?;
                if self.equal(&subject, &value)? {
                    matched = true;
                    match self.block(&arm.body)? {
                        Flow::Next => {}
                        flow => return Ok(flow),
                    }
                }
            }
        }
        Ok(Flow::Next)
    }

    pub(in crate::liquid) fn run_ifchanged(&mut self, body: &'a Block) -> Result<Flow, Error> {
        let (flow, text) = self.captured(body)?;
        if self.changed.as_deref() != Some(text.as_str()) {
            self.write_raw(&text);
            self.changed = Some(text);
        }
        Ok(flow)
    }
}
