//! Printing.

use super::{DIALECT, Output, Reload, Run, Script, Supervised};
use crate::name::AccountName;
use crate::rc_dir::Directory;
use crate::{Mode, Refused, UnixPath, rc_function, shell};

/// What a root shell behind daemon(8) and limits(1) does before it becomes the program, which is `$0`, its arguments
/// `$@`: it sets the creation mask, and becomes the user with chroot(8), which unlike daemon(8) leaves limits as they
/// are and unlike su(1) is the program afterwards. What daemon(8) would set of the environment is set here. Nothing if
/// there is nothing to do. User and directory are plain words.
pub(super) fn shell_command(
    umask: Option<Mode>,
    user: Option<&AccountName>,
    directory: Option<&UnixPath>,
) -> Option<String> {
    let mask = umask.map_or_else(String::new, |umask| format!("umask {umask} && "));
    let Some(user) = user else {
        return umask.map(|_| format!("{mask}exec \"$0\" \"$@\""));
    };
    let cd = directory
        .map_or_else(String::new, |directory| format!("/bin/sh -c 'cd {directory} && exec \"$0\" \"$@\"' "));
    Some(format!(
        "{mask}HOME=~{user} USER={user} LOGNAME={user} SHELL=/bin/sh PATH={PATH} && \
         export HOME USER LOGNAME SHELL PATH && \
         exec /usr/sbin/chroot -u {user} -g \"$(id -g {user})\" -G \"$(id -G {user} | tr ' ' ,)\" / {cd}\"$0\" \"$@\""
    ))
}

/// Of login.conf's class `default`.
const PATH: &str = "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin";

impl Script {
    /// Prints the script; what it cannot carry is refused.
    pub fn print(&self) -> Result<String, Refused> {
        let mut text = String::from("#!/bin/sh\n");
        self.head(&mut text)?;
        self.variables(&mut text)?;
        self.bodies(&mut text)?;
        text.push_str("\nrun_rc_command \"$1\"\n");
        Ok(text)
    }

    fn head(&self, text: &mut String) -> Result<(), Refused> {
        for comment in &self.comments {
            shell::single_line(comment, DIALECT, "a comment")?;
            if ["PROVIDE:", "REQUIRE:", "BEFORE:", "KEYWORD:"].iter().any(|key| comment.starts_with(key)) {
                return Err(Refused::rule(DIALECT, "a comment", "rcorder would read it"));
            }
            text.push_str(&format!("# {comment}\n"));
        }
        text.push_str(&format!("#\n# PROVIDE: {}\n", self.name));
        for (key, words) in
            [("REQUIRE", &self.require), ("BEFORE", &self.before), ("KEYWORD", &self.keywords)]
        {
            for word in words {
                shell::plain(word, DIALECT, key)?;
            }
            if !words.is_empty() {
                text.push_str(&format!("# {key}: {}\n", words.join(" ")));
            }
        }
        text.push_str("\n. /etc/rc.subr\n\n");
        Ok(())
    }

    fn variables(&self, text: &mut String) -> Result<(), Refused> {
        let name = &self.name;
        let mut set = |variable: &str, value: &str| -> Result<(), Refused> {
            let line =
                shell::assignment(variable, value).map_err(|bad| Refused { dialect: DIALECT, ..bad })?;
            text.push_str(&line);
            text.push('\n');
            Ok(())
        };
        set("name", name.as_str())?;
        set("rcvar", &format!("{name}_enable"))?;
        if self.reload.is_some() {
            set("extra_commands", "reload")?;
        }
        if !self.directories.is_empty() {
            set("start_precmd", &format!("{name}_prestart"))?;
        }
        match (&self.run, &self.reload) {
            (Run::Supervised(_), Some(_)) | (Run::Forking, Some(Reload::Command(_))) => {
                set("reload_cmd", &format!("{name}_reload"))?;
            }
            (Run::Forking, Some(Reload::Signal(signal))) => {
                shell::plain(signal, DIALECT, "sig_reload")?;
                set("sig_reload", signal)?;
            }
            (Run::Oneshot, Some(_)) => {
                return Err(Refused::rule(DIALECT, "reload", "nothing runs that could reload"));
            }
            (_, None) => {}
        }
        if let Some(signal) = &self.stop_signal {
            if self.run != Run::Forking {
                return Err(Refused::rule(DIALECT, "sig_stop", "daemon(8) passes on TERM only"));
            }
            shell::plain(signal, DIALECT, "sig_stop")?;
            set("sig_stop", signal)?;
        }
        shell::plain(self.program.as_str(), DIALECT, "the program's path")?;
        match &self.run {
            Run::Supervised(supervised) => {
                set("pidfile", &self.pidfile())?;
                set("command", "/usr/sbin/daemon")?;
                set("procname", "/usr/sbin/daemon")?;
                set("command_args", &self.supervised(supervised)?)?;
            }
            Run::Forking => {
                set("command", self.program.as_str())?;
                if !self.arguments.is_empty() {
                    set("command_args", &words(&self.arguments, self.user.is_some())?)?;
                }
            }
            Run::Oneshot => {
                set("start_cmd", &format!("{name}_start"))?;
                set("stop_cmd", ":")?;
            }
        }
        text.push_str(&format!("\nload_rc_config $name\n: ${{{name}_enable:=\"NO\"}}\n"));
        if let Some(directory) = &self.directory {
            shell::plain(directory.as_str(), DIALECT, "the working directory")?;
            text.push_str(&format!(": ${{{name}_chdir:=\"{directory}\"}}\n"));
        }
        if let (Run::Forking, Some(user)) = (&self.run, &self.user) {
            text.push_str(&format!(": ${{{name}_user:=\"{user}\"}}\n"));
        }
        Ok(())
    }

