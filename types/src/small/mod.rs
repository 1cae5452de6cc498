//! The small files beside units: tmpfiles.d, sysusers.d, sysctl.d, modules-load.d, limits.d, crontabs, `/etc/hosts`,
//! logrotate, sudoers, `/etc/default` and rc.conf.local.
//!
//! Every format parses to a [`File`]: the lines, verbatim, and what each says, typed. What is foreign prints byte for
//! byte; what code adds prints as the format's reader reads it, or is refused. All that the reader would reject, ignore
//! or take for something else is a [`Problem`], found in one pass. Nothing here opens a file or runs a program.

pub mod cron;
mod format;
pub mod hosts;
pub mod limits;
mod lines;
pub mod logrotate;
pub mod modules;
pub mod rc_conf_local;
pub mod sudoers;
pub mod sysctl;
pub mod sysusers;
pub mod tmpfiles;
pub mod variables;
mod words;

pub use format::{Format, Found, Unread, check, format_of, reprint};
pub use lines::{Entry, File, Line, Problem};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
