//! Where in a text the operands stand that need a guard: a walk over the engine's tokens by the engine's grammar. What
//! it finds is verified by [`super::shape`]; here is only where brackets go.

use super::guard::Guard;
use super::tokens::{Placed, tokens};
use minijinja::machinery::Token;
use std::ops::Range;

/// What needs a guard.
pub(super) struct Operand {
    /// Its bytes in the text.
    pub(super) range: Range<usize>,
    /// What follows it; none if it needs brackets alone.
    pub(super) guard: Option<Guard>,
    pub(super) brackets: Brackets,
}

/// Where brackets are needed: `a|guard`, `(a + b)|guard`, `(a|guard)[1:]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brackets {
    No,
    Inside,
    Outside,
}

/// The operands of a text that the engine accepts.
pub(super) fn operands(source: &str) -> Vec<Operand> {
    let mut walk = Walk { tokens: tokens(source), at: 0, operands: Vec::new() };
    while let Some((token, _)) = walk.tokens.get(walk.at) {
        let begins = [matches!(token, Token::VariableStart), matches!(token, Token::BlockStart)];
        walk.at += 1;
        // Of a tag that it cannot follow, the rest stays without guards.
        let _ = match begins {
            [true, _] => walk.expression().map(|_| ()),
            [_, true] => walk.statement(),
            _ => None,
        };
    }
    walk.operands
}

/// What an expression can be, as far as guards go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A literal text, number, truth value or `none`.
    Literal,
    /// Always a truth value.
    Bool,
    /// One that a filter can follow without brackets.
    Chain,
    /// Any other.
    Compound,
}

#[derive(Clone)]
struct Part {
    range: Range<usize>,
    form: Form,
}

struct Walk<'s> {
    tokens: Vec<Placed<'s>>,
    at: usize,
    operands: Vec<Operand>,
}

