//! Names of owners, by the root's own accounts.

use crate::files::accounts as base;
use cmc_types::Os;
use std::collections::HashMap;
use std::path::Path;

/// The accounts of a root.
pub(super) struct Accounts {
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
}

impl Accounts {
    /// Reads `etc/passwd` and `etc/group` of a root. One without them, such as an unpacked package, has what every such system has,
    /// and whoever unpacked it without being root stands for root.
    pub(super) fn of(root: &Path, os: &Os) -> Self {
        let mut users = table(&super::machine::text(root, "etc/passwd").unwrap_or_default());
        let mut groups = table(&super::machine::text(root, "etc/group").unwrap_or_default());
        let unpacked = users.is_empty();
        if unpacked && matches!(os.family(), "debian" | "ubuntu") {
            users = known(DEBIAN_USERS);
            groups = known(DEBIAN_GROUPS);
        }
        users.entry(0).or_insert_with(|| "root".to_owned());
        groups.entry(0).or_insert_with(|| base::primary_group(os.family(), "root").to_owned());
        if unpacked && let Ok(metadata) = std::fs::symlink_metadata(root) {
            use std::os::unix::fs::MetadataExt as _;
            let (root_user, root_group) = (users[&0].clone(), groups[&0].clone());
            users.entry(metadata.uid()).or_insert(root_user);
            groups.entry(metadata.gid()).or_insert(root_group);
        }
        Self { users, groups }
    }

    pub(super) fn user(&self, id: u32) -> Option<String> {
        self.users.get(&id).cloned()
    }

    pub(super) fn group(&self, id: u32) -> Option<String> {
        self.groups.get(&id).cloned()
    }
}

/// The accounts that have the same number on every Debian: base-passwd's, in the order of `name id`.
const DEBIAN_USERS: &str = "root 0 daemon 1 bin 2 sys 3 sync 4 games 5 man 6 lp 7 mail 8 news 9 uucp 10 proxy 13 \
    www-data 33 backup 34 list 38 irc 39 nobody 65534";
const DEBIAN_GROUPS: &str = "root 0 daemon 1 bin 2 sys 3 adm 4 tty 5 disk 6 lp 7 mail 8 news 9 uucp 10 man 12 \
    proxy 13 kmem 15 dialout 20 fax 21 voice 22 cdrom 24 floppy 25 tape 26 sudo 27 audio 29 dip 30 www-data 33 \
    backup 34 operator 37 list 38 irc 39 src 40 shadow 42 utmp 43 video 44 sasl 45 plugdev 46 staff 50 games 60 \
    users 100 nogroup 65534";

fn known(names: &str) -> HashMap<u32, String> {
    let words: Vec<&str> = names.split_whitespace().collect();
    words
        .chunks(2)
        .filter_map(|pair| Some((pair.get(1)?.parse().ok()?, (*pair.first()?).to_owned())))
        .collect()
}

/// Names by number: the first name of a number counts, as getpwuid(3) has it.
fn table(text: &str) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    for line in text.lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(id)) = (fields.next(), fields.nth(1).and_then(|id| id.parse().ok())) {
            names.entry(id).or_insert_with(|| name.to_owned());
        }
    }
    names
}
