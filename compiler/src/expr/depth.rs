//! Refuses what the engine would nest without end: it reads operators that follow each other, and one `elif` after the
//! other, as trees that are as deep as there are of them, and all that walks such a tree recurses. What stands in
//! brackets and blocks it bounds itself.

use super::guard::Unguarded;
use super::tokens::syntax;
use crate::expr::Failure;
use cmc_types::codes;
use minijinja::machinery::{Token, tokenize};

/// Operators that may follow each other in an expression, and `elif` in an `if`; both count together.
const LIMIT: usize = 500;

/// The first tag of a text that is too deep, and what is wrong.
pub(super) fn check(source: &str) -> Result<(), Unguarded> {
    // Each takes a byte at least.
    if source.len() <= LIMIT {
        return Ok(());
    }
    let mut expression = Levels::default();
    let mut branches = Levels::default();
    let mut tag = 0;
    let mut begins = false;
    for (token, span) in tokenize(source, false, syntax()).map_while(Result::ok) {
        match &token {
            Token::VariableStart | Token::BlockStart => {
                tag = span.start_offset as usize;
                expression = Levels::default();
            }
            Token::Ident("if") if begins => branches.open(),
            Token::Ident("elif") if begins => branches.step(),
            Token::Ident("endif") if begins => branches.close(),
            Token::BracketOpen | Token::ParenOpen | Token::BraceOpen => expression.open(),
            Token::BracketClose | Token::ParenClose | Token::BraceClose => {
                expression.close();
                // It was a call or an index, perhaps.
                expression.step();
            }
            Token::Comma => expression.restart(),
            Token::Ident("or" | "and" | "not" | "is" | "in" | "if" | "else") => expression.step(),
            Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::FloorDiv | Token::Pow => {
                expression.step();
            }
            Token::Mod | Token::Tilde | Token::Pipe | Token::Dot => expression.step(),
            Token::Eq | Token::Ne | Token::Gt | Token::Gte | Token::Lt | Token::Lte => expression.step(),
            _ => {}
        }
        begins = matches!(token, Token::BlockStart);
        if expression.sum + branches.sum <= LIMIT {
            continue;
        }
        let (message, help) = match branches.sum > expression.sum {
            true => (
                format!("more than {LIMIT} `elif` follow each other"),
                "look the value up in a table, such as `{{ {\"a\": 1, \"b\": 2}[x] }}`",
            ),
            false => (
                format!("more than {LIMIT} operators follow each other in one expression"),
                "give its parts names with `{% set %}`, or write several expressions",
            ),
        };
        let failure = Failure::new(codes::LIMIT_EXCEEDED, message).help(Some(help.to_owned()));
        return Err((tag..span.end_offset as usize, Box::new(failure)));
    }
    Ok(())
}

/// Counts of what follows each other, one for each level that is open.
#[derive(Default)]
struct Levels {
    open: Vec<usize>,
    /// Of the level that nothing has opened.
    outer: usize,
    /// Of all levels.
    sum: usize,
}

impl Levels {
    fn top(&mut self) -> &mut usize {
        self.open.last_mut().unwrap_or(&mut self.outer)
    }

    fn step(&mut self) {
        *self.top() += 1;
        self.sum += 1;
    }

    fn open(&mut self) {
        self.open.push(0);
    }

    fn close(&mut self) {
        self.sum -= self.open.pop().unwrap_or_default();
    }

    fn restart(&mut self) {
        self.sum -= std::mem::take(self.top());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::expr::guard::guarded;

    /// Texts that the engine reads as trees of this depth.
    fn deep(count: usize) -> Vec<String> {
        let chain = |first: &str, part: &str| format!("{{{{ {first}{} }}}}", part.repeat(count));
        vec![
            format!("{{% if 0 %}}a{}{{% endif %}}", "{% elif 0 %}b".repeat(count)),
            chain("1", " + 1"),
            chain("1", " ~ 'a'"),
            chain("1", " or 1"),
            chain("1", " - 1"),
            chain("1", " ** 1"),
            chain("1", "|int"),
            chain("x", ".x"),
            chain("x", "[1]"),
            chain("x", "(1, 2)"),
            chain("1", " if 1 else 1"),
            chain("1", " == 1"),
            format!("{{{{ {}1 }}}}", "not ".repeat(count)),
            format!("{{{{ {}1 }}}}", "- ".repeat(count)),
        ]
    }

    #[test]
    fn what_the_engine_would_nest_without_end_is_refused_before_it_sees_it() {
        for text in deep(400_000) {
            assert!(check(&text).is_err(), "{}", &text[..40]);
            assert!(guarded(&text).is_err(), "{}", &text[..40]);
        }
    }

    /// On the small stack that threads of tests have.
    #[test]
    fn what_is_let_through_overflows_no_stack() {
        let mut engine = minijinja::Environment::new();
        for text in deep(LIMIT / 2 - 1) {
            assert!(check(&text).is_ok(), "{}", &text[..40]);
        }
        for text in [LIMIT / 2 - 1, LIMIT - 2].into_iter().flat_map(deep).filter(|text| check(text).is_ok()) {
            let text = guarded(&text).ok().flatten().map_or(text, |(text, _)| text);
            // It may still be too deep for the engine, which says so.
            let _ = engine.add_template_owned("x", text);
        }
    }

    #[test]
    fn long_lists_and_many_expressions_are_not_deep() {
        let list = format!("{{% set x = [{}] %}}", "a.b + 1, ".repeat(5000));
        let many = "{{ a.b }}{% if a.b == 1 %}x{% elif b %}y{% endif %}".repeat(5000);
        assert!(check(&list).is_ok() && check(&many).is_ok());
    }
}
