//! What the engine makes of a text: its syntax tree, without the guards, as a text of its own, and whether an operand
//! has none that needs one. It says that guards have changed nothing else, and that none is missing.

use super::guard::Guard;
use super::tokens::syntax;
use minijinja::machinery::ast::{BinOpKind, CallArg, CompareOpKind, Expr, Stmt, UnaryOpKind};
use minijinja::machinery::{Span, ast, parse};
use std::fmt::Write as _;
use std::ops::Range;

/// A syntax tree.
pub(super) struct Shape {
    /// The tree without guards and places.
    pub(super) tree: String,
    /// The first operand that needs a guard and has none.
    pub(super) unguarded: Option<Range<usize>>,
}

impl Shape {
    /// Of a text; `None` if the engine refuses it.
    pub(super) fn of(source: &str) -> Option<Self> {
        let root = parse(source, "", syntax()).ok()?;
        let mut shape = Self { tree: String::new(), unguarded: None };
        shape.statement(&root);
        Some(shape)
    }

    fn word(&mut self, word: &str) {
        // In quotes, so that no text in the tree can pass for another tree.
        let _ = write!(self.tree, "{word:?} ");
    }

    fn open(&mut self, word: &str) {
        self.tree.push_str(word);
        self.tree.push('(');
    }

    fn close(&mut self) {
        self.tree.push(')');
    }

    /// An operand that needs one of these guards.
    fn operand(&mut self, expr: &Expr<'_>, guards: &[Guard]) {
        let guarded =
            matches!(expr, Expr::Filter(filter) if guards.iter().any(|guard| guard.name() == filter.name));
        if !guarded && !is_harmless(expr) && self.unguarded.is_none() {
            self.unguarded = Some(range(expr.span()));
        }
        self.expression(expr);
    }

    fn body(&mut self, statements: &[Stmt<'_>]) {
        self.open("body");
        statements.iter().for_each(|statement| self.statement(statement));
        self.close();
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Template(template) => self.body(&template.children),
            Stmt::EmitExpr(emit) => {
                self.open("emit");
                self.expression(&emit.expr);
            }
            Stmt::EmitRaw(raw) => {
                self.open("raw");
                self.word(raw.raw);
            }
            Stmt::ForLoop(node) => {
                self.open(if node.recursive { "recursive" } else { "for" });
                self.expression(&node.target);
                self.operand(&node.iter, &[Guard::Tested]);
                if let Some(filter) = &node.filter_expr {
                    self.open("if");
                    self.operand(filter, &[Guard::Tested]);
                    self.close();
                }
                self.body(&node.body);
                self.body(&node.else_body);
            }
            Stmt::IfCond(node) => {
                self.open("if");
                self.operand(&node.expr, &[Guard::Tested]);
                self.body(&node.true_body);
                self.body(&node.false_body);
            }
            Stmt::WithBlock(node) => {
                self.open("with");
                for (target, value) in &node.assignments {
                    self.expression(target);
                    self.expression(value);
                }
                self.body(&node.body);
            }
            Stmt::Set(node) => {
                self.open("set");
                self.expression(&node.target);
                self.expression(&node.expr);
            }
            Stmt::SetBlock(node) => {
                self.open("capture");
                self.expression(&node.target);
                node.filter.iter().for_each(|filter| self.expression(filter));
                self.body(&node.body);
            }
            Stmt::AutoEscape(node) => {
                self.open("autoescape");
                self.operand(&node.enabled, &[Guard::Tested]);
                self.body(&node.body);
            }
            Stmt::FilterBlock(node) => {
                self.open("filter");
                self.expression(&node.filter);
                self.body(&node.body);
            }
            Stmt::Block(node) => {
                self.open(if node.required { "required" } else { "block" });
                self.word(node.name);
                self.body(&node.body);
            }
            Stmt::Import(node) => {
                self.open("import");
                self.operand(&node.expr, &[Guard::Compared]);
                self.expression(&node.name);
            }
            Stmt::FromImport(node) => {
                self.open("from");
                self.operand(&node.expr, &[Guard::Compared]);
                for (name, alias) in &node.names {
                    self.open("name");
                    self.expression(name);
                    alias.iter().for_each(|alias| self.expression(alias));
                    self.close();
                }
            }
            Stmt::Extends(node) => {
                self.open("extends");
                self.operand(&node.name, &[Guard::Compared]);
            }
            Stmt::Include(node) => {
                self.open(if node.ignore_missing { "maybe" } else { "include" });
                self.operand(&node.name, &[Guard::Compared]);
            }
            Stmt::Macro(node) => self.definition(node),
            Stmt::CallBlock(node) => {
                self.open("call-block");
                self.call(&node.call);
                self.definition(&node.macro_decl);
            }
            Stmt::Do(node) => {
                self.open("do");
                self.call(&node.call);
            }
        }
        self.close();
    }

