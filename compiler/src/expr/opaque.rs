//! Values that come from secrets. Expressions can pass them on, write them out and quote them, and nothing else:
//! whatever else the engine asks of them is noticed and refused, and gets no content.

use crate::encode::Format;
use crate::offsets::Offsets;
use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr, Value};
use std::cell::Cell;
use std::cmp::Ordering;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What stands in a text where a secret was used in a way that expressions do not allow. Output that holds it is
/// refused.
pub(crate) const POISON: char = '\u{FDD0}';
/// Begins and ends a token that stands for a secret in captured output.
const TOKEN: char = '\u{FDD1}';
/// The first of 16 characters that number tokens.
const DIGIT: u32 = 0xFDD4;

/// A text that comes from a secret.
pub(crate) struct Opaque {
    /// The text.
    pub(crate) text: Zeroizing<String>,
    /// The format it is quoted for already.
    pub(crate) quoted: Option<Format>,
}

thread_local! {
    /// Set when a secret is used in a way that is not allowed. The engine asks a secret for what it is without saying in
    /// which rendering; a rendering stays in its thread.
    static MISUSED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a secret was misused while `work` was done in this thread; work around it does not notice.
pub(super) fn misused_in<T>(work: impl FnOnce() -> T) -> (T, bool) {
    let before = MISUSED.replace(false);
    let made = work();
    (made, MISUSED.replace(before))
}

impl Opaque {
    fn misuse(&self) {
        MISUSED.set(true);
    }

    /// The same secret, written differently.
    pub(crate) fn rewritten(&self, text: String, quoted: Option<Format>) -> Value {
        Value::from_object(Self { text: Zeroizing::new(text), quoted })
    }
}

impl std::fmt::Debug for Opaque {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<secret>")
    }
}

impl Object for Opaque {
    /// Writing out and quoting never ask what kind of value a secret is; comparing it with a value of another kind and
    /// testing it do, and do nothing else that could be noticed.
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        self.misuse();
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        self.misuse();
        None
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.misuse();
        Enumerator::NonEnumerable
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.misuse();
        true
    }

    fn custom_cmp(self: &Arc<Self>, _: &DynObject) -> Option<Ordering> {
        self.misuse();
        None
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.misuse();
        write!(f, "{POISON}")
    }
}

/// A text that a filter has quoted for a format. It is written as it is to that format, and checked like any other
/// text elsewhere.
#[derive(Debug)]
pub(crate) struct Quoted {
    /// The text.
    pub(crate) text: String,
    /// The format.
    pub(crate) format: Format,
}

impl Object for Quoted {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// Secrets that stand in captured output (`{% set %}`, macros) as tokens, so that expressions never see them as text.
#[derive(Default)]
pub(crate) struct Tokens {
    texts: Vec<Zeroizing<String>>,
}

impl Tokens {
    /// The token that stands for a text.
    pub(crate) fn issue(&mut self, text: &str) -> String {
        let mut token = String::from(TOKEN);
        let mut number = self.texts.len() as u32;
        loop {
            token.extend(char::from_u32(DIGIT + number % 16));
            number /= 16;
            if number == 0 {
                break;
            }
        }
        token.push(TOKEN);
        self.texts.push(Zeroizing::new(text.to_owned()));
        token
    }

    /// Puts the texts back, and tells where the bytes of the output are then; `None` if a token was damaged.
    pub(crate) fn replace(&self, output: &str) -> Option<(Zeroizing<String>, Offsets)> {
        let (mut offsets, mut at) = (Offsets::default(), 0);
        let mut replaced = Zeroizing::new(String::with_capacity(output.len() + 64 * self.texts.len()));
        for (index, part) in output.split(TOKEN).enumerate() {
            at += part.len() + TOKEN.len_utf8();
            if index % 2 == 0 {
                replaced.push_str(part);
                continue;
            }
            let mut number = 0;
            for digit in part.chars().rev() {
                let value = (digit as u32).checked_sub(DIGIT).filter(|value| *value < 16)?;
                number = number * 16 + value as usize;
            }
            replaced.push_str(self.texts.get(number).filter(|_| !part.is_empty())?);
            offsets.step(at, replaced.len());
        }
        let whole = output.matches(TOKEN).count().is_multiple_of(2) && !is_reserved(&replaced);
        whole.then_some((replaced, offsets))
    }

    /// Whether any was issued.
    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

/// Whether a text holds one of the characters that the compiler keeps for itself.
pub(crate) fn is_reserved(text: &str) -> bool {
    // U+FDD0 to U+FDEF are EF B7 90 to EF B7 AF in UTF-8.
    let bytes = text.as_bytes();
    bytes.contains(&0xEF)
        && bytes
            .windows(3)
            .any(|bytes| bytes[0] == 0xEF && bytes[1] == 0xB7 && (0x90..=0xAF).contains(&bytes[2]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_as_texts_and_damaged_ones_are_noticed() {
        let mut tokens = Tokens::default();
        let issued: Vec<String> = (0..40).map(|i| tokens.issue(&format!("text{i}"))).collect();
        let output = format!("a{}b{}{}", issued[0], issued[17], issued[39]);
        let (text, offsets) = tokens.replace(&output).unwrap();
        assert_eq!(text.as_str(), "atext0btext17text39");
        let b = output.find('b').unwrap();
        assert_eq!([0, 1, b, b + 1, output.len()].map(|at| offsets.at(at)), [0, 1, 6, 7, 19]);
        assert!(tokens.replace(output.trim_end_matches(TOKEN)).is_none());
        assert!(is_reserved(&issued[3]) && is_reserved("x\u{FDD0}") && !is_reserved("é\u{FE00}"));
    }
}
