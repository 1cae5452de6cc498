//! Programs that misbehave: none of it reaches the machine, and all of it is reported.

use crate::support::{gone, marker, outcome, run, scratch, shell, worker};
use crate::{Ended, Test};
use cmc_validators::sandbox::{Bounds, Entry, Identity, Outcome, Request, Sandbox, What};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// More than any machine needs, and less than what a program here that is not stopped would take.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) const TESTS: &[Test] = &[
    ("canaries::a_program_sees_its_files_at_their_paths_and_is_nobody", sees),
    ("canaries::what_it_reads_and_changes_is_known", traces),
    ("canaries::writing_and_deleting_everywhere_changes_nothing_outside", writes),
    ("canaries::nginx_does_not_delete_the_machines_socket", nginx_socket),
    ("canaries::match_exec_runs_inside_only", match_exec),
    ("canaries::lua_that_haproxy_loads_writes_inside_only", haproxy_lua),
    ("canaries::a_program_that_forks_and_stays_is_killed", stays),
    ("canaries::a_program_that_prints_a_gigabyte_is_killed", prints),
    ("canaries::a_program_that_hangs_is_killed", hangs),
    ("canaries::a_fork_bomb_is_contained", fork_bomb),
    ("canaries::memory_is_limited", memory),
    ("canaries::the_private_root_is_limited", fills),
    ("canaries::nothing_is_reached_over_the_network", network),
    ("canaries::there_is_no_terminal_no_descriptor_and_no_environment", clean),
    ("canaries::it_cannot_make_namespaces_or_mount", privileges),
    ("canaries::a_link_of_the_tree_leads_nowhere_outside", links),
    ("canaries::kill_9_of_the_caller_leaves_nothing", orphans),
    ("canaries::an_ordinary_user_gets_the_same_isolation", ordinary_user),
    ("canaries::where_namespaces_are_refused_nothing_runs", refused),
    ("canaries::programs_that_cannot_start_are_told_apart", cannot_start),
];

macro_rules! isolated {
    ($request:expr) => {
        match run(&$request) {
            Ok(response) => response,
            Err(reason) => return Ended::Skipped(reason),
        }
    };
}

fn sees() -> Ended {
    let script = "cat /etc/app/app.conf /usr/local/bin/tool /bin/newtool; id -u; cat /proc/self/uid_map; ls /usr/local/bin/ls-not-there; \
                  ls /home /root /srv; cat /etc/shadow; pwd; hostname";
    let files = [("/etc/app/app.conf", "a\n"), ("/usr/local/bin/tool", "b\n"), ("/bin/newtool", "c\n")];
    let response = isolated!(shell(script, &files));
    let lines: Vec<&str> = response.stdout.lines().collect();
    assert_eq!(lines[..4], ["a", "b", "c", "900"], "{}", response.stdout);
    let outside = lines[4].split_whitespace().nth(1).unwrap();
    assert_ne!(outside, "0", "root outside");
    assert!(response.stderr.contains("/etc/shadow"), "{}", response.stderr);

    let mut request = shell("id -u; cat /proc/self/uid_map; grep -h CapEff /proc/self/status", &[]);
    request.identity = Identity::Root;
    let response = isolated!(request);
    let lines: Vec<&str> = response.stdout.lines().collect();
    assert_eq!(lines[0], "0");
    assert_ne!(lines[1].split_whitespace().nth(1).unwrap(), "0", "root outside");
    assert_eq!(lines[2], "CapEff:\t0000000000000000");
    Ended::Passed
}

fn traces() -> Ended {
    let files =
        [("/a/read", "x"), ("/a/unread", "x"), ("/a/changed", "x"), ("/a/removed", "x"), ("/a/empty", "")];
    let response =
        isolated!(shell("cat /a/read /a/empty; ls -l /a; echo y > /a/changed; rm /a/removed", &files));
    assert_eq!(response.read, [0, 4], "{response:?}");
    assert_eq!(response.changed, [2, 3], "{response:?}");
    Ended::Passed
}

