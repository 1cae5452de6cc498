//! The registry of diagnostic codes: the one list of everything cmc can say about definitions and rendered files.
//!
//! A code is never renamed and never reused. Each has a fixture in `tests/fixtures/invalid/CODE/` and a snapshot.

use crate::diagnostic::Severity;

/// A stable diagnostic code, such as `unknown-key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    name: &'static str,
    severity: Severity,
    explanation: &'static str,
}

impl Code {
    /// The code as people and scripts see it.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The severity of its findings.
    pub fn severity(self) -> Severity {
        self.severity
    }

    /// What it means and what to do, in plain sentences.
    pub fn explanation(self) -> &'static str {
        self.explanation
    }

    /// The code of this name.
    pub fn find(name: &str) -> Option<Self> {
        ALL.iter().copied().find(|code| code.name == name)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! codes {
    ($($ident:ident $name:literal $severity:ident $explanation:literal;)*) => {
        $(#[doc = $explanation] pub const $ident: Code =
            Code { name: $name, severity: Severity::$severity, explanation: $explanation };)*
        /// Every code.
        pub const ALL: &[Code] = &[$($ident),*];
    };
}

codes! {
    // Files and syntax
    UNREADABLE_FILE "unreadable-file" Error "A definition, template or payload file could not be read. It is missing, a directory, a dangling link, a link out of the fleet, not permitted, too large, binary, or not UTF-8 text; the message says which. Nothing of it was used, so other findings may be consequences. Correct the file, or remove it from the fleet.";
    SYNTAX "syntax" Error "The file is not valid TOML or JSON at the place shown. Correct the first such error of a file first: the parser may have misread what follows it. In JSON comments, trailing commas and single quotes are errors.";
    DUPLICATE_KEY "duplicate-key" Error "The same key stands twice in one table, so it is not clear which value counts. Both places are shown; remove one.";
    DUPLICATE_DEFINITION "duplicate-definition" Error "The same kind and name is defined twice, perhaps in two files. Definitions are not merged across files: rename one, or move its keys to the other. What services share belongs in a preset.";
    EMPTY_FILE "empty-file" Warning "A TOML definition file holds nothing at all. Remove it, or write the definitions that were meant to be in it.";
    IGNORED_FILE "ignored-file" Warning "A file looks like definitions and is not read: its name ends in neither `.toml` nor `.json`, or it lies in none of the directories that definitions are read from. Rename, move or convert it; what is not meant to be read belongs elsewhere, or `[fleet] include` says what is.";
    INCLUDE_MATCHES_NOTHING "include-matches-nothing" Warning "A glob of `[fleet] include` matches no definition file, so whatever was meant to be read is not. Correct the glob; it is relative to `fleet.toml`.";
    TOO_DEEP "too-deep" Error "The file nests tables or lists deeper than cmc reads, and is left out. No key of a definition needs more than ten levels; a program that writes definitions may be caught in a loop.";
    // Structure
    UNKNOWN_KEY "unknown-key" Error "No such key exists here; it is misspelt, stands in the wrong table, or belongs to another version of cmc. Nothing is accepted and ignored. The help text names a near key, or all that are known; `cmc schema` prints the whole schema.";
    MISSING_KEY "missing-key" Error "A required key is absent. The place shown is the table that needs it: add the key there.";
    WRONG_TYPE "wrong-type" Error "The value has another type than the key takes, such as a text where a list is wanted, or a number where a text is. Durations, sizes and modes are texts in quotes: `\"5s\"`, `\"512M\"`, `\"0644\"`.";
    INVALID_VALUE "invalid-value" Error "The value is of the right type but not allowed: a name with wrong characters, a number out of range, a text that is none of the choices, or no valid path, mode, duration or size. The message says what was expected. A value given by an expression is checked after rendering, on each host.";
    EXCLUSIVE_KEYS "exclusive-keys" Error "Keys that exclude each other stand together, or none of a set of which exactly one is needed: a file has one of template, source, content, secret, link and absent; a health check one of http, tcp and exec; a variable a value or a secret; a service a daemon or a unit. Keep one. A higher rank that sets one replaces that of a lower rank.";
    // Units and scripts
    DAEMON_LOSS "daemon-loss" Error "The host's init system, or its cron, cannot express a field of a daemon or job. Change the field for such hosts in `for`, or name it in `loss-ok` to accept that it is dropped there.";
    UNKNOWN_LOSS "unknown-loss" Error "`loss-ok` names something that is no field of a daemon or job, or of its limits. Remove it or correct its spelling; a limit is named like its key in `limits`.";
    ENV_OF_FOREIGN_UNIT "env-of-foreign-unit" Error "OpenBSD's rc.d clears the environment of a unit that cmc has not made, so `env` cannot reach it. Write the program's own configuration file with `file` instead, or leave such hosts out with `for`.";
    ENV_READERS "env-readers" Error "Where systemd does not read it as root, the environment file of a service is read by the accounts of its daemon and jobs, and has one group; two of them have different ones. Give them a common group, or make two services of it.";
    RESERVED_ENV_NAME "reserved-env-name" Error "An environment variable has a name that the host's init system uses or sets itself. Rename the variable, or set what it stands for by its own key, such as `daemon.user`.";
    LOGIN_CLASS_SYSTEM "login-class-system" Error "Login classes exist on OpenBSD and FreeBSD only; the service goes to another system too. Move the class to `for.\"os:openbsd\"` or `for.\"os:freebsd\"`, or narrow `on`.";
    LOGIN_CLASS_NAME "login-class-name" Error "A login class has a name that cannot be used: one of FreeBSD's own classes, whose record stands first and counts. Give the class a name of its own, such as the service's.";
    UNKNOWN_CAPABILITY "unknown-capability" Error "The system's login.conf has no such capability. Correct its spelling, or move it to `for` of the system that has it: OpenBSD's and FreeBSD's lists differ.";
    CAPABILITY_VALUE "capability-value" Error "The value of a login.conf capability is not what the capability takes. The message says what it takes; sizes and times have units of login.conf, and a flag is `true` or `false`.";
    RELOAD_WITHOUT_COMMAND "reload-without-command" Error "A file or service asks for a reload, but its daemon has no reload command. Add `daemon.reload`, a signal or a command, or use `on-change = \"restart\"`.";
    UNENCODABLE_VALUE "unencodable-value" Error "A value holds a character that the target's format cannot carry; the message names the format and the character. Change the value, or write the file yourself with `file` in a way that the program accepts.";
    DAEMON_PROGRAM "daemon-program" Error "A daemon's `exec` or `reload`, or a job's `exec`, does not begin with the absolute path of a program. Write the whole path, such as `/usr/local/bin/api`: init systems search no PATH, and no shell is involved.";
    LOG_DIRECTORY "log-directory" Warning "A `log` names a file in a directory that nothing in the service makes, and that no system has by itself, or a job of cron logs to a file that its account cannot make. Where it is missing, nothing is written: systemd does not start the unit, cron's shell not the program. Make it by `log-dir` or tmpfiles.d, or write to a file in `/var/log`.";
    DAEMON_CONFLICT "daemon-conflict" Error "Two settings of a daemon or job contradict each other. The message names both; keep one of them.";
    UNIT_NAME "unit-name" Error "`unit` is no name that the host's init system could know a unit or script by, or one that a command would take for an option. Write the name as `systemctl`, `rcctl`, `service` or `rc-service` take it, such as `nginx`; where systems call it differently, set it in `for.\"os:…\"`.";
    // systemd
    UNKNOWN_UNIT "unknown-unit" Warning "A unit names another that no service of the host brings and no package is known to, and whose name is near one that is there. systemd passes most of them by in silence; where the unit could never start for it, or nothing would ever start the unit, it is an error. Correct the name. If the host has such a unit all the same, say so: `systemd.\"NAME\".existing = true`. Names that are near no other are judged, with a warning, only where nothing could start for it: `WantedBy=`, `Also=`, what a timer, path or socket starts.";
    UNIT_FILE_NAME "unit-file-name" Error "A name under `systemd` is neither a unit file (`api.service`) nor a drop-in (`nginx.service.d/limits.conf`). A unit file is named like a unit with its type, a drop-in lies in the unit's name with `.d/` and ends in `.conf`.";
    UNKNOWN_SECTION "unknown-section" Error "A unit of this type has no such section. Correct its spelling, or move the directives to a section that the unit's type has.";
    UNKNOWN_DIRECTIVE "unknown-directive" Error "systemd knows no such directive in this section, and would ignore it with a warning. Correct its spelling or its section; the help text names a near one. Names are as systemd writes them, `ExecStart` and not `exec-start`.";
    DIRECTIVE_VALUE "directive-value" Error "The value of a systemd directive is not what systemd takes there. The message says what it takes; systemd itself would log a warning and ignore the line.";
    REPEATED_DIRECTIVE "repeated-directive" Error "A systemd directive that takes one value has several; only the last would count. Keep one value.";
    NEWER_DIRECTIVE "newer-directive" Error "A systemd directive, or a value or specifier in it, came with a later release of systemd than the one that the host's operating system has, which would ignore the line with a warning. The message names both releases. Leave it out for such hosts, with `for.\"HOST\"` or `for.\"@tag\"` where others keep it. Systems whose release is not known are not judged.";
    OBSOLETE_DIRECTIVE "obsolete-directive" Warning "A systemd directive, or a value of one, is kept for compatibility only; the message or help names its successor. Use the successor; nothing is refused until systemd drops the old one.";
    INCOMPLETE_UNIT "incomplete-unit" Error "A unit lacks what systemd refuses to load it without: a command, a trigger, an address to listen on. Add what the message names.";
    SEVERAL_COMMANDS "several-commands" Error "A unit that is not of type oneshot has more than one `ExecStart=` command. Keep one, move the others to `ExecStartPre` or `ExecStartPost`, or set `Type = \"oneshot\"`.";
    SHELL_SYNTAX "shell-syntax" Warning "A command of a unit holds what only a shell understands: a pipe, a redirection, `&&`, a `;` at the end of a word, `$(…)`. systemd runs no shell and hands these words to the program. Run one, as in `/bin/sh -c 'a | b'`, or use what systemd has: `StandardOutput=` for a redirection, several commands for `;`. A word that is meant as it stands is put in quotes.";
    SECRET_IN_CLEAR "secret-in-clear" Warning "A variable or argument that is named like a password, token or key has its value in clear. Units and the arguments of running programs can be read by everybody on a host, and definitions by everybody who has the repository. Define a `secret` and give it to the program by `env` (`{ secret = \"NAME\" }`), by a file, or by `LoadCredential=`. The value is never shown. If it is no secret, give the variable another name, or take the value from a file.";
    APPENDS_COMMAND "appends-command" Warning "A drop-in appends a command to another unit's `ExecStart=` instead of replacing it. systemd refuses two commands in a service that is not oneshot; begin the list with an empty text to replace the unit's own.";
    // Names
    UNKNOWN_HOST "unknown-host" Error "A selector names a host that no definition has. Correct the spelling, add the host, or remove it from the selector; a retired host is still defined.";
    UNKNOWN_TAG "unknown-tag" Error "A selector names a tag that neither is defined nor is any host's. Correct the spelling, or give the tag to a host.";
    UNDEFINED_TAG "undefined-tag" Warning "A host has a tag that no definition has, and that looks like a slip for one that has. Correct the spelling, or define the tag with `[tag.NAME]`.";
    UNKNOWN_PRESET "unknown-preset" Error "`use` names a preset that no definition has. Correct the spelling, or define `[preset.NAME]`.";
    UNKNOWN_SERVICE "unknown-service" Error "`after`, `needs` or `daemon.requires` names a service that no definition has. Correct the spelling, or remove it; what is no service of this fleet cannot be waited for.";
    UNKNOWN_SECRET "unknown-secret" Error "A secret is used that no definition has. Define `[secret.NAME]`, then give it a value with `cmc secret set NAME`.";
    UNKNOWN_TEMPLATE "unknown-template" Error "There is no template of this name below `templates/`. Names are relative to `templates/` and include the extension.";
    UNKNOWN_VARIABLE "unknown-variable" Error "An expression reads a variable that the host has from no rank: fleet, tag or host. Set it for the host, one of its tags, or the fleet; or write `vars.NAME | default(…)` if it may be absent.";
    UNKNOWN_ENV "unknown-env" Error "An expression reads a variable that the service's environment does not have. Add it to the service's `env`, or correct the spelling.";
    UNKNOWN_ACCOUNT "unknown-account" Error "An owner or a daemon's account is neither the operating system's own nor declared by a service of the host. Correct the spelling; if somebody else makes the account, say so with `user.NAME = { existing = true }` or `group.NAME`.";
    INVALID_SELECTOR "invalid-selector" Error "A selector is neither a host's name nor `@tag`, `@all` or `os:family`. Write one of these, with `!` before it to leave hosts out.";
    NO_HOSTS "no-hosts" Warning "A service goes to no host, or the fleet has none at all. Nothing is built for it. Correct `on`, add a host, or remove the service.";
    NAMED_TWICE "named-twice" Warning "A list names the same thing twice, which means no more than once. Perhaps another name was meant; else remove one.";
    MEANS_MILESTONE "means-milestone" Warning "`daemon.requires` names a milestone of the system that a service of the fleet is called like too. It means the milestone, never the service. Rename the service, or wait for it with `needs` or `after`.";
    DUPLICATE_HOST_ID "duplicate-host-id" Error "Two hosts have the same identifier, and would be one in the index. One was copied from the other: remove `id` from the newer and let `cmc host add` write one.";
    DUPLICATE_ALIAS "duplicate-alias" Error "A host's alias is a name or alias of another host. Remove it from one of them.";
    RESERVED_TAG "reserved-tag" Error "The tag `all` stands for every host and cannot be given or defined. Remove it; `@all` selects every host already.";
    // Merging
    TAGS_DISAGREE "tags-disagree" Error "Two tags of a host give a variable different values, and the host has none of its own. Set the variable on the host, or remove it from one of the tags; the order of tags decides nothing.";
    OVERLAYS_DISAGREE "overlays-disagree" Error "Two overlays of equal rank set the same key differently on a host. Set the key in an overlay of higher rank, `for.HOST`, or in one of the two only.";
    // Expressions and templates
    EXPRESSION_SYNTAX "expression-syntax" Error "An expression or a template is not well-formed. Correct it at the place shown; a literal `{{` is written `{{ '{{' }}`.";
    EXPRESSION "expression" Error "An expression cannot be evaluated, or gives no value that can be used where it stands. The message says why, and at which part.";
    EXPRESSION_CYCLE "expression-cycle" Error "Values read each other in a circle; the message names all of them. Give one of them a value that reads none of the others.";
    EXPRESSION_NOT_ALLOWED "expression-not-allowed" Error "An expression stands where definitions must be plain: in a fleet, tag, host, secret or validator, except in variables, or in a key such as the path of a file. Write the value out, or move what varies to a variable that a service reads.";
    VALUE_NEEDS_QUOTING "value-needs-quoting" Error "A value would change the structure of the file it is written to; the message names the filter that quotes it. Pipe the value through that filter in the template, `{{ value | yaml }}`; nothing is quoted by itself.";
    TEMPLATE_LOOP "template-loop" Error "Templates or macros use each other without end. Break the chain of `include`, `import` or macro calls that the message shows.";
    LIMIT_EXCEEDED "limit-exceeded" Error "An expression or template exceeds a bound on instructions, output, depth or memory. Look for a loop that grows; real templates stay far below the bounds.";
    // Secrets
    SECRET_MISPLACED "secret-misplaced" Error "A secret, or a value made of one, stands where others can read it: in argv, a unit, a label, a path. Pass it in `env` or in a file instead.";
    SECRET_MISUSED "secret-misused" Error "An expression takes a secret apart or compares it; secrets can only be written out and quoted. Store what you need as a secret of its own, or as a plain variable if it is none.";
    SECRET_READABLE "secret-readable" Error "A file that holds a secret has a mode with which everybody on the host can read it. Use `mode = \"0600\"`, or `\"0640\"` with the program's group.";
    SECRET_MISSING "secret-missing" Error "A secret is used that has no value: `secrets/NAME.age` does not exist. `cmc secret set NAME` writes it. A build, which needs no value, only notes it; publish refuses.";
    SECRET_UNREADABLE "secret-unreadable" Error "The value of a secret cannot be opened with the keys at hand. Use an operator's identity, or have an operator rewrite the secret for your key.";
    SECRET_NOT_TEXT "secret-not-text" Error "A secret that is no text stands where a text is needed. Write it to a file with `secret = \"NAME\"`, which copies bytes.";
    SECRET_PAIR "secret-pair" Error "A pair of secrets is not one `tls-key` and one `tls-certificate`. Give `pair` the same name on exactly these two.";
    // Environment
    ENV_TYPE "env-type" Error "The value of an environment variable is not of its type. Correct the value or the type; the message says what was expected.";
    // Files
    PATH_OUTSIDE "path-outside" Error "A template or source lies outside its folder, by `..` or by a symbolic link. Move the file below it; only what lies in the fleet's directory is part of the fleet.";
    NO_SOURCE_FOR_ARCH "no-source-for-arch" Error "A file has sources for some architectures, but none for the host's. Add the architecture to `source`, or leave such hosts out.";
    WRONG_ARCHITECTURE "wrong-architecture" Error "A program (ELF file) is for another architecture than the host's. Build it for the host's, and use `source = { x86_64 = …, aarch64 = … }` where hosts differ.";
    PATH_CLAIMED_TWICE "path-claimed-twice" Error "Two services, or two parts of one, write the same path on a host. Let one of them write it, and the other `watch` it.";
    PATH_CLASH "path-clash" Error "A path lies below another that is a file: rename one of them. A path that differs from another in case only is a warning, since hosts can hold both and some file systems cannot.";
    PATH_RESERVED "path-reserved" Error "A service writes where no service may: below `/dev`, `/proc` or `/sys`, or where cmc keeps its own identity, configuration and state. Choose another path; what cmc itself needs on a host is set by enrolment.";
    MALFORMED_FILE "malformed-file" Error "A line of a file is not what the program that reads such files takes: it would refuse the line or the whole file, ignore it, or never act upon it. The message names the word, and the rendered line is shown. Correct it where it is written; `check = { off = \"why\" }` of the file says that nobody is to look.";
    DOUBTFUL_LINE "doubtful-line" Warning "A line of a file means something else to the program that reads it than people mostly mean by such a line. Read what the help text says it does, and write it otherwise if that is not meant; nothing is refused.";
    FILE_NOT_READ "file-not-read" Error "A file lies where the program that reads such files passes it by, because of its name or its mode, or because the host's program does not look there. Nothing would ever say so on the host. Rename or move it, or set another mode.";
    BLOCK_COMMENT "block-comment" Error "A managed block stands in a file whose format has no comments that end with the line, so that its markers would be taken for content, or `comment` is no beginning of a comment. Write the whole file instead, or say with `comment` how the file's reader begins a comment.";
    BLOCK_CONTENT "block-content" Error "The content of a managed block cannot stand between its markers: it holds a line like a marker, ends in a backslash that would join the marker behind it, is no text, or is larger than 1 MiB. Change the content.";
    WATCH_UNKNOWN_PATH "watch-unknown-path" Warning "A watched path is written by no service of the host. Nothing will trigger it. Correct the path, or remove it.";
    // Services
    STATE_WITHOUT_UNIT "state-without-unit" Error "A service has a state but nothing that could be started or stopped. Add `daemon`, `unit` or a `job`, or remove `state`.";
    TRIGGER_WITHOUT_UNIT "trigger-without-unit" Error "`on-change` or `watch` stands in a service that has neither `daemon` nor `unit`, so that nothing would be restarted. Name the unit with `unit`, or run commands with `run` of the file.";
    ENV_WITHOUT_UNIT "env-without-unit" Warning "A service has `env` but no `daemon`, `unit` or `job` that would get it. Its file below `/etc/cmc/env` is installed, but only what reads that file itself, and the service's own expressions, see the values. Name the unit with `unit`, or use `vars`.";
    RESTART_WITHOUT_UNIT "restart-without-unit" Error "A health check asks for a restart of a service that has nothing to restart. Add `daemon` or `unit`, or leave `then` out.";
    SERVICE_CYCLE "service-cycle" Error "Services wait for each other in a circle; the message names all of them. Remove one `after`, `needs` or `daemon.requires` of them.";
    NEEDS_ABSENT_SERVICE "needs-absent-service" Error "A service needs another, or its daemon requires one, that is not on the host. Widen the other's `on`, narrow this one's, or use `after`, which orders only what is there.";
    REQUIRES_WHAT_NEVER_RUNS "requires-what-never-runs" Error "A daemon requires a service that has neither `daemon` nor `unit`, or that is stopped on the host, so the init system could never start it. Use `after` or `needs` of the service for what only installs files, or start the other.";
    UNIT_CLAIMED_TWICE "unit-claimed-twice" Error "Two services of a host have the same unit, so that stopping or removing one would stop the other's. Let one service have the unit, and `watch` the files of the other.";
    SCRIPT_NAME_TAKEN "script-name-taken" Error "Two services of a host would have the same rc script, since `-` and `.` become `_`. Rename one of the services.";
    // Import: about files that are no definitions, so what shows them is `compiler/src/import/tests.rs`
    UNKNOWN_FORMAT "unknown-format" Error "`cmc import` cannot tell what a file is, neither by its path nor by its content. Name its format with `--as`; `cmc import --help` lists the formats.";
    NOT_IMPORTED "not-imported" Error "A file cannot be imported: it cannot be read, is not of the format that it was taken for, or contradicts another file of the same service. The message says which; a finding with a place shows the line.";
    PRIVATE_FILE "private-file" Error "A file that only its owner may read, or that holds a private key, is not imported: definitions lie in a repository that many people read. Store the value with `cmc secret set`, and refer to it by `secret`. An environment file is imported all the same if `--as env` names its format.";
    NOT_ADOPTED "not-adopted" Error "`cmc adopt` could not take a file of the root, or not as it is there: it cannot be read, changed while it was read, is too large, has a name, owner or mode that no definition can say, or is no file at all. The message says which. Everything else is adopted all the same; correct it in the root and adopt again, or add the file by hand.";
    NOT_CARRIED "not-carried" Note "Something of an imported file is not in the definition that was printed; the message says what. Add it by hand if it matters.";
    KEPT_VERBATIM "kept-verbatim" Note "An imported file does what the portable `daemon` or `job` cannot express, so the definition holds it as it is: a script or lines of a crontab as a file, a unit or some of its directives under `systemd`. The message says what it was. That part goes on to work on such systems only.";
    DIALECTS_DIFFER "dialects-differ" Warning "The readers of environment files disagree about what a line means, and nothing says who reads this file. Name the reader: `--as env:systemd`, `env:sh`, `env:docker` or `env:pam_env`. A file of login classes that is taken for FreeBSD's is a note: `--as login-conf` or `--as login-conf:freebsd` says whose it is.";
    LOOKS_SECRET "looks-secret" Warning "A variable of an imported environment file has a name as passwords and keys have, and the definition shows its value. Store it with `cmc secret set NAME`, and write `{ secret = \"NAME\" }` in its place.";
    // Validators: but for the first found by running them, so what shows them is `tests/validation.rs`
    UNKNOWN_VALIDATOR "unknown-validator" Error "`check` names a validator that neither cmc nor a `[validator.NAME]` definition has. Correct the name; the help text names a near one, or all.";
    VALIDATOR_WITHOUT_FILE "validator-without-file" Warning "No argument of a validator holds `{}`, so its program is not told which file to judge, and may pass whatever the file holds. Add `{}`, which stands for the file's path; a program that finds its file at the file's own place may go without.";
    VALIDATOR_REFUSED "validator-refused" Error "A validator refused a rendered file. Its own words are shown, at the rendered line and at the line of the template or definition it comes from. Correct what they point at.";
    VALIDATOR_WARNING "validator-warning" Warning "A validator accepted a rendered file and warned about it. Read its words; nothing is refused.";
    CHECK_DEFERRED "check-deferred" Note "A check waits for publish: the file is a secret, or a program reads one, and what stands in for it at build has no structure to judge. It counts neither as passed nor as failed; publish checks the real value. A key or certificate with the `type` that it has is checked at build already.";
    CHECK_NOT_MADE "check-not-made" Warning "A check could not be made: its program is not installed, or could not be isolated here. It counts neither as passed nor as failed, and publish stops if the check is required. Install the program, or say `validation = \"optional\"` where it may be missed.";
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_in_kebab_case() {
        let names: BTreeSet<_> = ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), ALL.len());
        for name in names {
            let parts_are_words = name.split('-').all(|part| {
                !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            });
            assert!(parts_are_words, "{name}");
        }
    }

    #[test]
    fn every_explanation_is_made_of_sentences() {
        for code in ALL {
            let text = code.explanation();
            let begins = text.starts_with(|c: char| c.is_uppercase() || c == '`' || c == 's');
            assert!(text.len() > 20 && begins && text.ends_with('.'), "{code}: {text}");
        }
    }
}