impl<'s> Walk<'s> {
    fn peek(&self) -> Option<&Token<'s>> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    /// Goes past a token if it is the one.
    fn skip(&mut self, wanted: impl Fn(&Token<'s>) -> bool) -> bool {
        let skips = self.peek().is_some_and(wanted);
        self.at += usize::from(skips);
        skips
    }

    fn word(&mut self, word: &str) -> bool {
        self.skip(|token| matches!(token, Token::Ident(name) if *name == word))
    }

    fn expect(&mut self, wanted: impl Fn(&Token<'s>) -> bool) -> Option<()> {
        self.skip(wanted).then_some(())
    }

    /// Where the next token begins.
    fn start(&self) -> Option<usize> {
        self.tokens.get(self.at).map(|(_, range)| range.start)
    }

    /// From a byte to the end of the last token.
    fn since(&self, start: usize) -> Range<usize> {
        start..self.tokens[self.at - 1].1.end
    }

    fn guard(&mut self, part: &Part, guard: Guard) {
        let brackets = match part.form {
            Form::Literal | Form::Bool => return,
            Form::Chain if guard == Guard::Cut => Brackets::Outside,
            Form::Chain => Brackets::No,
            Form::Compound => Brackets::Inside,
        };
        self.operands.push(Operand { range: part.range.clone(), guard: Some(guard), brackets });
    }

    /// The next expressions joined by an operator, of which the left ones are asked whether they are true.
    fn joined(&mut self, word: &str, next: impl Fn(&mut Self) -> Option<Part>) -> Option<Part> {
        let mut left = next(self)?;
        while self.word(word) {
            self.guard(&left, Guard::Tested);
            let right = next(self)?;
            let form = match [left.form, right.form] {
                [Form::Literal | Form::Bool, Form::Literal | Form::Bool] => Form::Bool,
                _ => Form::Compound,
            };
            left = Part { range: self.since(left.range.start), form };
        }
        Some(left)
    }

    fn expression(&mut self) -> Option<Part> {
        let mut part = self.or()?;
        while self.word("if") {
            let condition = self.or()?;
            self.guard(&condition, Guard::Tested);
            if self.word("else") {
                self.expression()?;
            }
            part = Part { range: self.since(part.range.start), form: Form::Compound };
        }
        Some(part)
    }

    fn or(&mut self) -> Option<Part> {
        self.joined("or", |walk| walk.joined("and", Self::not))
    }

    fn not(&mut self) -> Option<Part> {
        let start = self.start()?;
        if !self.word("not") {
            return self.comparison();
        }
        let part = self.not()?;
        self.guard(&part, Guard::Tested);
        Some(Part { range: self.since(start), form: Form::Bool })
    }

    fn comparison(&mut self) -> Option<Part> {
        let first = self.sum()?;
        let mut others = Vec::new();
        loop {
            let is_in = match self.peek() {
                Some(Token::Ident("in")) => true,
                Some(Token::Ident("not")) => {
                    self.at += 1;
                    true
                }
                Some(Token::Eq | Token::Ne | Token::Lt | Token::Lte | Token::Gt | Token::Gte) => false,
                _ => break,
            };
            self.at += 1;
            others.push((self.sum()?, is_in));
        }
        let Some(last) = others.len().checked_sub(1) else { return Some(first) };
        self.guard(&first, Guard::Compared);
        for (index, (part, is_in)) in others.iter().enumerate() {
            let searched = *is_in && index == last;
            self.guard(part, if searched { Guard::Searched } else { Guard::Compared });
        }
        Some(Part { range: self.since(first.range.start), form: Form::Bool })
    }

    /// Expressions joined by operators that refuse secrets themselves.
    fn chained(
        &mut self,
        is_operator: impl Fn(&Token<'s>) -> bool,
        guard: Option<Guard>,
        next: impl Fn(&mut Self) -> Option<Part>,
    ) -> Option<Part> {
        let first = next(self)?;
        let mut others = Vec::new();
        while self.skip(&is_operator) {
            others.push(next(self)?);
        }
        if others.is_empty() {
            return Some(first);
        }
        if let Some(guard) = guard {
            for part in std::iter::once(&first).chain(&others) {
                self.guard(part, guard);
            }
        }
        Some(Part { range: self.since(first.range.start), form: Form::Compound })
    }

    fn sum(&mut self) -> Option<Part> {
        self.chained(|token| matches!(token, Token::Plus | Token::Minus), None, Self::concatenation)
    }

    fn concatenation(&mut self) -> Option<Part> {
        self.chained(|token| matches!(token, Token::Tilde), Some(Guard::Written), Self::product)
    }

    fn product(&mut self) -> Option<Part> {
        let is_operator = |token: &Token<'s>| {
            matches!(token, Token::Mul | Token::Div | Token::FloorDiv | Token::Mod | Token::Pow)
        };
        self.chained(is_operator, None, Self::filtered)
    }

    /// `-a.b[c]|filter is test`
    fn filtered(&mut self) -> Option<Part> {
        let mut part = self.signed()?;
        loop {
            let form = if self.skip(|token| matches!(token, Token::Pipe)) {
                self.filter()?;
                Form::Chain
            } else if self.word("is") {
                self.word("not");
                self.name()?;
                let has_argument = match self.peek() {
                    Some(Token::ParenOpen) => {
                        self.arguments(None)?;
                        false
                    }
                    Some(Token::Ident("and" | "or" | "else" | "is")) => false,
                    Some(
                        Token::Ident(_)
                        | Token::Str(_)
                        | Token::String(_)
                        | Token::Int(_)
                        | Token::Int128(_)
                        | Token::Float(_)
                        | Token::Plus
                        | Token::Minus
                        | Token::BracketOpen
                        | Token::BraceOpen,
                    ) => true,
                    _ => false,
                };
                if has_argument {
                    let known = self.operands.len();
                    let range = self.signed()?.range;
                    // `is eq a[1:]`: a bracket there begins the arguments, so all of it goes into them.
                    let begins = |operand: &Operand| {
                        operand.brackets == Brackets::Outside && operand.range.start == range.start
                    };
                    if self.operands[known..].iter().any(begins) {
                        self.operands.push(Operand { range, guard: None, brackets: Brackets::Outside });
                    }
                }
                Form::Bool
            } else {
                return Some(part);
            };
            part = Part { range: self.since(part.range.start), form };
        }
    }

    fn filter(&mut self) -> Option<()> {
        self.name()?;
        match self.peek() {
            Some(Token::ParenOpen) => self.arguments(None),
            _ => Some(()),
        }
    }

    /// The name of a filter or test.
    fn name(&mut self) -> Option<()> {
        loop {
            self.expect(|token| matches!(token, Token::Ident(_)))?;
            if !self.skip(|token| matches!(token, Token::Dot)) {
                return Some(());
            }
        }
    }

    fn signed(&mut self) -> Option<Part> {
        let start = self.start()?;
        if !self.skip(|token| matches!(token, Token::Minus)) {
            let primary = self.primary()?;
            return self.postfix(primary);
        }
        let is_number = matches!(self.peek(), Some(Token::Int(_) | Token::Int128(_) | Token::Float(_)));
        let part = self.signed()?;
        let form = if is_number && part.form == Form::Literal { Form::Literal } else { Form::Chain };
        Some(Part { range: self.since(start), form })
    }

    /// What follows an operand: `.name`, `[key]`, `[from:to]`, `(arguments)`.
    fn postfix(&mut self, mut part: Part) -> Option<Part> {
        loop {
            match self.peek() {
                Some(Token::Dot) => self.at += 2,
                Some(Token::BracketOpen) => {
                    self.at += 1;
                    self.subscript(&part)?;
                }
                Some(Token::ParenOpen) => {
                    let called =
                        match (&self.tokens.get(self.at - 1)?.0, self.tokens.get(self.at.checked_sub(2)?)) {
                            (Token::Ident("changed"), Some((Token::Dot, _))) => Some(Guard::Compared),
                            (Token::Ident("loop"), before) if !matches!(before, Some((Token::Dot, _))) => {
                                Some(Guard::Tested)
                            }
                            _ => None,
                        };
                    self.arguments(called)?;
                }
                _ => return Some(part),
            }
            part = Part { range: self.since(part.range.start), form: Form::Chain };
        }
    }

    fn subscript(&mut self, of: &Part) -> Option<()> {
        let is_colon = |token: &Token<'s>| matches!(token, Token::Colon);
        let mut key = None;
        let mut is_slice = false;
        while !self.skip(|token| matches!(token, Token::BracketClose)) {
            if self.skip(is_colon) {
                is_slice = true;
            } else {
                key = Some(self.expression()?);
            }
        }
        match key {
            _ if is_slice => self.guard(of, Guard::Cut),
            Some(key) => self.guard(&key, Guard::Compared),
            None => {}
        }
        Some(())
    }

    fn arguments(&mut self, guard: Option<Guard>) -> Option<()> {
        self.expect(|token| matches!(token, Token::ParenOpen))?;
        while !self.skip(|token| matches!(token, Token::ParenClose)) {
            self.skip(|token| matches!(token, Token::Comma));
            let splat = self.skip(|token| matches!(token, Token::Mul | Token::Pow)).then_some(Guard::Tested);
            if self.skip(|token| matches!(token, Token::ParenClose)) {
                break;
            }
            let mut part = self.expression()?;
            if self.skip(|token| matches!(token, Token::Assign)) {
                part = self.expression()?;
            }
            if let Some(guard) = splat.or(guard) {
                self.guard(&part, guard);
            }
        }
        Some(())
    }

    fn primary(&mut self) -> Option<Part> {
        let start = self.start()?;
        self.at += 1;
        let form = match self.tokens[self.at - 1].0 {
            Token::Ident("true" | "True" | "false" | "False" | "none" | "None") => Form::Literal,
            Token::Int(_) | Token::Int128(_) | Token::Float(_) => Form::Literal,
            Token::Str(_) | Token::String(_) => {
                while self.skip(|token| matches!(token, Token::Str(_) | Token::String(_))) {}
                Form::Literal
            }
            Token::Ident(_) => Form::Chain,
            Token::ParenOpen => self.listed(|token| matches!(token, Token::ParenClose))?,
            Token::BracketOpen => self.listed(|token| matches!(token, Token::BracketClose))?,
            Token::BraceOpen => {
                while !self.skip(|token| matches!(token, Token::BraceClose)) {
                    if self.skip(|token| matches!(token, Token::Comma)) {
                        continue;
                    }
                    let key = self.expression()?;
                    self.guard(&key, Guard::Compared);
                    self.expect(|token| matches!(token, Token::Colon))?;
                    self.expression()?;
                }
                Form::Chain
            }
            _ => return None,
        };
        Some(Part { range: self.since(start), form })
    }

    /// Expressions with commas between them, up to a bracket.
    fn listed(&mut self, is_end: impl Fn(&Token<'s>) -> bool) -> Option<Form> {
        while !self.skip(&is_end) {
            if !self.skip(|token| matches!(token, Token::Comma)) {
                self.expression()?;
            }
        }
        Some(Form::Chain)
    }

    fn statement(&mut self) -> Option<()> {
        let Some(Token::Ident(name)) = self.peek() else { return None };
        let name = *name;
        self.at += 1;
        match name {
            "for" => {
                while !self.word("in") {
                    self.inside()?;
                }
                let items = self.or()?;
                self.guard(&items, Guard::Tested);
                if self.word("if") {
                    let condition = self.expression()?;
                    self.guard(&condition, Guard::Tested);
                }
            }
            "if" | "elif" => {
                let condition = self.or()?;
                self.guard(&condition, Guard::Tested);
            }
            "set" => {
                while !self.skip(|token| matches!(token, Token::Assign | Token::Pipe)) {
                    self.inside()?;
                }
                if matches!(self.tokens[self.at - 1].0, Token::Pipe) {
                    return self.filters();
                }
                self.listed(|token| matches!(token, Token::BlockEnd))?;
            }
            "with" => {
                while !matches!(self.peek(), Some(Token::BlockEnd)) {
                    while !self.skip(|token| matches!(token, Token::Assign)) {
                        self.inside()?;
                    }
                    self.expression()?;
                }
            }
            "filter" => self.filters()?,
            "macro" => {
                self.at += 1;
                self.parameters()?;
            }
            "call" => {
                if matches!(self.peek(), Some(Token::ParenOpen)) {
                    self.parameters()?;
                }
                self.expression()?;
            }
            "autoescape" => {
                let choice = self.expression()?;
                self.guard(&choice, Guard::Tested);
            }
            "extends" | "include" | "import" | "from" => {
                let template = self.expression()?;
                self.guard(&template, Guard::Compared);
            }
            "do" => {
                self.expression()?;
            }
            _ => {}
        }
        Some(())
    }

    /// Goes past a token of a statement.
    fn inside(&mut self) -> Option<()> {
        self.expect(|token| !matches!(token, Token::BlockEnd))
    }

    /// The filters of a block.
    fn filters(&mut self) -> Option<()> {
        self.filter()?;
        while self.skip(|token| matches!(token, Token::Pipe)) {
            self.filter()?;
        }
        Some(())
    }

    /// Names of a macro's parameters, some with a value after `=`.
    fn parameters(&mut self) -> Option<()> {
        while !self.skip(|token| matches!(token, Token::ParenClose)) {
            if self.skip(|token| matches!(token, Token::Assign)) {
                self.expression()?;
            } else {
                self.inside()?;
            }
        }
        Some(())
    }
}
