//! A store behind HTTPS on this machine: a real nginx with a certificate of its own.

use crate::failure::{Context as _, Failure};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A certificate of a server, not of an authority, which clients refuse as a server's.
const CERTIFICATE: &str = "\
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = bench
[extensions]
subjectAltName = IP:127.0.0.1
basicConstraints = critical, CA:FALSE
";

/// The server. It ends when it is dropped.
pub(crate) struct Tls {
    dir: tempfile::TempDir,
    certificate: PathBuf,
    port: u16,
    nginx: Child,
}

impl Tls {
    /// Serves a directory; says what is missing if this machine cannot.
    pub(crate) fn start(root: &Path) -> Result<Result<Self, String>, Failure> {
        let dir = tempfile::tempdir().context("a directory for nginx")?;
        let certificate = dir.path().join("cert.pem");
        std::fs::write(dir.path().join("openssl.conf"), CERTIFICATE).context("openssl.conf")?;
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
            .args(["-days", "2", "-config"])
            .arg(dir.path().join("openssl.conf"))
            .arg("-keyout")
            .arg(dir.path().join("key.pem"))
            .arg("-out")
            .arg(&certificate)
            .output();
        if !made.is_ok_and(|made| made.status.success()) {
            return Ok(Err("no openssl that makes a certificate".to_owned()));
        }
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.context("a port")?.port();
        let config = format!(
            "daemon off;\nmaster_process off;\npid {dir}/pid;\nerror_log {dir}/error.log;\nevents {{}}\nhttp {{\n  \
             access_log off;\n  server {{\n    listen 127.0.0.1:{port} ssl;\n    ssl_certificate {dir}/cert.pem;\n    \
             ssl_certificate_key {dir}/key.pem;\n    root {root};\n  }}\n}}\n",
            dir = dir.path().display(),
            root = root.display()
        );
        std::fs::write(dir.path().join("nginx.conf"), config).context("nginx.conf")?;
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
        let started = Command::new("nginx")
            .env("PATH", path)
            .arg("-p")
            .arg(dir.path())
            .arg("-c")
            .arg(dir.path().join("nginx.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(nginx) = started else { return Ok(Err("no nginx".to_owned())) };
        let server = Self { dir, certificate, port, nginx };
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(Ok(server));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(server.dir.path().join("error.log")).unwrap_or_default();
        Err(Failure(format!("nginx does not answer: {log}")))
    }

    /// Its address, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The certificate that clients trust.
    pub(crate) fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The ETag that nginx gives a file.
    pub(crate) fn etag(path: &Path) -> Result<String, Failure> {
        let meta = std::fs::metadata(path).context(path.display())?;
        Ok(format!("\"{:x}-{:x}\"", meta.mtime(), meta.size()))
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.nginx.kill();
        let _ = self.nginx.wait();
    }
}