fn writes() -> Ended {
    let scratch = scratch("writes");
    std::fs::write(scratch.join("kept"), "kept").unwrap();
    let script = format!(
        "echo x > /canary-{m}; echo x > /etc/canary-{m}; echo x > /usr/canary-{m}; echo x > /tmp/canary-{m}; \
         echo x > {dir}/canary; rm -rf {dir} /usr/share /etc /var /opt /tmp/* 2>/dev/null; echo done",
        m = marker(),
        dir = scratch.display()
    );
    let response = isolated!(shell(&script, &[("/etc/own", "x")]));
    assert!(response.stdout.contains("done"), "{}", response.stderr);
    for place in ["/", "/etc/", "/usr/", "/tmp/"] {
        assert!(!std::path::Path::new(&format!("{place}canary-{}", marker())).exists(), "{place}");
    }
    assert_eq!(std::fs::read_to_string(scratch.join("kept")).unwrap(), "kept");
    assert!(std::path::Path::new("/usr/share").exists() && std::path::Path::new("/etc/passwd").exists());
    let _ = std::fs::remove_dir_all(scratch);
    Ended::Passed
}

fn nginx_socket() -> Ended {
    let scratch = scratch("nginx");
    let socket = scratch.join("sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let config = format!(
        "error_log {dir}/error.log;\npid {dir}/pid;\nevents {{}}\nhttp {{ server {{ listen unix:{sock}; }} }}\n",
        dir = scratch.display(),
        sock = socket.display()
    );
    let mut request = shell("", &[("/etc/nginx/nginx.conf", &config)]);
    request.argv = ["nginx", "-t", "-q", "-c", "/etc/nginx/nginx.conf"].map(str::to_owned).into();
    request.dirs =
        vec![scratch.display().to_string(), "/var/log/nginx".to_owned(), "/var/lib/nginx".to_owned()];
    let response = isolated!(request);
    if response.outcome == Outcome::NotFound {
        return Ended::Skipped("`nginx` is not installed here".to_owned());
    }
    assert_eq!(response.outcome, Outcome::Exited(0), "{}", response.stderr);
    assert!(socket.exists(), "the machine's socket was deleted");
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 1, "it wrote outside");
    drop(listener);
    let _ = std::fs::remove_dir_all(scratch);
    Ended::Passed
}

fn match_exec() -> Ended {
    let scratch = scratch("ssh");
    let file = scratch.join("canary");
    let config = format!(
        "Match exec \"mkdir -p {d} && touch {f}\"\n  User x\n",
        d = scratch.display(),
        f = file.display()
    );
    let request = shell(
        &format!("ssh -G -F /etc/config host > /dev/null; ls {}", file.display()),
        &[("/etc/config", &config), ("/etc/passwd", "x:x:900:900::/:/bin/sh\n")],
    );
    let response = isolated!(request);
    if !response.stdout.contains("canary") {
        return Ended::Skipped(format!("`ssh` did not run it: {}", response.stderr.trim()));
    }
    assert!(!file.exists(), "it ran outside");
    let _ = std::fs::remove_dir_all(scratch);
    Ended::Passed
}

fn haproxy_lua() -> Ended {
    let scratch = scratch("lua");
    let file = scratch.join("canary");
    let lua = format!(
        "os.execute('mkdir -p {d}')\nlocal f = io.open('{f}', 'w')\nf:write('x')\nf:close()\nio.stderr:write('LUA RAN\\n')\n",
        d = scratch.display(),
        f = file.display()
    );
    let config = "global\n  lua-load /etc/haproxy/canary.lua\n";
    let mut request = shell("", &[("/etc/haproxy/haproxy.cfg", config), ("/etc/haproxy/canary.lua", &lua)]);
    request.argv = ["haproxy", "-c", "-f", "/etc/haproxy/haproxy.cfg"].map(str::to_owned).into();
    let response = isolated!(request);
    if response.outcome == Outcome::NotFound {
        return Ended::Skipped("`haproxy` is not installed here".to_owned());
    }
    assert!(response.stderr.contains("LUA RAN"), "{}", response.stderr);
    assert!(!file.exists(), "it wrote outside");
    let _ = std::fs::remove_dir_all(scratch);
    Ended::Passed
}

