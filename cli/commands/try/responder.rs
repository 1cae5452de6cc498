//! Answers the health checks of the story's services: `GET /HOST` is 200 while the configuration that is installed on
//! that host says that its status is ok, and 500 otherwise. So what is checked is what was really installed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Answers on a port of the loopback interface until the process ends.
pub(super) fn start(hosts: PathBuf) -> std::io::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    std::thread::Builder::new().name("responder".to_owned()).spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = answer(stream, &hosts);
        }
    })?;
    Ok(port)
}

fn answer(mut stream: TcpStream, hosts: &Path) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let host = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    let known = super::hosts::HOSTS.iter().find(|known| known.name == host);
    let config = known
        .and_then(|known| std::fs::read(hosts.join(known.name).join("root/etc/greeter/config.json")).ok());
    let config: Option<serde_json::Value> = config.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let status = config.as_ref().and_then(|config| config["status"].as_str()).unwrap_or("missing");
    let line = if status == "ok" { "200 OK" } else { "500 Internal Server Error" };
    let body = format!("status {status}\n");
    write!(stream, "HTTP/1.1 {line}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}
