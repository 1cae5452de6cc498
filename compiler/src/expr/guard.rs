//! Guards against comparisons of secrets. The engine asks a text on the left of `==` nothing about what is on the right,
//! so nothing of ours is called for `"x" == secret("y")`; and what a `{% set %}` block or a macro has captured is a text
//! like any other to it. Before the engine gets a text, a filter that refuses secrets is put after every operand that is
//! compared, asked whether it is true, looked up or cut: `a == b` becomes `a|__compared == b|__compared`. The engine's
//! own syntax tree says that nothing else has changed and that no operand is without one; a text of which it does not
//! is refused. Other uses are noticed by [`super::opaque`], filters and tests by [`super::filters`].

use super::operands::{Brackets, operands};
use super::shape::Shape;
use super::{Failure, depth};
use crate::offsets::Offsets;
use cmc_types::codes;
use std::ops::Range;

/// Near which bytes a text cannot be guarded, and why.
pub(crate) type Unguarded = (Range<usize>, Box<Failure>);

/// What is done with an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// It is compared, or is a key: no secret may be anywhere in it.
    Compared,
    /// Something is looked up in it by `in`: of a table only keys are compared.
    Searched,
    /// It is asked whether it is true, or gone through: it may be no secret itself.
    Tested,
    /// A part of it is taken: it may be no secret itself.
    Cut,
    /// It is written by `~`: no secret may be anywhere in it.
    Written,
}

impl Guard {
    pub(super) const ALL: [Self; 5] =
        [Self::Compared, Self::Searched, Self::Tested, Self::Cut, Self::Written];

    /// The filter's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Compared => "__compared",
            Self::Searched => "__searched",
            Self::Tested => "__tested",
            Self::Cut => "__cut",
            Self::Written => "__written",
        }
    }
}

/// A text of a definition or a template with guards, and what its bytes are in the text; `None` if it needs none.
///
/// # Errors
///
/// Near which bytes the text cannot be guarded, and why: it is, or with guards it would be, nested more deeply than the
/// engine takes, or `not` is read as a name.
pub(crate) fn guarded(source: &str) -> Result<Option<(String, Offsets)>, Unguarded> {
    if !source.contains("{{") && !source.contains("{%") {
        return Ok(None);
    }
    depth::check(source)?;
    // What the engine refuses it gets as it is, and says why.
    let Some(written) = Shape::of(source) else { return Ok(None) };
    let Some(unguarded) = written.unguarded else { return Ok(None) };
    let (text, offsets) = insert(source);
    match Shape::of(&text) {
        Some(shape) if shape.unguarded.is_none() && shape.tree == written.tree => Ok(Some((text, offsets))),
        _ => Err((unguarded, Box::new(unclear()))),
    }
}

fn unclear() -> Failure {
    let message = "the expression is nested too deeply, or too unclear, to see that it compares no secrets";
    let help = "give its parts names with `{% set %}`, and put brackets around `not …`";
    Failure::new(codes::EXPRESSION, message).help(Some(help.to_owned()))
}