fn stays() -> Ended {
    let name = format!("stays-{}", marker());
    let script = format!(
        "(setsid sh -c 'exec -a {name} sleep 1000' > /dev/null 2>&1 &); (trap '' TERM HUP; : {name}; sleep 1001) & exit 3"
    );
    let mut request = shell(&script, &[]);
    request.argv[0] = "bash".to_owned();
    let begun = Instant::now();
    let response = isolated!(request);
    assert_eq!(response.outcome, Outcome::Exited(3), "{}", response.stderr);
    assert!(begun.elapsed() < LIMIT, "waited for what stayed");
    assert!(gone(&name), "still there");
    Ended::Passed
}

fn prints() -> Ended {
    let begun = Instant::now();
    let mut request = shell("head -c 1000000000 /dev/zero; echo never", &[]);
    request.bounds.output = 1 << 20;
    let response = isolated!(request);
    assert_eq!(response.outcome, Outcome::TooMuchOutput);
    assert!(response.stdout.len() <= 1 << 20 && begun.elapsed() < LIMIT);
    // Both streams count together.
    let mut request = shell("head -c 700000 /dev/zero; head -c 700000 /dev/zero >&2", &[]);
    request.bounds.output = 1 << 20;
    let response = isolated!(request);
    assert_eq!(response.outcome, Outcome::TooMuchOutput);
    assert!(response.stdout.len() + response.stderr.len() <= 1 << 20);
    Ended::Passed
}

fn hangs() -> Ended {
    let name = format!("hangs-{}", marker());
    let mut request = shell(&format!("trap '' TERM INT; : {name}; while :; do sleep 1; done"), &[]);
    request.bounds.millis = 300;
    let begun = Instant::now();
    let response = isolated!(request);
    assert_eq!(response.outcome, Outcome::TimedOut);
    assert!(begun.elapsed() < LIMIT);
    assert!(gone(&name), "still there");
    Ended::Passed
}

fn fork_bomb() -> Ended {
    let name = format!("bomb-{}", marker());
    let mut request = shell(&format!(": {name}; f() {{ f | f & }}; f; sleep 100"), &[]);
    request.bounds.millis = 1_500;
    let response = isolated!(request);
    assert!(matches!(response.outcome, Outcome::TimedOut | Outcome::Exited(_)), "{response:?}");
    assert!(gone(&name), "still there");
    Ended::Passed
}

fn memory() -> Ended {
    // The shell has to hold the whole line.
    let mut request =
        shell("head -c 300000000 /dev/zero | tr '\\0' x | { read -r line; echo \"held ${#line}\"; }", &[]);
    request.bounds.memory = 32 << 20;
    request.bounds.millis = 20_000;
    let response = isolated!(request);
    assert!(!response.stdout.contains("held 300000000"), "{}", response.stdout);
    Ended::Passed
}

fn fills() -> Ended {
    let mut request = shell(
        "head -c 100000000 /dev/zero > /tmp/a && echo never; for i in 1 2 3 4 5 6 7 8; do head -c 9000000 /dev/zero > /tmp/b$i; done; echo $?",
        &[],
    );
    request.bounds.file_size = 10 << 20;
    request.bounds.root = 32 << 20;
    let response = isolated!(request);
    assert!(!response.stdout.contains("never"), "{}", response.stdout);
    assert!(response.stderr.contains("No space left"), "{}", response.stderr);
    Ended::Passed
}

