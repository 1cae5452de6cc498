//! The directives of logrotate 3.21: what each takes and does.

/// What a directive takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing.
    Flag,
    /// Nothing, or a day: 0 is Sunday, 7 every seven days.
    Weekday,
    /// A number that is at least this.
    Count(i64),
    /// Bytes, with `k`, `M` or `G` behind for 1024 and its powers.
    Size,
    /// Mode, owner and group; each may be left out.
    Owner,
    /// A user and a group.
    Account,
    /// A path.
    Path,
    /// Text up to the end of the line.
    Text,
    /// Lines of a shell, up to `endscript`.
    Script,
}

/// A directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Keyword {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether it may only stand outside of `{ }`.
    pub global: bool,
    /// What it does.
    pub does: &'static str,
}

const fn row(name: &'static str, kind: Kind, does: &'static str) -> Keyword {
    Keyword { name, kind, global: false, does }
}

const fn global(name: &'static str, kind: Kind, does: &'static str) -> Keyword {
    Keyword { name, kind, global: true, does }
}

/// Every directive, by name.
pub static KEYWORDS: &[Keyword] = &[
    row("addextension", Kind::Text, "Ends every rotated file's name in this."),
    row("allowhardlink", Kind::Flag, "Rotates files with several hard links, too."),
    row("compress", Kind::Flag, "Compresses rotated files."),
    row("compresscmd", Kind::Path, "The program that compresses; gzip unless given."),
    row("compressext", Kind::Text, "What names of compressed files end in."),
    row("compressoptions", Kind::Text, "Options of the program that compresses."),
    row("copy", Kind::Flag, "Copies the log and leaves it as it is."),
    row("copytruncate", Kind::Flag, "Copies the log and empties it, for programs that keep it open."),
    row("create", Kind::Owner, "Makes a new log with this mode, owner and group."),
    row("createolddir", Kind::Owner, "Makes the directory of `olddir` if it is missing."),
    row("daily", Kind::Flag, "Rotates every day."),
    row("dateext", Kind::Flag, "Puts the date into the names of rotated files, not a number."),
    row("dateformat", Kind::Text, "How `dateext` writes the date."),
    row("datehourago", Kind::Flag, "Dates a file by the hour before."),
    row("dateyesterday", Kind::Flag, "Dates a file by the day before."),
    row("delaycompress", Kind::Flag, "Compresses a rotated file at the rotation after."),
    row("extension", Kind::Text, "The end of the log's name that is kept behind the number."),
    row("firstaction", Kind::Script, "Runs once before any of the logs is rotated."),
    row("hourly", Kind::Flag, "Rotates every hour, if logrotate runs as often."),
    row("ifempty", Kind::Flag, "Rotates empty logs, too."),
    row("ignoreduplicates", Kind::Flag, "Passes by logs that another entry names."),
    row("include", Kind::Path, "Reads another file, or the files of a directory."),
    row("lastaction", Kind::Script, "Runs once behind the rotation of all logs."),
    row("mail", Kind::Text, "Mails what is thrown away to this address."),
    row("mailfirst", Kind::Flag, "Mails the file just rotated."),
    row("maillast", Kind::Flag, "Mails the file that is thrown away."),
    row("maxage", Kind::Count(0), "Removes rotated files older than so many days."),
    row("maxsize", Kind::Size, "Rotates a larger log before its time."),
    row("minage", Kind::Count(0), "Rotates no log younger than so many days."),
    row("minsize", Kind::Size, "Rotates no smaller log."),
    row("missingok", Kind::Flag, "A log that is missing is no error."),
    row("monthly", Kind::Flag, "Rotates at the first run of a month."),
    row("noallowhardlink", Kind::Flag, "Rotates no files with several hard links."),
    row("nocompress", Kind::Flag, "Leaves rotated files as they are."),
    row("nocopy", Kind::Flag, "Undoes `copy`."),
    row("nocopytruncate", Kind::Flag, "Undoes `copytruncate`."),
    row("nocreate", Kind::Flag, "Makes no new log."),
    row("nocreateolddir", Kind::Flag, "Undoes `createolddir`."),
    row("nodateext", Kind::Flag, "Undoes `dateext`."),
    row("nodelaycompress", Kind::Flag, "Undoes `delaycompress`."),
    row("nomail", Kind::Flag, "Mails nothing."),
    row("nomissingok", Kind::Flag, "A log that is missing is an error."),
    row("noolddir", Kind::Flag, "Keeps rotated files beside the log."),
    row("norenamecopy", Kind::Flag, "Undoes `renamecopy`."),
    row("nosharedscripts", Kind::Flag, "Runs scripts for each log."),
    row("noshred", Kind::Flag, "Removes files as usual."),
    row("notifempty", Kind::Flag, "Leaves empty logs alone."),
    row("olddir", Kind::Path, "The directory for rotated files."),
    row("postrotate", Kind::Script, "Runs behind the rotation of a log."),
    row("preremove", Kind::Script, "Runs before a rotated file is removed."),
    row("prerotate", Kind::Script, "Runs before a log is rotated."),
    row("renamecopy", Kind::Flag, "Renames the log, and copies it behind `postrotate`."),
    row("rotate", Kind::Count(-1), "How many rotated files are kept; -1: all."),
    row("sharedscripts", Kind::Flag, "Runs scripts once for all logs of the entry."),
    row("shred", Kind::Flag, "Overwrites files before they are removed."),
    row("shredcycles", Kind::Count(0), "How often `shred` overwrites."),
    row("size", Kind::Size, "Rotates a log that is larger, whenever that is."),
    row("start", Kind::Count(0), "The number of the newest rotated file."),
    row("su", Kind::Account, "Rotates as this user and group."),
    global("tabooext", Kind::Text, "Ends of names that `include` passes by."),
    global("taboopat", Kind::Text, "Patterns of names that `include` passes by."),
    row("uncompresscmd", Kind::Path, "The program that uncompresses; gunzip unless given."),
    row("weekly", Kind::Weekday, "Rotates every week."),
    row("yearly", Kind::Flag, "Rotates every year."),
];

/// The directive of a name.
pub fn keyword(name: &str) -> Option<&'static Keyword> {
    KEYWORDS.binary_search_by(|row| row.name.cmp(name)).ok().map(|index| &KEYWORDS[index])
}
