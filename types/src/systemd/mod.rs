//! systemd's unit files: model, parser, printer, the table of directives and their value types.
//!
//! - [`Unit`] is the file: an ordered list of sections, assignments, comments and blank lines (systemd.syntax(7)).
//! - [`directive`] finds what is known of a directive; [`Directive::check`] checks a value and says what is wrong.
//! - [`encode_argv`] and [`encode_text`] write values that systemd reads back as they were; [`Command`] reads
//!   command lines.
//!
//! Follows systemd 252; names of later releases are known but their values are not checked.

mod calendar;
mod check;
mod choices;
mod directive;
mod encode;
mod exec;
mod kind;
mod names;
mod numbers;
mod specifier;
mod table;
mod timespan;
mod unit;
mod unit_name;
mod words;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
mod tests;

pub use check::BadValue;
pub use choices::{CAPABILITIES, SIGNALS};
pub use directive::{Directive, Empty, Repeat, directive, successor};
pub use encode::{EncodeError, encode_argv, encode_text};
pub use exec::{Command, Prefixes, Privileges};
pub use kind::{Kind, LimitUnit};
pub use names::{Section, names_of, section};
pub use table::DIRECTIVES;
pub use timespan::parse_timespan;
pub use unit::{Entry, Unit, UnitError};
pub use unit_name::{UnitName, UnitType, escape_path};
