//! Printing.

use super::{DIALECT, Output, Reload, Run, Script};
use crate::rc_dir::Directory;
use crate::{Refused, rc_dir, rc_function, shell};

/// The body of `stop` where nothing runs.
pub(super) const NOTHING: &str = "\t:\n";
/// The command that sends a supervised program a signal; the signal stands between.
pub(super) const SIGNAL_SUPERVISED: [&str; 2] = ["supervise-daemon \"${RC_SVCNAME}\" --signal ", ""];
/// The same with a pidfile.
pub(super) const SIGNAL_PIDFILE: [&str; 2] = ["start-stop-daemon --signal ", " --pidfile \"${pidfile}\""];
/// The same by program.
pub(super) const SIGNAL_PROGRAM: [&str; 2] = ["start-stop-daemon --signal ", " --exec \"${command}\""];
/// What comes before and after the command of `reload`.
pub(super) const AROUND: [&str; 2] = ["\tebegin \"Reloading ${RC_SVCNAME}\"\n\t", "\n\teend $?\n"];

impl Script {
    /// Prints the script; what it cannot carry is refused.
    pub fn print(&self) -> Result<String, Refused> {
        let mut text = String::from("#!/sbin/openrc-run\n");
        for comment in &self.comments {
            shell::single_line(comment, DIALECT, "a comment")?;
            text.push_str(&format!("# {comment}\n"));
        }
        text.push('\n');
        self.variables(&mut text)?;
        self.bodies(&mut text)?;
        Ok(text)
    }

    fn variables(&self, text: &mut String) -> Result<(), Refused> {
        let mut set = |name: &str, value: &str| -> Result<(), Refused> {
            let line = shell::assignment(name, value).map_err(|bad| Refused { dialect: DIALECT, ..bad })?;
            text.push_str(&line);
            text.push('\n');
            Ok(())
        };
        if let Some(description) = &self.description {
            set("description", description)?;
        }
        match &self.run {
            Run::Supervised { .. } => set("supervisor", "supervise-daemon")?,
            Run::Background => set("command_background", "yes")?,
            Run::Forking | Run::Oneshot => {}
        }
        shell::plain(self.command.as_str(), DIALECT, "the program's path")?;
        set("command", self.command.as_str())?;
        for (index, argument) in self.arguments.iter().enumerate() {
            if !shell::is_plain(argument) {
                shell::single_line(argument, DIALECT, &format!("argument {}", index + 1))?;
                set(&format!("argument_{}", index + 1), argument)?;
            }
        }
        let arguments = self.arguments.iter().enumerate().map(|(index, argument)| {
            if shell::is_plain(argument) { argument.clone() } else { format!("\"$argument_{}\"", index + 1) }
        });
        let arguments: Vec<_> = arguments.collect();
        if !arguments.is_empty() {
            set("command_args", &arguments.join(" "))?;
        }
        if let Some((user, group)) = &self.user {
            let group = group.as_ref().map_or_else(String::new, |group| format!(":{group}"));
            set("command_user", &format!("{user}{group}"))?;
        }
        if let Some(directory) = &self.directory {
            shell::plain(directory.as_str(), DIALECT, "the working directory")?;
            set("directory", directory.as_str())?;
        }
        if let Some(umask) = self.umask {
            set("umask", &umask.to_string())?;
        }
        if let Some(pidfile) = &self.pidfile {
            shell::plain(pidfile.as_str(), DIALECT, "the pidfile")?;
            set("pidfile", pidfile.as_str())?;
        }
        match &self.output {
            Some(Output::Syslog(tag)) => {
                shell::plain(tag, DIALECT, "the name in syslog")?;
                set("output_logger", &format!("logger -t {tag} -p daemon.info"))?;
                set("error_logger", &format!("logger -t {tag} -p daemon.err"))?;
            }
            Some(Output::File(path)) => {
                shell::plain(path.as_str(), DIALECT, "the log file")?;
                set("output_log", path.as_str())?;
                set("error_log", path.as_str())?;
            }
            None => {}
        }
        if let Some((signal, seconds)) = &self.retry {
            shell::plain(signal, DIALECT, "the stop signal")?;
            set("retry", &format!("{signal}/{seconds}/KILL/5"))?;
        }
        if let Run::Supervised { delay: Some(delay) } = &self.run {
            set("respawn_delay", &delay.to_string())?;
        }
        if self.reload.is_some() {
            set("extra_started_commands", "reload")?;
        }
        Ok(())
    }

    fn bodies(&self, text: &mut String) -> Result<(), Refused> {
        let mut function = |name: &str, body: &str| text.push_str(&format!("\n{name}() {{\n{body}}}\n"));
        let mut depend = String::new();
        for (kind, services) in self.depend.kinds() {
            for service in services {
                shell::plain(service.trim_start_matches('!'), DIALECT, kind)?;
            }
            if !services.is_empty() {
                depend.push_str(&format!("\t{kind} {}\n", services.join(" ")));
            }
        }
        if !depend.is_empty() {
            function("depend", &depend);
        }
        let mut before = self.directories.iter().map(Directory::checkpath).collect::<Result<Vec<_>, _>>()?;
        before.extend(self.log_file());
        if !before.is_empty() {
            function("start_pre", &rc_dir::body(&before));
        }
        if self.run == Run::Oneshot {
            function("stop", NOTHING);
        }
        if let Some(reload) = &self.reload {
            function("reload", &format!("{}{}{}", AROUND[0], self.reload_command(reload)?, AROUND[1]));
        }
        rc_function::verbatim(&self.functions, DIALECT, function)
    }

    /// The command that makes the log file and gives it to the program's account, which is who opens it.
    pub(super) fn log_file(&self) -> Option<String> {
        let (Some(Output::File(path)), Some((user, group))) = (&self.output, &self.user) else { return None };
        let group = group.as_ref().map_or_else(String::new, |group| format!(":{group}"));
        (!path.as_str().starts_with("/dev/")).then(|| format!("checkpath -f -m 0640 -o {user}{group} {path}"))
    }

    fn reload_command(&self, reload: &Reload) -> Result<String, Refused> {
        match reload {
            Reload::Signal(signal) => {
                shell::plain(signal, DIALECT, "the reload signal")?;
                let around = match (&self.run, &self.pidfile) {
                    (Run::Supervised { .. }, _) => SIGNAL_SUPERVISED,
                    (_, Some(_)) => SIGNAL_PIDFILE,
                    (_, None) => SIGNAL_PROGRAM,
                };
                Ok(format!("{}{signal}{}", around[0], around[1]))
            }
            Reload::Command(argv) => {
                for (index, word) in argv.iter().enumerate() {
                    shell::single_line(word, DIALECT, &format!("word {index} of the reload command"))?;
                }
                let command = shell::join(argv)?;
                match &self.user {
                    Some((user, _)) => {
                        Ok(format!("su -s /bin/sh -c {} {user}", shell::quote(&format!("exec {command}"))?))
                    }
                    None => Ok(command),
                }
            }
        }
    }
}