    /// The arguments of daemon(8), the program last.
    fn supervised(&self, run: &Supervised) -> Result<String, Refused> {
        let mut argv = vec!["-f".to_owned()];
        match &run.output {
            Output::Syslog => argv.extend(["-S".into(), "-T".into(), self.name.to_string()]),
            Output::File(path) => argv.extend(["-o".into(), path.to_string()]),
            Output::Nowhere => {}
        }
        argv.extend(["-P".into(), self.pidfile(), "-p".into(), self.child_pidfile()]);
        if let Some(seconds) = run.restart {
            argv.extend(["-r".into(), "-R".into(), seconds.to_string()]);
        }
        let limited = run.login_class.is_some() || !run.limits.is_empty();
        // Only root may raise a limit, so that with limits the user changes behind them.
        let behind = self.user.as_ref().filter(|_| limited);
        if let (Some(user), None) = (&self.user, behind) {
            argv.extend(["-u".into(), user.to_string()]);
        }
        if limited {
            argv.push("/usr/bin/limits".into());
            match (&run.login_class, behind) {
                (Some(class), _) => argv.extend(["-C".into(), class.clone()]),
                (None, Some(user)) => argv.extend(["-U".into(), user.to_string()]),
                (None, None) => {}
            }
            if !run.limits.is_empty() {
                // Without `-a` the class would count for nothing beside single limits.
                argv.extend((run.login_class.is_some() || behind.is_some()).then(|| "-a".to_owned()));
                argv.push("-B".into());
            }
            for (letter, value) in &run.limits {
                shell::plain(value, DIALECT, "a limit")?;
                argv.extend([format!("-{letter}"), value.clone()]);
            }
        }
        if let Some(command) = shell_command(run.umask, behind, self.directory.as_ref()) {
            argv.extend(["/bin/sh".into(), "-c".into(), command]);
        }
        argv.push(self.program.to_string());
        argv.extend(self.arguments.iter().cloned());
        words(&argv, false)
    }

    fn bodies(&self, text: &mut String) -> Result<(), Refused> {
        let name = &self.name;
        let mut function = |name: &str, body: &str| text.push_str(&format!("\n{name}()\n{{\n{body}}}\n"));
        if let Some(body) = rc_function::making(&self.directories, Directory::install)? {
            function(&format!("{name}_prestart"), &body);
        }
        if self.run == Run::Oneshot {
            let mut argv = vec![self.program.to_string()];
            argv.extend(self.arguments.iter().cloned());
            let cd = self.directory.as_ref().map_or_else(String::new, |path| format!("cd {path} && "));
            function(&format!("{name}_start"), &format!("\t{cd}{}\n", self.as_user(&argv)?));
        }
        match (&self.run, &self.reload) {
            (Run::Supervised(_), Some(Reload::Signal(signal))) => {
                shell::plain(signal, DIALECT, "the reload signal")?;
                let child = self.child_pidfile();
                function(&format!("{name}_reload"), &format!("\tkill -{signal} $(cat {child})\n"));
            }
            (_, Some(Reload::Command(argv))) => {
                function(&format!("{name}_reload"), &format!("\t{}\n", self.as_user(argv)?));
            }
            _ => {}
        }
        rc_function::verbatim(&self.functions, DIALECT, function)
    }

    /// A command in a function of the script, run as the daemon's user.
    fn as_user(&self, argv: &[String]) -> Result<String, Refused> {
        match &self.user {
            Some(user) => Ok(format!("su -m {user} -c 'sh -c \"{}\"'", words(argv, true)?)),
            None => words(argv, false),
        }
    }
}

/// Words quoted for one shell, or plain words only where two more shells follow.
fn words(argv: &[String], only_plain: bool) -> Result<String, Refused> {
    for (index, word) in argv.iter().enumerate() {
        let subject = format!(
            "argument {index} ({})",
            if only_plain { "run as another user by su(1)" } else { "of the command" }
        );
        if only_plain {
            shell::plain(word, DIALECT, &subject)?;
        }
        shell::single_line(word, DIALECT, &subject)?;
    }
    shell::join(argv)
}
