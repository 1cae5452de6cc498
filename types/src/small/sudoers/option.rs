//! The options of `Defaults`, as sudo 1.9.13 has them.

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing: on or off.
    Flag,
    /// Text.
    Text,
    /// An absolute path.
    Path,
    /// Words; `+=` adds some and `-=` removes some.
    List,
    /// A whole number.
    Number,
    /// Minutes, with a fraction; less than 0: without end.
    Minutes,
    /// Octal digits.
    Mode,
    /// Seconds, or such as `1h30m`.
    Timeout,
    /// One of these.
    Choice(&'static [&'static str]),
    /// A facility of syslog.
    Facility,
    /// A priority of syslog.
    Priority,
    /// `SOFT` or `SOFT,HARD`, each a number or `infinity`; `default`; `user`.
    Limit,
}

/// An option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SudoOption {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether `!` switches it off.
    pub off: bool,
    /// Whether its name alone switches it on.
    pub on: bool,
}

macro_rules! options {
    ($($kind:expr, $off:literal, $on:literal: $($name:literal)+;)+) => {
        /// Every option, by what it takes.
        pub static OPTIONS: &[SudoOption] =
            &[$($(SudoOption { name: $name, kind: $kind, off: $off, on: $on },)+)+];
    };
}

options! {
    Kind::Flag, true, true:
        "always_query_group_plugin" "always_set_home" "authenticate" "case_insensitive_group"
        "case_insensitive_user" "closefrom_override" "compress_io" "env_editor" "env_reset" "exec_background"
        "fast_glob" "fqdn" "ignore_audit_errors" "ignore_dot" "ignore_iolog_errors" "ignore_local_sudoers"
        "ignore_logfile_errors" "ignore_unknown_defaults" "insults" "intercept" "intercept_allow_setid"
        "intercept_authenticate" "intercept_verify" "iolog_flush" "log_allowed" "log_denied" "log_exit_status"
        "log_host" "log_input" "log_output" "log_passwords" "log_server_keepalive" "log_server_verify"
        "log_stderr" "log_stdin" "log_stdout" "log_subcmds" "log_ttyin" "log_ttyout" "log_year"
        "long_otp_prompt" "mail_all_cmnds" "mail_always" "mail_badpass" "mail_no_host" "mail_no_perms"
        "mail_no_user" "match_group_by_gid" "netgroup_tuple" "noexec" "noninteractive_auth" "pam_acct_mgmt"
        "pam_rhost" "pam_ruser" "pam_session" "pam_setcred" "passprompt_override" "path_info"
        "preserve_groups" "pwfeedback" "requiretty" "root_sudo" "rootpw" "runas_allow_unknown_id"
        "runas_check_shell" "runaspw" "selinux" "set_home" "set_logname" "set_utmp" "setenv" "shell_noargs"
        "stay_setuid" "sudoedit_checkdir" "sudoedit_follow" "syslog_pid" "targetpw" "tty_tickets"
        "umask_override" "use_loginclass" "use_netgroups" "use_pty" "user_command_timeouts" "utmp_runas"
        "visiblepw";
    Kind::Text, false, false:
        "apparmor_profile" "authfail_message" "badpass_message" "group_plugin" "iolog_file" "limitprivs"
        "mailsub" "maxseq" "pam_askpass_service" "pam_login_service" "pam_service" "passprompt" "privs" "role"
        "runas_default" "sudoers_locale" "timestampowner" "type";
    Kind::Text, true, false:
        "exempt_group" "iolog_group" "iolog_user" "mailerflags" "mailfrom" "mailto" "secure_path";
    Kind::Path, false, false: "editor" "iolog_dir" "lecture_status_dir" "timestampdir";
    Kind::Path, true, false:
        "admin_flag" "env_file" "lecture_file" "log_server_cabundle" "log_server_peer_cert"
        "log_server_peer_key" "logfile" "mailerpath" "restricted_env_file" "runchroot" "runcwd";
    Kind::List, true, false: "env_check" "env_delete" "env_keep" "log_servers" "passprompt_regex";
    Kind::Number, false, false: "closefrom" "passwd_tries" "syslog_maxlen";
    Kind::Number, true, false: "loglinelen";
    Kind::Minutes, true, false: "passwd_timeout" "timestamp_timeout";
    Kind::Mode, false, false: "iolog_mode";
    Kind::Mode, true, false: "umask";
    Kind::Timeout, true, false: "command_timeout" "log_server_timeout";
    Kind::Choice(&["never", "digest_only", "always"]), true, true: "fdexec";
    Kind::Choice(&["never", "once", "always"]), true, true: "lecture";
    Kind::Choice(&["never", "any", "all", "always"]), true, true: "listpw" "verifypw";
    Kind::Choice(&["dso", "trace"]), true, false: "intercept_type";
    Kind::Choice(&["sudo", "json"]), true, false: "log_format";
    Kind::Choice(&["global", "ppid", "tty", "kernel"]), true, false: "timestamp_type";
    Kind::Facility, true, true: "syslog";
    Kind::Priority, true, false: "syslog_badpri" "syslog_goodpri";
    Kind::Limit, true, false:
        "rlimit_as" "rlimit_core" "rlimit_cpu" "rlimit_data" "rlimit_fsize" "rlimit_locks" "rlimit_memlock"
        "rlimit_nofile" "rlimit_nproc" "rlimit_rss" "rlimit_stack";
}