fn network() -> Ended {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!(
        "for a in 127.0.0.1 ::1 1.1.1.1; do (echo hello > /dev/tcp/$a/{port}) 2>/dev/null && echo reached $a; done; echo tried; cat /proc/net/dev"
    );
    let mut request = shell(&script, &[]);
    request.argv[0] = "bash".to_owned();
    let response = isolated!(request);
    assert!(response.stdout.starts_with("tried\n"), "{}", response.stdout);
    assert_eq!(
        response.stdout.lines().filter(|line| line.contains(':')).count(),
        1,
        "only lo: {}",
        response.stdout
    );
    assert!(listener.accept().is_err(), "something connected");
    Ended::Passed
}

fn clean() -> Ended {
    let script = "env; test -t 0 || test -t 1 && echo terminal; (exec 3< /dev/tty) 2>/dev/null && echo tty; cat; \
                  for f in /proc/self/fd/*; do echo fd $f; done";
    let response = isolated!(shell(script, &[]));
    let mut lines: Vec<&str> = response.stdout.lines().collect();
    lines.retain(|line| {
        !line.starts_with("PWD=") && !line.starts_with("OLDPWD=") && *line != "_=/usr/bin/env"
    });
    let standard = [
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "fd /proc/self/fd/0",
        "fd /proc/self/fd/1",
        "fd /proc/self/fd/2",
    ];
    // The last is the shell's own, on the directory that it lists.
    assert_eq!(lines[..4], standard, "{}", response.stdout);
    assert!(lines.len() <= 5, "{}", response.stdout);
    Ended::Passed
}

fn privileges() -> Ended {
    let script = "unshare -Ur true 2>/dev/null && echo made-a-user-namespace; mount -t tmpfs x /mnt 2>/dev/null && echo mounted; \
                  umount /usr 2>/dev/null && echo unmounted; mount -o remount,rw /usr 2>/dev/null && echo writable; \
                  (echo 1 > /proc/sys/kernel/sysrq) 2>/dev/null && echo sysrq; grep NoNewPrivs /proc/self/status";
    for identity in [Identity::Plain, Identity::Root] {
        let mut request = shell(script, &[]);
        request.identity = identity;
        let response = isolated!(request);
        assert_eq!(response.stdout, "NoNewPrivs:\t1\n");
    }
    Ended::Passed
}

fn links() -> Ended {
    let scratch = scratch("links");
    let target = scratch.join("file");
    std::fs::write(&target, "outside").unwrap();
    let mut request =
        shell(&format!("cat /etc/link 2>&1; echo x > /etc/link; echo x > {}", target.display()), &[]);
    request.entries.push(Entry {
        path: "/etc/link".to_owned(),
        what: What::Link { target: target.display().to_string() },
    });
    // A file below a link: the link would have to be followed to write it.
    let mut below = request.clone();
    below.entries.push(Entry { path: "/etc/link/x".to_owned(), what: What::file(0o644, *b"x") });
    let response = isolated!(request);
    assert!(!response.stdout.contains("outside"), "{}", response.stdout);
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "outside");
    assert!(matches!(worker().run(&below).unwrap().outcome, Outcome::Refused { .. }));
    let _ = std::fs::remove_dir_all(scratch);
    Ended::Passed
}

/// What `main __caller NAME` does: runs a program that hangs.
pub(crate) fn caller(name: &str) -> i32 {
    let mut request = shell(&format!(": {name}; echo begun; sleep 1000"), &[]);
    request.bounds.millis = 600_000;
    let _ = worker().run(&request);
    0
}

fn orphans() -> Ended {
    isolated!(shell("true", &[]));
    let name = format!("orphan-{}", marker());
    let mounts = || std::fs::read_to_string("/proc/self/mounts").unwrap();
    let before = mounts();
    let mut caller = Command::new(std::env::current_exe().unwrap())
        .args(["__caller", &name])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + LIMIT;
    while crate::support::running(&name) < 2 {
        assert!(Instant::now() < deadline, "it never began");
        std::thread::sleep(Duration::from_millis(20));
    }
    caller.kill().unwrap();
    caller.wait().unwrap();
    assert!(gone(&name), "still there");
    assert_eq!(mounts(), before);
    Ended::Passed
}