    fn definition(&mut self, node: &ast::Macro<'_>) {
        self.open("macro");
        self.word(node.name);
        for part in [&node.args, &node.defaults] {
            self.list("parameters", part);
        }
        self.body(&node.body);
    }

    fn list(&mut self, word: &str, items: &[Expr<'_>]) {
        self.open(word);
        items.iter().for_each(|item| self.expression(item));
        self.close();
    }

    fn expression(&mut self, expr: &Expr<'_>) {
        match expr {
            Expr::Filter(node)
                if node.args.is_empty() && Guard::ALL.iter().any(|guard| guard.name() == node.name) =>
            {
                node.expr.iter().for_each(|of| self.expression(of));
                return;
            }
            Expr::Var(node) => {
                self.open("name");
                self.word(node.id);
            }
            Expr::Const(node) => {
                self.open("literal");
                self.word(&format!("{} {:?}", node.value.kind(), node.value));
            }
            Expr::Slice(node) => {
                self.open("slice");
                self.operand(&node.expr, &[Guard::Cut]);
                for part in [&node.start, &node.stop, &node.step] {
                    self.open("");
                    part.iter().for_each(|part| self.expression(part));
                    self.close();
                }
            }
            Expr::UnaryOp(node) => match node.op {
                UnaryOpKind::Neg => {
                    self.open("-");
                    self.expression(&node.expr);
                }
                UnaryOpKind::Not => {
                    self.open("not");
                    // `not in` is `not (… in …)`.
                    self.operand(&node.expr, &[Guard::Tested]);
                }
            },
            Expr::BinOp(node) => self.binary(node),
            Expr::Compare(node) => {
                self.open("compare");
                self.operand(&node.expr, &[Guard::Compared]);
                for (index, other) in node.ops.iter().enumerate() {
                    let is_in = matches!(other.op, CompareOpKind::In | CompareOpKind::NotIn);
                    let searched = is_in && index + 1 == node.ops.len();
                    self.word(compares(other.op));
                    self.operand(&other.expr, &[if searched { Guard::Searched } else { Guard::Compared }]);
                }
            }
            Expr::IfExpr(node) => {
                self.open("if");
                self.operand(&node.test_expr, &[Guard::Tested]);
                self.expression(&node.true_expr);
                node.false_expr.iter().for_each(|other| self.expression(other));
            }
            Expr::Filter(node) => {
                self.open("filter");
                self.word(node.name);
                node.expr.iter().for_each(|of| self.expression(of));
                self.arguments(&node.args, None);
            }
            Expr::Test(node) => {
                self.open("test");
                self.word(node.name);
                self.expression(&node.expr);
                self.arguments(&node.args, None);
            }
            Expr::GetAttr(node) => {
                self.open("attribute");
                self.word(node.name);
                self.expression(&node.expr);
            }
            Expr::GetItem(node) => {
                self.open("item");
                self.expression(&node.expr);
                self.operand(&node.subscript_expr, &[Guard::Compared]);
            }
            Expr::Call(node) => self.call(node),
            Expr::List(node) => return self.list("list", &node.items),
            Expr::Tuple(node) => return self.list("tuple", &node.items),
            Expr::Map(node) => {
                self.open("map");
                for (key, value) in node.keys.iter().zip(&node.values) {
                    self.operand(key, &[Guard::Compared]);
                    self.expression(value);
                }
            }
        }
        self.close();
    }

    fn binary(&mut self, node: &ast::BinOp<'_>) {
        let (word, left, right): (_, &[Guard], &[Guard]) = match node.op {
            BinOpKind::Eq => ("==", &[Guard::Compared], &[Guard::Compared]),
            BinOpKind::Ne => ("!=", &[Guard::Compared], &[Guard::Compared]),
            BinOpKind::Lt => ("<", &[Guard::Compared], &[Guard::Compared]),
            BinOpKind::Lte => ("<=", &[Guard::Compared], &[Guard::Compared]),
            BinOpKind::Gt => (">", &[Guard::Compared], &[Guard::Compared]),
            BinOpKind::Gte => (">=", &[Guard::Compared], &[Guard::Compared]),
            BinOpKind::In => ("in", &[Guard::Compared], &[Guard::Searched]),
            // The one on the right is passed on.
            BinOpKind::ScAnd => ("and", &[Guard::Tested], &[]),
            BinOpKind::ScOr => ("or", &[Guard::Tested], &[]),
            BinOpKind::Concat => ("~", &[Guard::Written], &[Guard::Written]),
            BinOpKind::Add => ("+", &[], &[]),
            BinOpKind::Sub => ("-", &[], &[]),
            BinOpKind::Mul => ("*", &[], &[]),
            BinOpKind::Div => ("/", &[], &[]),
            BinOpKind::FloorDiv => ("//", &[], &[]),
            BinOpKind::Rem => ("%", &[], &[]),
            BinOpKind::Pow => ("**", &[], &[]),
        };
        self.open(word);
        for (expr, guards) in [(&node.left, left), (&node.right, right)] {
            let is_text = matches!(expr, Expr::BinOp(inner) if matches!(inner.op, BinOpKind::Concat));
            if guards.is_empty() || (is_text && matches!(node.op, BinOpKind::Concat)) {
                self.expression(expr);
            } else {
                self.operand(expr, guards);
            }
        }
    }

    fn call(&mut self, node: &ast::Call<'_>) {
        self.open("call");
        let guard = match &node.expr {
            Expr::GetAttr(attribute) if attribute.name == "changed" => Some(Guard::Compared),
            Expr::Var(name) if name.id == "loop" => Some(Guard::Tested),
            _ => None,
        };
        self.expression(&node.expr);
        self.arguments(&node.args, guard);
        self.close();
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>], guard: Option<Guard>) {
        for argument in arguments {
            let (word, name, value, guard) = match argument {
                CallArg::Pos(value) => ("", "", value, guard),
                CallArg::Kwarg(name, value) => ("", *name, value, guard),
                CallArg::PosSplat(value) => ("*", "", value, Some(Guard::Tested)),
                CallArg::KwargSplat(value) => ("**", "", value, Some(Guard::Tested)),
            };
            self.open(word);
            self.word(name);
            match guard {
                Some(guard) => self.operand(value, &[guard]),
                None => self.expression(value),
            }
            self.close();
        }
    }
}

