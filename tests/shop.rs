//! The larger example on real input: from a clean copy to files on hosts, through a real S3 server and real validators,
//! and a real nginx that answers over TLS from what was fetched.

use crate::support::{Ran, Scratch, has, skip, tree};
use cmc_testing::weed;
use std::io::Write as _;
use std::process::{Command, Stdio};

const HOSTS: [(&str, &str, &str); 5] = [
    ("web1", "debian-12", "x86_64"),
    ("app1", "debian-12", "x86_64"),
    ("app2", "debian-12", "aarch64"),
    ("gw1", "openbsd-7.6", "x86_64"),
    ("edge1", "alpine-3.20", "x86_64"),
];

fn set_secret(scratch: &Scratch, name: &str, value: &[u8]) {
    let mut command = scratch.command();
    command
        .args(["-C", "shop", "secret", "set", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(value).unwrap();
    Ran::from(child.wait_with_output().unwrap()).expect(0);
}

/// A certificate for shop.example and its key, made by openssl.
fn certificate(scratch: &Scratch) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=shop.example"])
        .args(["-addext", "subjectAltName=DNS:shop.example"])
        .arg("-keyout")
        .arg(scratch.path("key.pem"))
        .arg("-out")
        .arg(scratch.path("cert.pem"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// Copies the example, gives it keys, secrets and a host key for every host, and points it at a store.
fn enrolled(scratch: &Scratch, store: &str) {
    scratch.copy_from_repository("examples/shop", "shop");
    let fleet = scratch.read("shop/fleet.toml").replace("store = \"dir:store\"", store);
    scratch.write("shop/fleet.toml", &fleet);
    scratch.fleet("shop", &["trust", "init"]).expect(0);
    certificate(scratch);
    set_secret(scratch, "tls_key", scratch.read("key.pem").as_bytes());
    set_secret(scratch, "tls_cert", scratch.read("cert.pem").as_bytes());
    set_secret(scratch, "orders_db_url", b"postgresql://api:s3cret@db.internal/orders");
    let mut hosts = scratch.read("shop/hosts/hosts.toml");
    for (host, _, _) in HOSTS {
        let keygen =
            Command::new("age-keygen").arg("-o").arg(scratch.path(format!("{host}.key"))).output().unwrap();
        assert!(keygen.status.success(), "{}", String::from_utf8_lossy(&keygen.stderr));
        let text = scratch.read(format!("{host}.key"));
        let recipient = text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
        hosts = hosts
            .replace(&format!("[host.{host}]\n"), &format!("[host.{host}]\nrecipient = \"{recipient}\"\n"));
    }
    scratch.write("shop/hosts/hosts.toml", &hosts);
}

/// Writes the host's fetch.toml from the line that enrols it, and fetches into `roots/HOST`.
fn fetch(scratch: &Scratch, host: &str, env: &[(&str, String)]) -> Ran {
    let line = scratch.fleet("shop", &["host", "show", host]).expect(0).json();
    let store = match &line["store"] {
        serde_json::Value::String(url) => format!("\"{url}\""),
        table => {
            let fields: Vec<String> =
                table.as_object().unwrap().iter().map(|(key, value)| format!("{key} = {value}")).collect();
            format!("{{ {} }}", fields.join(", "))
        }
    };
    let config = format!(
        "store = {store}\nchannel = \"main\"\nhost = \"{host}\"\nid = {}\nidentity = \"{host}.key\"\nfleet-id = {}\n\
         root = {{ version = {}, hash = {} }}\n",
        line["id"], line["fleet-id"], line["root"]["version"], line["root"]["hash"]
    );
    scratch.write(format!("{host}.toml"), &config);
    std::fs::create_dir_all(scratch.path(format!("roots/{host}"))).unwrap();
    let mut command = scratch.command();
    command.args(["fetch", "--config", &format!("{host}.toml"), "--root", &format!("roots/{host}"), "run"]);
    command.envs(env.iter().map(|(name, value)| (*name, value.as_str())));
    command.output().unwrap().into()
}

fn missing(programs: &[&str]) -> Option<String> {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| !has(program)).collect();
    (!missing.is_empty()).then(|| format!("not installed: {}", missing.join(", ")))
}

#[test]
fn every_host_of_the_example_gets_its_files_through_a_directory() {
    if let Some(missing) = missing(&["age-keygen", "openssl"]) {
        return skip("every_host_of_the_example_gets_its_files_through_a_directory", &missing);
    }
    let scratch = Scratch::new();
    enrolled(&scratch, "store = \"dir:store\"\nvalidation = \"optional\"");
    scratch.fleet("shop", &["build"]).expect(0);
    scratch.fleet("shop", &["publish"]).expect(0);
    for (host, _, _) in HOSTS {
        fetch(&scratch, host, &[]).expect(0);
    }
    let nginx = scratch.read("roots/web1/etc/nginx/nginx.conf");
    assert!(
        nginx.contains("server 10.20.0.21:8080;") && nginx.contains("server 10.20.0.22:9090;"),
        "{nginx}"
    );
    assert_eq!(scratch.read("roots/web1/etc/nginx/tls/shop.key"), scratch.read("key.pem"));
    assert!(scratch.read("roots/app1/etc/cmc/env/api.env").contains("s3cret"));
    assert!(
        scratch
            .read("roots/app1/etc/systemd/system/api.service")
            .contains("ExecStart=/usr/local/bin/api --port 8080")
    );
    assert!(scratch.read("roots/gw1/etc/rc.d/beacon").contains("rc_cmd $1"));
    assert!(scratch.read("roots/gw1/etc/login.conf.d/beacon").contains("openfiles-cur=1024"));
    assert!(scratch.read("roots/edge1/etc/init.d/api").starts_with("#!/sbin/openrc-run"));
    assert!(
        !tree(&scratch.path("roots/gw1")).keys().any(|path| path.contains("nginx")),
        "nothing of other hosts"
    );
}

#[test]
fn the_example_goes_through_a_real_s3_server() {
    const NAME: &str = "the_example_goes_through_a_real_s3_server";
    const BUCKET: &str = "cmc-shop-test";
    if let Some(missing) =
        missing(&["age-keygen", "curl", "openssl", "nginx", "systemd-analyze", "visudo", "sshd"])
    {
        return skip(NAME, &missing);
    }
    let Some(endpoint) = weed::endpoint(NAME) else { return };
    let scratch = Scratch::new();
    let store = format!(
        "store = {{ url = \"s3://{BUCKET}/shop\", endpoint = \"{endpoint}\", region = \"us-east-1\", path-style = true }}"
    );
    enrolled(&scratch, &store);
    let env =
        [("AWS_ACCESS_KEY_ID", weed::KEY.to_owned()), ("AWS_SECRET_ACCESS_KEY", weed::SECRET.to_owned())];
    let run = |args: &[&str]| -> Ran {
        let mut command = scratch.command();
        command.args(["-C", "shop"]).args(args).envs(env.iter().map(|(name, value)| (*name, value.as_str())));
        command.output().unwrap().into()
    };
    make_bucket(&scratch, endpoint, BUCKET);
    // Writing works only once a volume server has joined.
    weed::until_ready(|| {
        let probe = run(&["store", "probe"]);
        if probe.code == 0 { Ok(()) } else { Err(probe.err) }
    });
    let built = run(&["build", "--format", "json"]).expect(0).json();
    if built["diagnostics"].as_array().unwrap().iter().any(|one| one["code"] == "check-not-made") {
        return skip(NAME, "a validator could not be isolated or is missing here");
    }
    run(&["publish"]).expect(0);
    run(&["store", "verify"]).expect(0);
    for (host, _, _) in HOSTS {
        fetch(&scratch, host, &env).expect(0);
    }
    assert!(scratch.read("roots/web1/etc/nginx/nginx.conf").contains("server 10.20.0.21:8080;"));
    let wrong = [("AWS_ACCESS_KEY_ID", "cmc-test".to_owned()), ("AWS_SECRET_ACCESS_KEY", "wrong".to_owned())];
    fetch(&scratch, "web1", &wrong).expect(6);
}

#[test]
fn a_real_nginx_answers_over_tls_from_the_fetched_root() {
    const NAME: &str = "a_real_nginx_answers_over_tls_from_the_fetched_root";
    if let Some(missing) = missing(&["age-keygen", "openssl", "nginx", "unshare", "ip"]) {
        return skip(NAME, &missing);
    }
    let namespaces = Command::new("unshare").args(["-rmn", "true"]).output().unwrap();
    if !namespaces.status.success() {
        return skip(NAME, "mount and network namespaces are refused here");
    }
    let scratch = Scratch::new();
    enrolled(&scratch, "store = \"dir:store\"\nvalidation = \"optional\"");
    scratch.fleet("shop", &["build"]).expect(0);
    scratch.fleet("shop", &["publish"]).expect(0);
    fetch(&scratch, "web1", &[]).expect(0);
    let root = scratch.path("roots/web1");
    // A mount and network namespace of its own: nothing of this machine's nginx, ports or logs is touched.
    let script = format!(
        "set -e\nip link set lo up\n\
         mount --bind {root}/etc/nginx /etc/nginx\nmount -t tmpfs none /var/log/nginx\nmount -t tmpfs none /var/lib/nginx\n\
         mount -t tmpfs none /run\nmount -t tmpfs none /var/www\nmkdir -p /var/www/shop\n\
         cp {root}/var/www/shop/index.html /var/www/shop/\n\
         sed -i 's/^user .*/user root;/' /etc/nginx/nginx.conf\n\
         nginx\n\
         printf 'GET / HTTP/1.0\\r\\nHost: shop.example\\r\\n\\r\\n' | openssl s_client -quiet -verify_return_error \
         -servername shop.example -verify_hostname shop.example -CAfile {cert} -connect 127.0.0.1:443 2>/dev/null\n\
         nginx -s stop\n",
        root = root.display(),
        cert = scratch.path("cert.pem").display(),
    );
    let ran: Ran = Command::new("unshare").args(["-rmn", "sh", "-c", &script]).output().unwrap().into();
    assert!(ran.out.contains("It works."), "stdout:\n{}\nstderr:\n{}", ran.out, ran.err);
}

/// Makes a bucket of the real S3 server, with a signed PUT, which curl can sign: `store probe` needs one.
fn make_bucket(scratch: &Scratch, endpoint: &str, bucket: &str) {
    weed::until_ready(|| {
        let made = Command::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--fail",
                "--request",
                "PUT",
                "--aws-sigv4",
                "aws:amz:us-east-1:s3",
            ])
            .args(["--user", &format!("{}:{}", weed::KEY, weed::SECRET), &format!("{endpoint}/{bucket}")])
            .current_dir(scratch.path(""))
            .output()
            .unwrap();
        if made.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&made.stderr).into_owned()) }
    });
}
