//! Whether a value is a secret or holds one: as it is, or as the token of one in a captured text.

use super::failure::Failure;
use super::failure::{secret_compared, secret_misused};
use super::guard::Guard;
use super::opaque::{Opaque, is_reserved};
use super::scope::Thing;
use cmc_types::codes;
use minijinja::Error;
use minijinja::value::{Value, ValueKind};

/// How deep and how much is looked at; what is more is refused.
const DEPTH: usize = 64;
const VALUES: usize = 1_000_000;

/// Whether a value is a secret itself, or a text in which one was written.
pub(super) fn is_secret(value: &Value) -> bool {
    match value.as_str() {
        Some(text) => is_reserved(text),
        None => value.downcast_object_ref::<Opaque>().is_some(),
    }
}

/// Refuses a secret; one in a list or table may pass.
pub(super) fn refuse_secret(value: &Value) -> Result<(), Error> {
    match is_secret(value) {
        true => Err(secret_misused().into()),
        false => Ok(()),
    }
}

/// Refuses what is a secret or holds one.
pub(super) fn refuse_held(value: &Value, refusal: fn() -> Failure) -> Result<(), Error> {
    // Most are plain.
    match value.as_object() {
        None if is_secret(value) => Err(refusal().into()),
        None => Ok(()),
        Some(_) => Search { refusal, left: VALUES }.look(value, 0).map_err(Error::from),
    }
}

struct Search {
    refusal: fn() -> Failure,
    left: usize,
}

impl Search {
    fn look(&mut self, value: &Value, depth: usize) -> Result<(), Failure> {
        if is_secret(value) {
            return Err((self.refusal)());
        }
        let Some(left) = self.left.checked_sub(1).filter(|_| depth < DEPTH) else {
            return Err(Failure::new(
                codes::LIMIT_EXCEEDED,
                format!(
                    "a value that is compared holds more than {VALUES} others, or is nested more than {DEPTH} deep"
                ),
            ));
        };
        self.left = left;
        if value.as_object().is_none() {
            return Ok(());
        }
        match value.downcast_object_ref::<Thing>() {
            // To look into them all of them would have to be made.
            Some(Thing::Vars(_) | Thing::Env(_)) => {
                return Err(Failure::new(
                    codes::EXPRESSION,
                    "`vars` and `env` cannot be compared or written as a whole",
                )
                .help(Some("name the values that matter, such as `vars.name`".to_owned())));
            }
            // They are equal to themselves alone.
            Some(_) => return Ok(()),
            None => {}
        }
        let kind = value.kind();
        if !matches!(kind, ValueKind::Seq | ValueKind::Iterable | ValueKind::Map) {
            return Ok(());
        }
        for item in value.try_iter().into_iter().flatten() {
            self.look(&item, depth + 1)?;
            if kind == ValueKind::Map
                && let Ok(item) = value.get_item(&item)
            {
                self.look(&item, depth + 1)?;
            }
        }
        Ok(())
    }
}

impl Guard {
    /// What an operand with this guard is, unless it is refused.
    pub(super) fn pass(self, value: Value) -> Result<Value, Error> {
        match self {
            Self::Tested | Self::Cut => refuse_secret(&value)?,
            Self::Written => refuse_held(&value, secret_misused)?,
            Self::Compared => refuse_held(&value, secret_compared)?,
            Self::Searched => {
                if is_secret(&value) {
                    return Err(secret_compared().into());
                }
                match value.downcast_object_ref::<Thing>() {
                    Some(_) => {}
                    None if value.as_object().is_some() && value.kind() == ValueKind::Map => {
                        for key in value.try_iter()? {
                            refuse_held(&key, secret_compared)?;
                        }
                    }
                    None => refuse_held(&value, secret_compared)?,
                }
            }
        }
        Ok(value)
    }
}