const FACILITIES: &[&str] = &[
    "auth", "authpriv", "daemon", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7", "user",
];

const PRIORITIES: &[&str] = &["alert", "crit", "debug", "emerg", "err", "info", "none", "notice", "warning"];

/// The option of a name.
pub fn option(name: &str) -> Option<&'static SudoOption> {
    OPTIONS.iter().find(|option| option.name == name)
}

impl SudoOption {
    /// What a value is to be, if it is not.
    pub(super) fn refuses(&self, value: &str) -> Option<String> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let one_of =
            |words: &[&str]| (!words.contains(&value)).then(|| format!("it is one of {}", words.join(", ")));
        let unless = |good: bool, help: &str| (!good).then(|| help.to_owned());
        match self.kind {
            Kind::Flag => Some("write its name alone, or `!` and its name".to_owned()),
            Kind::Text | Kind::List => None,
            Kind::Path => {
                let other = matches!(self.name, "runchroot" | "runcwd");
                let good = value.starts_with('/') || (other && (value.starts_with('~') || value == "*"));
                unless(good, "write an absolute path")
            }
            Kind::Number => {
                let bare = value.strip_prefix('-').filter(|_| self.name == "closefrom").unwrap_or(value);
                unless(digits(bare) && bare.len() < 10, "write a whole number")
            }
            Kind::Minutes => {
                let bare = value.strip_prefix('-').unwrap_or(value);
                let good = match bare.split_once('.') {
                    Some((whole, part)) => {
                        (digits(whole) || whole.is_empty()) && (digits(part) || part.is_empty())
                    }
                    None => digits(bare),
                };
                unless(
                    good && bare.len() < 10 && bare != ".",
                    "write minutes, such as 5 or 2.5; -1 has no end",
                )
            }
            Kind::Mode => {
                let octal = value.bytes().all(|b| (b'0'..=b'7').contains(&b)) && digits(value);
                let bits = u32::from_str_radix(value, 8).ok().filter(|bits| octal && *bits <= 0o777);
                unless(bits.is_some(), "write octal digits, at most 0777")
            }
            Kind::Timeout => unless(is_timeout(value), "write seconds, or such as 7d8h30m10s"),
            Kind::Choice(words) => one_of(words),
            Kind::Facility => one_of(FACILITIES),
            Kind::Priority => one_of(PRIORITIES),
            Kind::Limit => {
                let one = |text: &str| digits(text) || text == "infinity";
                let both = |(soft, hard): (&str, &str)| one(soft) && one(hard);
                let good = one(value)
                    || matches!(value, "default" | "user")
                    || value.split_once(',').is_some_and(both);
                unless(good, "write a number, infinity, default, user, or \"SOFT,HARD\"")
            }
        }
    }
}

/// `7d8h30m10s`: units from the largest, none of them twice; a number alone is seconds.
pub(super) fn is_timeout(text: &str) -> bool {
    let mut rest = text;
    let mut units = "dhms";
    loop {
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 || length > 9 {
            return false;
        }
        rest = &rest[length..];
        let Some(unit) = rest.chars().next() else { return true };
        let Some(at) = units.find(unit.to_ascii_lowercase()) else { return false };
        units = &units[at + 1..];
        rest = &rest[1..];
        if rest.is_empty() {
            return true;
        }
    }
}