/// Whether an operand can hold no secret: a literal, a truth value.
fn is_harmless(expr: &Expr<'_>) -> bool {
    match expr {
        Expr::Const(_) | Expr::Test(_) | Expr::Compare(_) => true,
        Expr::UnaryOp(node) => match node.op {
            UnaryOpKind::Not => true,
            UnaryOpKind::Neg => matches!(node.expr, Expr::Const(_)),
        },
        Expr::BinOp(node) => match node.op {
            BinOpKind::Eq
            | BinOpKind::Ne
            | BinOpKind::Lt
            | BinOpKind::Lte
            | BinOpKind::Gt
            | BinOpKind::Gte
            | BinOpKind::In => true,
            BinOpKind::ScAnd | BinOpKind::ScOr => is_harmless(&node.left) && is_harmless(&node.right),
            _ => false,
        },
        _ => false,
    }
}

fn compares(op: CompareOpKind) -> &'static str {
    match op {
        CompareOpKind::Eq => "==",
        CompareOpKind::Ne => "!=",
        CompareOpKind::Lt => "<",
        CompareOpKind::Lte => "<=",
        CompareOpKind::Gt => ">",
        CompareOpKind::Gte => ">=",
        CompareOpKind::In => "in",
        CompareOpKind::NotIn => "not in",
    }
}

fn range(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}
