//! Managed blocks, from the definition to the file that others own.

use crate::support::{Ran, Scratch};

/// A fleet with one host and this service, and the file of a host as its owners have it.
fn fleet(service: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.cmc(["init", "fleet"]).expect(0);
    std::fs::remove_file(scratch.path("fleet/services/hello.toml")).unwrap();
    scratch.write("fleet/services/api.toml", service);
    scratch
}

fn publish(scratch: &Scratch) {
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch.fleet("fleet", &["publish"]).expect(0);
}

fn fetch(scratch: &Scratch) -> Ran {
    scratch.fetch(&["--config", "fleet/.cmc/hosts/web1/fetch.toml", "--root", "root", "run"])
}

fn block(name: &str, content: &str) -> String {
    format!(
        "[service.{name}]\non = [\"@all\"]\nfile.\"/etc/hosts\" = {{ block = \"{name}\", content = {content:?} }}\n"
    )
}

/// Odd enough: blanks, tabs, a carriage return, no UTF-8.
const BEFORE: &[u8] = b"127.0.0.1\tlocalhost  \r\n# caf\xe9\n\n";
const AFTER: &[u8] = b"::1 localhost\n# END\xff";

#[test]
fn what_others_have_around_a_block_stays_byte_for_byte_through_change_drift_and_removal() {
    let scratch = fleet(&block("api", "192.0.2.7 orders\n"));
    publish(&scratch);
    scratch.write("root/etc/hosts", "");
    let hosts = scratch.path("root/etc/hosts");
    let lines = |name: &str, text: &str| format!("# BEGIN cmc {name}\n{text}# END cmc {name}\n").into_bytes();
    let lies = |expected: &[&[u8]]| {
        let read = std::fs::read(&hosts).unwrap();
        assert_eq!(read, expected.concat(), "{}", String::from_utf8_lossy(&read));
    };
    std::fs::write(&hosts, BEFORE).unwrap();
    fetch(&scratch).expect(0);
    let one = lines("api", "192.0.2.7 orders\n");
    lies(&[BEFORE, &one]);

    // Others go on writing behind it, and a second service comes.
    std::fs::write(&hosts, [BEFORE, &one, AFTER].concat()).unwrap();
    fetch(&scratch).expect(0);
    lies(&[BEFORE, &one, AFTER]);
    scratch.write("fleet/services/base.toml", &block("base", "192.0.2.9 base\n"));
    scratch.write("fleet/services/api.toml", &block("api", "192.0.2.7 orders\n192.0.2.8 stock"));
    publish(&scratch);
    fetch(&scratch).expect(0);
    let (two, base) =
        (lines("api", "192.0.2.7 orders\n192.0.2.8 stock\n"), lines("base", "192.0.2.9 base\n"));
    lies(&[BEFORE, &two, AFTER, b"\n", &base]);

    // Drift within the block is repaired, around it none is seen.
    let edited = String::from_utf8_lossy(&two).replace("stock", "hacked").into_bytes();
    std::fs::write(&hosts, [BEFORE, &edited, AFTER, b"\nmore\n", &base].concat()).unwrap();
    fetch(&scratch).expect(0);
    lies(&[BEFORE, &two, AFTER, b"\nmore\n", &base]);

    // It goes when the service has it no more, or says so.
    scratch.write("fleet/services/base.toml", &block("base", "").replace("content = \"\"", "absent = true"));
    publish(&scratch);
    fetch(&scratch).expect(0);
    lies(&[BEFORE, &two, AFTER, b"\nmore\n"]);
    std::fs::remove_file(scratch.path("fleet/services/api.toml")).unwrap();
    scratch.fleet("fleet", &["build"]).expect(0);
    scratch.fleet("fleet", &["publish", "--allow-removals", "1"]).expect(0);
    fetch(&scratch).expect(0);
    lies(&[BEFORE, AFTER, b"\nmore\n"]);
}

#[test]
fn render_shows_the_blocks_of_a_path_with_their_markers_and_diff_names_them() {
    let scratch = fleet(&block("api", "192.0.2.7 orders"));
    scratch.write("fleet/services/base.toml", &block("base", "192.0.2.9 base\n"));
    scratch.write("fleet/files/app.ini", "[app]\na = 1\n");
    scratch.write(
        "fleet/services/ini.toml",
        "[service.ini]\non = [\"@all\"]\nfile.\"/etc/app.ini\" = { block = \"ini\", source = \"files/app.ini\" }\n",
    );
    scratch.fleet("fleet", &["render", "web1", "--out", "rendered"]).expect(0);
    assert_eq!(
        scratch.read("rendered/etc/hosts"),
        "# BEGIN cmc api\n192.0.2.7 orders\n# END cmc api\n# BEGIN cmc base\n192.0.2.9 base\n# END cmc base\n"
    );
    assert_eq!(scratch.read("rendered/etc/app.ini"), "; BEGIN cmc ini\n[app]\na = 1\n; END cmc ini\n");
    std::fs::create_dir(scratch.path("root")).unwrap();
    let diff = scratch.fleet("fleet", &["diff"]).expect(0);
    assert!(diff.out.contains("+ /etc/hosts (block api)"), "{}", diff.out);
    publish(&scratch);
    fetch(&scratch).expect(0);
    for file in ["etc/hosts", "etc/app.ini"] {
        assert_eq!(scratch.read(format!("root/{file}")), scratch.read(format!("rendered/{file}")));
    }
}
