//! A real S3 server, SeaweedFS, for a test binary: started once, ended with it, a bucket for each test.
//!
//! The program is the one that `CMC_TEST_WEED` names; without it tests are skipped by name.

use crate::skip;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// The access key of the server.
pub const KEY: &str = "weedkey";
/// Its secret.
pub const SECRET: &str = "weedsecret";

/// The URL of the server's S3 endpoint, which answers some seconds later ([`until_ready`]); `None` (and a line that says so) where there is no program.
pub fn endpoint(test: &str) -> Option<&'static str> {
    static URL: OnceLock<Option<String>> = OnceLock::new();
    let url = URL.get_or_init(|| {
        let program = PathBuf::from(std::env::var_os("CMC_TEST_WEED")?);
        Some(start(program))
    });
    if url.is_none() {
        skip(test, "CMC_TEST_WEED names no weed (SeaweedFS)");
    }
    url.as_deref()
}

/// Runs a program until the pipe on its standard input closes, which it does when this process ends in whatever way;
/// then ends it and removes its directory.
const UNTIL_CLOSED: &str = r#"dir=$1; shift; "$@" </dev/null >/dev/null 2>"$dir/log" & child=$!
cat >/dev/null; kill -9 $child; wait $child 2>/dev/null; rm -rf "$dir""#;

/// Holds the pipe.
static SERVER: Mutex<Option<Child>> = Mutex::new(None);

/// Free ports. SeaweedFS also listens on each port plus 10000 (gRPC).
fn ports<const N: usize>() -> [u16; N] {
    let mut held = Vec::new();
    let mut found = Vec::new();
    while found.len() < N {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let low = 10_000 + port % 40_000;
        if let (Ok(one), Ok(two)) =
            (TcpListener::bind(("127.0.0.1", low)), TcpListener::bind(("127.0.0.1", low + 10_000)))
        {
            found.push(low);
            held.extend([one, two]);
        }
    }
    found.try_into().unwrap()
}

fn start(program: PathBuf) -> String {
    let dir = std::env::temp_dir().join(format!("cmc-weed-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let config = format!(
        r#"{{"identities":[{{"name":"test","credentials":[{{"accessKey":"{KEY}","secretKey":"{SECRET}"}}],"actions":["Admin","Read","Write","List","Tagging"]}}]}}"#
    );
    std::fs::write(dir.join("s3.json"), config).unwrap();
    let [master, volume, filer, s3] = ports();
    let child = Command::new("sh")
        .args(["-c", UNTIL_CLOSED, "sh"])
        .arg(&dir)
        .arg(program)
        .args(["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", "-filer=true", "-volume.max=50"])
        .args([
            "-master.volumeSizeLimitMB=64",
            "-volume.preStopSeconds=0",
            "-master.telemetry=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
        ])
        .arg(format!("-dir={}", dir.display()))
        .arg(format!("-master.port={master}"))
        .arg(format!("-volume.port={volume}"))
        .arg(format!("-filer.port={filer}"))
        .arg(format!("-s3.port={s3}"))
        .arg(format!("-s3.config={}", dir.join("s3.json").display()))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", &dir)
        .current_dir(&dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    *SERVER.lock().unwrap() = Some(child);
    format!("http://127.0.0.1:{s3}")
}

/// Polls until an action succeeds; the server needs some seconds to be ready.
pub fn until_ready<T, E: std::fmt::Display>(mut action: impl FnMut() -> Result<T, E>) -> T {
    let start = Instant::now();
    loop {
        match action() {
            Ok(value) => return value,
            Err(error) if start.elapsed() > Duration::from_secs(180) => {
                panic!("weed is not ready after three minutes: {error}")
            }
            Err(_) => std::thread::sleep(Duration::from_millis(200)),
        }
    }
}
