//! Keys that people will look for where they are not: those of a later version, and those that only a service itself
//! has. They are unknown keys like any other; only the help text differs.

/// What to say about such a key.
pub(super) fn help(key: &str, known: &[&str]) -> Option<&'static str> {
    let has = |other: &str| known.contains(&other);
    let service = has("daemon") && has("login-class");
    Some(match key {
        "on" | "use" | "for" if service => {
            "presets and overlays cannot set `on` and `use`, and overlays hold no further `for`; the service does"
        }
        "packages" if service => "this version of cmc installs no packages; install them another way",
        "dir" if service => "this version of cmc has no directories of files; list the files under `file`",
        "sysctl" if service => {
            "this version of cmc has no `sysctl`; write a file under /etc/sysctl.d with `file`"
        }
        _ if known == ["existing"] => {
            "this version of cmc makes no accounts; `existing = true` says that somebody else does"
        }
        _ => return None,
    })
}