fn ordinary_user() -> Ended {
    if crate::support::uid() != 0 {
        isolated!(shell("true", &[]));
        return Ended::Passed;
    }
    // A copy that everybody may execute.
    let scratch = scratch("user");
    let copy = scratch.join("worker");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    let arguments = ["--reuid=4321", "--regid=4321", "--clear-groups"].map(str::to_owned).to_vec();
    let arguments = [arguments, vec![copy.display().to_string(), "__sandbox".to_owned()]].concat();
    let Ok(mut sandbox) = Sandbox::start(std::path::Path::new("/usr/bin/setpriv"), &arguments) else {
        return Ended::Skipped("`setpriv` is not installed here".to_owned());
    };
    let response =
        sandbox.run(&shell("cat /proc/self/uid_map /etc/app.conf", &[("/etc/app.conf", "hello")])).unwrap();
    let _ = std::fs::remove_dir_all(scratch);
    if let Outcome::Refused { step, why } = &response.outcome {
        return Ended::Skipped(format!("{step}: {why}"));
    }
    let words: Vec<&str> = response.stdout.split_whitespace().collect();
    assert_eq!(words, ["900", "4321", "1", "hello"], "{}", response.stderr);
    Ended::Passed
}

fn refused() -> Ended {
    let executable = std::env::current_exe().unwrap();
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$0\" __sandbox";
    let started = Command::new("unshare").args(["-Ur", "sh", "-c", "true"]).status();
    if !started.is_ok_and(|status| status.success()) {
        return Ended::Skipped("`unshare -Ur` does not work here".to_owned());
    }
    let arguments = ["-Ur", "sh", "-c", script].map(str::to_owned).to_vec();
    let arguments = [arguments, vec![executable.display().to_string()]].concat();
    let mut sandbox = Sandbox::start(std::path::Path::new("/usr/bin/unshare"), &arguments).unwrap();
    let response = sandbox.run(&shell("echo ran", &[])).unwrap();
    let expected =
        Outcome::Refused { step: "user namespace".to_owned(), why: "No space left on device".to_owned() };
    assert_eq!(response.outcome, expected);
    assert!(response.stdout.is_empty() && response.isolation.is_empty());
    Ended::Passed
}

fn cannot_start() -> Ended {
    isolated!(shell("true", &[]));
    let with = |argv: &[&str], files: &[(&str, &str)]| Request {
        argv: argv.iter().map(|arg| (*arg).to_owned()).collect(),
        ..shell("", files)
    };
    assert_eq!(outcome(&with(&["no-such-program"], &[])), Outcome::NotFound);
    assert_eq!(
        outcome(&with(&["/etc/x"], &[("/etc/x", "#!/bin/sh\n")])),
        Outcome::NotFound,
        "not executable"
    );
    let mut broken = with(&["/etc/x"], &[]);
    broken
        .entries
        .push(Entry { path: "/etc/x".to_owned(), what: What::file(0o755, *b"#!/no/such/interpreter\n") });
    assert!(matches!(outcome(&broken), Outcome::NotExecutable(_)));
    assert_eq!(outcome(&shell("kill -SEGV $$", &[])), Outcome::Signalled("SIGSEGV".to_owned()));
    assert_eq!(outcome(&shell("kill -PIPE $$", &[])), Outcome::Signalled("SIGPIPE".to_owned()));
    assert_eq!(outcome(&shell("printf '\\377\\000\\033[31m'; exit 7", &[])), Outcome::Exited(7));
    let mut many = worker();
    for code in 0..20 {
        let request = Request { bounds: Bounds::default(), ..shell(&format!("exit {code}"), &[]) };
        assert_eq!(many.run(&request).unwrap().outcome, Outcome::Exited(code), "one worker serves many");
    }
    Ended::Passed
}