/// Puts guards where [`operands`] says.
fn insert(source: &str) -> (String, Offsets) {
    let operands = operands(source);
    // Where to insert, and the operand if it ends there. Of operands that end together the inner ones come first.
    let starts = operands
        .iter()
        .filter(|operand| operand.brackets != Brackets::No)
        .map(|operand| (operand.range.start, usize::MAX, None));
    let ends =
        operands.iter().map(|operand| (operand.range.end, source.len() - operand.range.start, Some(operand)));
    let mut inserted: Vec<_> = starts.chain(ends).collect();
    inserted.sort_by_key(|(at, order, _)| (*at, *order));
    let (mut text, mut offsets, mut done) = (String::new(), Offsets::default(), 0);
    for (at, _, operand) in inserted {
        text.push_str(&source[done..at]);
        offsets.step(text.len(), at);
        match operand {
            None => text.push('('),
            Some(operand) => {
                text.push_str(if operand.brackets == Brackets::Inside { ")" } else { "" });
                if let Some(guard) = operand.guard {
                    text.push('|');
                    // An error in the filter is at the operand.
                    offsets.step(text.len(), operand.range.start);
                    offsets.step(text.len() + 1, at);
                    text.push_str(guard.name());
                }
                text.push_str(if operand.brackets == Brackets::Outside { ")" } else { "" });
            }
        }
        offsets.step(text.len(), at);
        done = at;
    }
    text.push_str(&source[done..]);
    (text, offsets)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::expr::tokens::syntax;
    use minijinja::{Environment, UndefinedBehavior, Value};
    use proptest::prelude::*;

    /// What the engine gets.
    fn made(text: &str) -> String {
        let Some((guarded, offsets)) = guarded(text).unwrap() else { return text.to_owned() };
        // Every byte that was written is still there, and known as the one it was.
        let whole: String = (0..guarded.len())
            .filter(|at| guarded.is_char_boundary(*at))
            .filter_map(|at| {
                let c = guarded[at..].chars().next()?;
                let here = offsets.at(at);
                (text[here..].starts_with(c) && offsets.at(at + c.len_utf8()) > here).then_some(c)
            })
            .collect();
        assert!(whole.len() >= text.len(), "{guarded}");
        guarded
    }

    /// With a sign for each guard.
    fn shown(text: &str) -> String {
        let signs = ["≡", "∈", "?", "✂", "✎"];
        Guard::ALL
            .iter()
            .zip(signs)
            .fold(made(text), |text, (guard, sign)| text.replace(&format!("|{}", guard.name()), sign))
    }

    #[test]
    fn what_is_compared_is_guarded_and_nothing_else_is_touched() {
        for (text, expected) in [
            ("{{ a == b }}", "{{ a≡ == b≡ }}"),
            ("{{- 'x' != secret('y')|json -}}", "{{- 'x' != secret('y')|json≡ -}}"),
            (
                "{% if a not in b and not c == d.e[0] %}{% endif %}",
                "{% if a≡ not in b∈ and not c≡ == d.e[0]≡ %}{% endif %}",
            ),
            (
                "{% for x in xs if x == 'a' recursive %}{% endfor %}",
                "{% for x in xs? if x≡ == 'a' recursive %}{% endfor %}",
            ),
            ("{% for x in a + b if x %}{% endfor %}", "{% for x in (a + b)? if x? %}{% endfor %}"),
            ("{% set x = a + 1 == -b, 2 < c %}", "{% set x = (a + 1)≡ == -b≡, 2 < c≡ %}"),
            ("{{ f(a, k=b >= c, d={'e': g in h}) }}", "{{ f(a, k=b≡ >= c≡, d={'e': g≡ in h∈}) }}"),
            ("{{ (a == b) == [c != 1] }}", "{{ (a≡ == b≡)≡ == [c≡ != 1]≡ }}"),
            (
                "{{ a is in [1] }} {{ a is not in b }} {{ a is not none == c }}",
                "{{ a is in [1] }} {{ a is not in b }} {{ a is not none == c≡ }}",
            ),
            ("{{ a is eq b[1:][2:] }}", "{{ a is eq (((b✂)[1:]✂)[2:]) }}"),
            ("{{ a is in [b == 1] }}", "{{ a is in [b≡ == 1] }}"),
            (
                "{{ 1 if a else b }}{{ a if b == 1 else c if d }}",
                "{{ 1 if a? else b }}{{ a if b≡ == 1 else c if d? }}",
            ),
            ("{{ a == b == c < d }}", "{{ a≡ == b≡ == c≡ < d≡ }}"),
            ("{{ a in b == c in d }}", "{{ a≡ in b≡ == c≡ in d∈ }}"),
            ("{{ {'a': {b: 1}} == x }}", "{{ {'a': {b≡: 1}}≡ == x≡ }}"),
            (
                "{% macro m(a, b='c' == d, e=1) %}{{ a ~ 'é' in 'éé' }}{% endmacro %}",
                "{% macro m(a, b='c' == d≡, e=1) %}{{ (a✎ ~ 'é')≡ in 'éé' }}{% endmacro %}",
            ),
            (
                "{%- with a = b == c, (d, e) = f(g == h) -%}{%+ endwith %}",
                "{%- with a = b≡ == c≡, (d, e) = f(g≡ == h≡) -%}{%+ endwith %}",
            ),
            (
                "{{ x[a == 1:] }}{% call(y) f(a == b, c=d) %}{% endcall %}",
                "{{ (x✂)[a≡ == 1:] }}{% call(y) f(a≡ == b≡, c=d) %}{% endcall %}",
            ),
            ("{{ a\n  == b|default('}}') }}", "{{ a≡\n  == b|default('}}')≡ }}"),
            (
                "{{ x.in }}{{ x.not == x.or.and }}{{ x.if[x.else] }}",
                "{{ x.in }}{{ x.not≡ == x.or.and≡ }}{{ x.if[x.else≡] }}",
            ),
            (
                "{{ a or b and c }}{{ not a }}{{ a or b or c }}",
                "{{ a? or b? and c }}{{ not a? }}{{ (a? or b)? or c }}",
            ),
            (
                "{{ a[b] }}{{ a[1] }}{{ a['b'][1:2] }}{{ -a[b:] }}",
                "{{ a[b≡] }}{{ a[1] }}{{ (a['b']✂)[1:2] }}{{ -(a✂)[b:] }}",
            ),
            (
                "{{ loop.changed(a, b) }}{{ loop(x) }}{{ x.loop(a) }}",
                "{{ loop.changed(a≡, b≡) }}{{ loop(x?) }}{{ x.loop(a) }}",
            ),
            (
                "{% set x|replace(a, b == c)|upper %}{% endset %}",
                "{% set x|replace(a, b≡ == c≡)|upper %}{% endset %}",
            ),
            (
                "{% raw %}endraw {{ a == b }}{% endraw %}{{ a == 1 }}",
                "{% raw %}endraw {{ a == b }}{% endraw %}{{ a≡ == 1 }}",
            ),
            (
                "{%- raw +%}{% endraw x %}{{ a == b }}{%- endraw -%}{{ a < 1 }}",
                "{%- raw +%}{% endraw x %}{{ a == b }}{%- endraw -%}{{ a≡ < 1 }}",
            ),
            (
                "{{ host.name == 'x' }} a == b {{ loop.index == 1 }} in",
                "{{ host.name≡ == 'x' }} a == b {{ loop.index≡ == 1 }} in",
            ),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn texts_without_comparisons_or_with_errors_are_left_alone() {
        for text in [
            "{{ host.name }} a == b {{ 1 + loop.index }} in",
            "{{ 'a' == 'b' }}{{ 1 < 2 and not true }}{% if -1 in 'x' %}{% endif %}",
            "{# 'y' == secret('x') #}{% raw %}{{ a == b }}{% endraw %}",
            "{% include 'a in b' %}{{ a is in b }}{{ a|map('x') + c }}",
            "{{ 'unclosed == secret('x'",
            "{{ a == ",
            "{{ a == ) }}",
            "{{ a == b }",
            "{",
        ] {
            assert!(guarded(text).unwrap().is_none(), "{text}");
        }
    }

    #[test]
    fn a_text_that_cannot_be_guarded_is_refused_and_never_left_without_guards() {
        // Brackets as deep as the engine takes them; the guards of sums need one more.
        let nested = |depth: usize| (0..depth).fold("a".to_owned(), |inner, _| format!("({inner} + 1 == b)"));
        let refused = (1..200).map(nested).find(|text| guarded(&format!("{{{{ {text} }}}}")).is_err());
        let text = format!("{{{{ {} }}}}", refused.unwrap());
        assert!(Shape::of(&text).is_some());
        let (near, _) = guarded(&text).unwrap_err();
        assert!(!near.is_empty() && near.end <= text.len());
        // Guards that need no brackets need no depth.
        let text = format!("{{{{ {}a{} == 1 }}}}", "(".repeat(60), " == b)".repeat(60));
        assert!(Shape::of(&text).is_some());
        assert!(guarded(&text).unwrap().is_some());
    }

    fn engine() -> Environment<'static> {
        let mut engine = Environment::new();
        engine.set_syntax(syntax());
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        engine.set_fuel(Some(100_000));
        for guard in Guard::ALL {
            engine.add_filter(guard.name(), move |value: Value| guard.pass(value));
        }
        engine
    }

    /// What is rendered, or what is wrong.
    fn rendered(engine: &Environment<'_>, text: &str, offsets: &Offsets) -> Result<String, String> {
        let context = minijinja::context! {
            a => 1, b => 2, t => "text", l => [1, 2, 3], m => Value::from_pairs([("a", 1), ("in", 2)]),
        };
        engine.render_str(text, context).map_err(|error| {
            let known = error.range().is_none_or(|range| offsets.at(range.start) <= offsets.at(range.end));
            // What is undefined the engine tells by the instruction before, which may be a guard.
            let detail = error.detail().filter(|detail| !detail.contains('['));
            format!("{:?} {detail:?} {known}", error.kind())
        })
    }

    fn expression() -> impl Strategy<Value = String> {
        let atom = prop::sample::select(vec![
            "a",
            "b",
            "t",
            "l",
            "m",
            "u",
            "1",
            "-2",
            "1.5",
            "'x'",
            "\"in\"",
            "'==' ' }}'",
            "true",
            "none",
            "m.a",
            "m.in",
            "m['a']",
            "l[0]",
            "t[1:]",
            "l[:a]",
            "t|upper",
            "l|length",
            "(a, b)",
            "[]",
            "{'a': b}",
            "f(1)",
        ]);
        atom.prop_map(str::to_owned).prop_recursive(5, 40, 3, |inner| {
            let operators = vec![
                "==",
                "!=",
                "<",
                "<=",
                ">",
                ">=",
                "in",
                "not in",
                "and",
                "or",
                "+",
                "-",
                "~",
                "*",
                "//",
                "**",
                "if",
                "is eq",
                "is not in",
            ];
            let spaces = || prop::sample::select(vec![" ", "\n  "]);
            prop_oneof![
                (inner.clone(), spaces(), prop::sample::select(operators), inner.clone())
                    .prop_map(|(a, space, operator, b)| format!("{a}{space}{operator}{space}{b}")),
                inner.clone().prop_map(|a| format!("({a})")),
                inner.clone().prop_map(|a| format!("(not {a})")),
                inner.clone().prop_map(|a| format!("-({a})")),
                (inner.clone(), inner.clone(), inner.clone())
                    .prop_map(|(a, b, c)| format!("{a} if {b} else {c}")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{{a}: {b}}}")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("l[{a}:{b}]")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("m[{a}]|default({b})")),
                inner.prop_map(|a| format!("({a}) is string")),
            ]
        })
    }

    fn template() -> impl Strategy<Value = String> {
        let open = || prop::sample::select(vec!["{%", "{%-", "{%+"]);
        let close = || prop::sample::select(vec!["%}", "-%}", "+%}"]);
        let text = prop::sample::select(vec![
            "text ",
            "\n",
            "é in == ",
            "{",
            "}} %}",
            "{# a == b {{ #}",
            "{%- raw -%} endraw {{ a == b }}{% endraw %}",
            "{% raw %}{% if a == b %}{% endraw -%} ",
            "#}",
        ]);
        let leaf = prop_oneof![
            text.prop_map(str::to_owned),
            expression().prop_map(|e| format!("{{{{ {e} }}}}")),
            expression().prop_map(|e| format!("{{{{- {e} -}}}}")),
            (open(), expression(), close())
                .prop_map(|(open, e, close)| format!("{open} set a = {e} {close}")),
        ];
        let body = prop::collection::vec(leaf, 1..4).prop_map(|parts| parts.concat());
        body.prop_recursive(3, 12, 3, move |body| {
            prop_oneof![
                (open(), expression(), close(), body.clone(), body.clone()).prop_map(
                    |(open, e, close, one, other)| {
                        format!("{open} if {e} {close}{one}{open} elif a == 2 {close}{other}{open} endif {close}")
                    }
                ),
                (open(), expression(), close(), body.clone()).prop_map(|(open, e, close, body)| format!(
                    "{open} for x in l + [1] if {e} {close}{body}{{{{ loop.index in [1, x] }}}}{open} endfor {close}"
                )),
                (open(), expression(), close(), body.clone()).prop_map(|(open, e, close, body)| format!(
                    "{open} macro f(x, y={e}) {close}{body}{open} endmacro {close}{{{{ f(a < b) }}}}"
                )),
                (open(), close(), body.clone()).prop_map(|(open, close, body)| format!(
                    "{open} set t {close}{body}{open} endset {close}{{{{ t ~ t == t }}}}"
                )),
                (body.clone(), body).prop_map(|(a, b)| a + &b),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([{}%#()='\"!in a-]|\\{\\{|%\\}|==|é){0,40}") {
            if let Ok(Some((guarded, offsets))) = guarded(&text) {
                prop_assert_eq!(offsets.at(guarded.len()), text.len());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]
        #[test]
        fn guards_change_no_result(text in template()) {
            let engine = engine();
            let plain = rendered(&engine, &text, &Offsets::default());
            match guarded(&text) {
                Ok(Some((guarded, offsets))) => {
                    prop_assert_eq!(plain, rendered(&engine, &guarded, &offsets), "{}", guarded);
                }
                Ok(None) => {}
                Err(_) => prop_assert!(text.len() > 1000, "{}", text),
            }
        }
    }
}
