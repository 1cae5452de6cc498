//! A resolver inside the private network, for names that are not the fleet's: programs refuse a configuration whose
//! names do not resolve, and there is no network to ask. It answers every name that has a dot with one address of the
//! range reserved for tests (RFC 2544), except below the fleet's own domains, where a name that /etc/hosts does not
//! have is a mistake. What it was asked is reported, since nobody checked those names. Messages: RFC 1035 §4.

use super::fork::SingleThread;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Write};
use std::net::UdpSocket;

/// The address of every name outside the fleet.
const OUTSIDE: [u8; 4] = [198, 19, 255, 254];
const TYPE_A: [u8; 2] = [0, 1];
/// Bytes of names that are reported.
const REPORT_LIMIT: u64 = 64 << 10;

/// A resolver that runs in a process of its own until the pid namespace ends.
pub(super) struct Resolver {
    asked: File,
}

impl Resolver {
    /// Starts it; `domains` are those of the fleet.
    pub(super) fn start(domains: &[String], single: SingleThread) -> std::io::Result<Self> {
        let socket = UdpSocket::bind(("0.0.0.0", 53))?;
        let (asked, report) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
        single.fork(|| serve(&socket, domains, &mut File::from(report)))?;
        Ok(Self { asked: File::from(asked) })
    }

    /// The names outside the fleet that were asked for.
    pub(super) fn asked(self) -> Vec<String> {
        let mut text = Vec::new();
        // The other end is open as long as the resolver lives: this ends when the pipe is empty.
        let _ = self.asked.take(REPORT_LIMIT).read_to_end(&mut text);
        let names: BTreeSet<String> = String::from_utf8_lossy(&text).lines().map(str::to_owned).collect();
        names.into_iter().collect()
    }
}

fn serve(socket: &UdpSocket, domains: &[String], report: &mut File) -> i32 {
    let mut buffer = [0; 1_500];
    loop {
        match socket.recv_from(&mut buffer) {
            Ok((length, from)) => {
                let Some((answer, name)) = answer(&buffer[..length], domains) else { continue };
                // Reported before it is answered, so that no name is missing when the program ends.
                if let Some(name) = name {
                    let _ = report.write_all(format!("{name}\n").as_bytes());
                }
                let _ = socket.send_to(&answer, from);
            }
            Err(error) if error.raw_os_error() == Some(Errno::EINTR as i32) => {}
            Err(_) => return 1,
        }
    }
}

/// The answer to a question, and the name if it was taken for granted.
fn answer(query: &[u8], domains: &[String]) -> Option<(Vec<u8>, Option<String>)> {
    let (id, flags) = (query.get(..2)?, query.get(2..4)?);
    if flags[0] & 0x80 != 0 || query.get(4..6)? != [0, 1] {
        return None;
    }
    let (name, end) = name(query)?;
    let question = query.get(12..end + 4)?;
    let kind = question.get(question.len() - 4..question.len() - 2)?;
    let own = domains.iter().any(|domain| {
        name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    let known = name.contains('.') && !own;
    let address = known && kind == TYPE_A;
    let mut answer = id.to_vec();
    // Response, recursion desired as asked, recursion available; code 3: no such name.
    answer.extend([0x80 | flags[0] & 1, 0x80 | if known { 0 } else { 3 }]);
    answer.extend([0, 1, 0, u8::from(address), 0, 0, 0, 0]);
    answer.extend(question);
    if address {
        // The question's name, type A, class IN, a minute, four bytes.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend(OUTSIDE);
    }
    Some((answer, known.then_some(name)))
}

/// The name of the question, in lower case, and where it ends.
fn name(query: &[u8]) -> Option<(String, usize)> {
    let mut name = String::new();
    let mut at = 12;
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            return (!name.is_empty() && name.len() < 254).then_some((name, at));
        }
        if length > 63 {
            return None;
        }
        if !name.is_empty() {
            name.push('.');
        }
        for byte in query.get(at..at + length)? {
            let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            name.push(if plain { char::from(byte.to_ascii_lowercase()) } else { '?' });
        }
        at += length;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::answer;

    fn query(name: &str, kind: u8) -> Vec<u8> {
        let mut query = vec![7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            query.push(label.len() as u8);
            query.extend(label.as_bytes());
        }
        query.extend([0, 0, kind, 0, 1]);
        query
    }

    #[test]
    fn names_outside_the_fleet_resolve_and_are_reported() {
        let domains = ["example.net".to_owned()];
        for (name, kind, code, answers, reported) in [
            ("api.example.com", 1, 0, 1, Some("api.example.com")),
            ("API.example.com", 28, 0, 0, Some("api.example.com")),
            ("web9.example.net", 1, 3, 0, None),
            ("example.net", 1, 3, 0, None),
            ("myexample.net", 1, 0, 1, Some("myexample.net")),
            ("web9", 1, 3, 0, None),
        ] {
            let (answer, taken) = answer(&query(name, kind), &domains).unwrap();
            assert_eq!(answer[..2], [7, 9]);
            assert_eq!((answer[3] & 15, answer[7]), (code, answers), "{name}");
            assert_eq!(taken.as_deref(), reported, "{name}");
            assert_eq!(answer.ends_with(&[198, 19, 255, 254]), answers == 1);
        }
    }

    #[test]
    fn nonsense_is_not_answered() {
        let good = query("a.b", 1);
        for length in 0..good.len() {
            assert!(answer(&good[..length], &[]).is_none(), "{length}");
        }
        assert!(answer(&[0xff; 512], &[]).is_none());
        let mut reply = good;
        reply[2] |= 0x80;
        assert!(answer(&reply, &[]).is_none());
    }
}
