//! systemd's unit files: model, parser, printer, the table of directives and their value types.
//!
//! - [`Unit`] is the file: an ordered list of sections, assignments, comments and blank lines (systemd.syntax(7)).
//! - [`directive`] finds what is known of a directive; [`Directive::check`] checks a value and says what is wrong.
//! - [`encode_argv`] and [`encode_text`] write values that systemd reads back as they were; [`Command`] reads
//!   command lines.
//!
//! Follows systemd 252, and knows what came up to systemd 262 with the release that brought it; [`release_of`] says which
//! release an operating system has.

mod calendar;
mod check;
mod choices;
mod conditions;
mod credentials;
mod devices;
mod directive;
mod encode;
mod exec;
mod fatal;
mod folders;
mod images;
mod kernel;
mod kind;
mod known;
mod names;
mod newer;
mod numbers;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
mod oracle;
mod outdated;
mod release;
mod shell_words;
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
pub use choices::Words;
pub use directive::{Directive, Empty, Repeat, directive};
pub use encode::{EncodeError, encode_argv, encode_text};
pub use exec::{Command, Prefixes, Privileges, all_words as words};
pub use fatal::refuses_unit;
pub use folders::{
    SYSTEM_FOLDERS, USER_FOLDERS, below_system_folder, below_unit_folder, kept_unit_folders, unit_folders,
};
pub use kernel::{CAPABILITIES, SIGNALS};
pub use kind::{Kind, LimitUnit};
pub use known::{is_known_unit, nearest_unit};
pub use names::{Section, names_of, section};
pub use newer::Newer;
pub use release::release_of;
pub use shell_words::shell_word;
pub use specifier::instance_specifier;
pub use table::{DIRECTIVES, NEWEST};
pub use timespan::parse_timespan;
pub use unit::{Entry, Unit, UnitError, continues};
pub use unit_name::{UnitName, UnitType, escape_instance, escape_path};
