//! Commands and health probes against real programs, listeners and process groups.

use cmc_fetch::actions::{Runner, SystemRunner};
use cmc_types::check::Probe;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(400);
/// More than any machine needs, and less than what a test that goes wrong would take.
const LONG: Duration = Duration::from_secs(60);

fn runner(scratch: &Path) -> SystemRunner {
    let path = ["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from).to_vec();
    SystemRunner::new(path, Path::new("/"), scratch)
}

fn probe(probe: &Probe, timeout: Duration) -> Result<(), String> {
    let scratch = tempfile::tempdir().unwrap();
    runner(scratch.path()).probe(probe, timeout)
}

fn sh(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).to_vec()
}

/// A server that sends this answer to every connection, or none and holds it open; its address.
fn serve(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let Some(answer) = answer else {
                held.push(stream);
                continue;
            };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn an_http_probe_wants_2xx_from_the_address_itself_and_shows_what_else_it_got() {
    let http = |answer, timeout| probe(&Probe::Http(format!("http://{}/isalive", serve(answer))), timeout);
    assert_eq!(http(Some("HTTP/1.1 204 No Content\r\n\r\n"), LONG), Ok(()));
    let redirect = "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    assert!(http(Some(redirect), LONG).unwrap_err().contains("answered 302"));
    let broken = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 10\r\n\r\nno backend";
    assert!(http(Some(broken), LONG).unwrap_err().contains("answered 503: no backend"));
    assert!(http(Some("220 smtp ready\r\n"), LONG).is_err());
    let start = Instant::now();
    assert!(http(None, SHORT).is_err(), "a server that never answers");
    assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
}

#[test]
fn a_tcp_probe_wants_a_listener() {
    assert_eq!(probe(&Probe::Tcp(serve(None)), LONG), Ok(()));
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    assert!(probe(&Probe::Tcp(free.clone()), LONG).unwrap_err().contains(&free));
    assert!(probe(&Probe::Tcp("no-such-host.invalid:1".into()), LONG).is_err());
}

#[test]
fn an_exec_probe_wants_exit_0_and_shows_the_last_output_otherwise() {
    assert_eq!(probe(&Probe::Exec(sh("exit 0")), LONG), Ok(()));
    let failed = probe(&Probe::Exec(sh("echo first; echo not ready >&2; exit 3")), LONG).unwrap_err();
    assert!(failed.contains("exited 3") && failed.contains("not ready"), "{failed}");
    let missing = probe(&Probe::Exec(vec!["no-such-program".into()]), LONG).unwrap_err();
    assert!(missing.contains("there is no program no-such-program"), "{missing}");
}

#[test]
fn a_command_runs_with_a_clean_environment_and_no_shell() {
    let scratch = tempfile::tempdir().unwrap();
    let ended = runner(scratch.path()).run(&["env".to_owned()], LONG);
    let names: Vec<&str> = ended.output.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert!(names.iter().all(|name| ["PATH", "LC_ALL", "HOME", "TERM"].contains(name)), "{names:?}");
    let ended = runner(scratch.path()).run(&["echo", "$HOME;", "`id`"].map(str::to_owned), LONG);
    assert_eq!(ended.output, "$HOME; `id`\n");
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
}

/// Whether a process runs; one that ended but that nobody waited for does not.
fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next()).is_some_and(|s| s != 'Z')
}

/// The process that wrote its number there, if one did.
fn written(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.ends_with('\n').then(|| text.trim().to_owned())
}

/// Waits until something holds.
fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(start.elapsed() < LONG, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_command_that_takes_too_long_is_ended_with_its_whole_process_group() {
    let scratch = tempfile::tempdir().unwrap();
    let child = scratch.path().join("child");
    for deaf in ["", "trap '' TERM; "] {
        let script = format!("{deaf}sh -c '{deaf}echo $$ > {}; sleep 300' & sleep 300", child.display());
        // Long enough for the child to have begun, however slow the machine is.
        let mut timeout = SHORT;
        let pid = until("the child never began", || {
            let ended = runner(scratch.path()).run(&sh(&script), timeout);
            assert!(!ended.ok && ended.how.contains("took longer than"), "{}", ended.how);
            timeout *= 2;
            written(&child)
        });
        until(&format!("{deaf}{pid} still runs"), || (!runs(&pid)).then_some(()));
        std::fs::remove_file(&child).unwrap();
    }
}

#[test]
fn a_daemon_that_a_command_leaves_behind_neither_holds_the_run_up_nor_ends_with_it() {
    let scratch = tempfile::tempdir().unwrap();
    let daemon = scratch.path().join("daemon");
    let script = format!("sh -c 'echo $$ > {}; exec sleep 300' & echo started", daemon.display());
    let start = Instant::now();
    let ended = runner(scratch.path()).run(&sh(&script), LONG);
    assert!(ended.ok && ended.output.contains("started"), "{ended:?}");
    assert!(start.elapsed() < LONG);
    let pid = until("the daemon never began", || written(&daemon));
    assert!(runs(&pid));
    std::process::Command::new("kill").arg(&pid).status().unwrap();
}
