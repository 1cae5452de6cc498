//! Users, groups and hosts of sudoers, and whom a command runs as.

use super::*;
use std::net::{IpAddr, Ipv4Addr};

impl Statement<'_, '_, '_> {
    pub(super) fn user(&mut self, kind: AliasKind) -> Read<User> {
        if let Some((id, _)) = self.cursor.id() {
            return Ok(User::Id(id));
        }
        let start = self.cursor.at;
        let quoted = self.cursor.rest().starts_with('"');
        let word = if quoted { self.string()? } else { self.member()? };
        let empty = |what| wrong(start..start + 1, what, "write its name right behind the sign");
        if let Some(group) = word.text.strip_prefix("%:") {
            return if group.is_empty() {
                empty("a group has no name")
            } else {
                Ok(User::Foreign(group.to_owned()))
            };
        }
        if let Some(group) = word.text.strip_prefix('%') {
            let number = group.strip_prefix('#').map(str::parse);
            return match number {
                Some(Ok(id)) => Ok(User::GroupId(id)),
                _ if group.is_empty() => empty("a group has no name"),
                _ => Ok(User::Group(group.to_owned())),
            };
        }
        if let Some(group) = word.text.strip_prefix('+') {
            return if group.is_empty() {
                empty("a netgroup has no name")
            } else {
                Ok(User::Netgroup(group.to_owned()))
            };
        }
        if let Some(id) = word.text.strip_prefix('#').and_then(|id| id.parse().ok()) {
            return Ok(User::Id(id));
        }
        if word.text == "ALL" && !word.escaped {
            return Ok(User::All);
        }
        if is_alias(&word.text) && !word.escaped {
            self.alias(kind, &word);
            return Ok(User::Alias(word.text));
        }
        if is_network(&word.text) && !word.escaped {
            return wrong(
                word.bytes,
                "an address stands where a user is meant",
                "hosts stand behind the users",
            );
        }
        Ok(User::Name(word.text))
    }

    /// A word of a list; `%#5` is one.
    fn member(&mut self) -> Read<Word> {
        let start = self.cursor.at;
        if self.cursor.rest().starts_with(['/', '^']) {
            let help =
                "users and hosts come first, then `=`, then commands; in an argument write `\\:` for a colon";
            return wrong(self.here(), "a command stands where a name is meant", help);
        }
        let mut word = self.cursor.word();
        if word.text == "%" && self.cursor.rest().starts_with(':') {
            self.cursor.at += 1;
            let group = self.cursor.word();
            word.text = format!("%:{}", group.text);
            word.bytes.end = group.bytes.end;
        }
        if matches!(word.text.as_str(), "%" | "%:")
            && let Some((id, bytes)) = self.cursor.id()
        {
            word.text.push_str(&format!("#{id}"));
            word.bytes.end = bytes.end;
        }
        if word.bytes.is_empty() {
            let help = "write the name of a user, %GROUP, a host, ALL, or an alias in capitals";
            return wrong(self.here(), "here a name was to stand", help);
        }
        let next = self.cursor.rest().chars().next();
        if let Some('"' | '\\') = next {
            let at = self.cursor.at;
            let help = "quotes stand around the whole name; a backslash stands before a single character";
            return wrong(at..at + 1, "a quote or backslash stands here", help);
        }
        if is_reserved(&word.text) && !word.escaped {
            return wrong(
                start..word.bytes.end,
                "the word is reserved",
                "sudo takes it for something else here",
            );
        }
        Ok(word)
    }

    pub(super) fn host(&mut self) -> Read<Host> {
        let start = self.cursor.at;
        let rest = self.cursor.rest();
        // An IPv6 address holds what ends words.
        let length =
            rest.find(|c: char| !c.is_ascii_hexdigit() && !matches!(c, ':' | '.')).unwrap_or(rest.len());
        let address = rest[..length].trim_end_matches(':');
        if address.matches(':').count() > 1 || rest[..length].ends_with("::") {
            let address = if rest[..length].parse::<IpAddr>().is_ok() { &rest[..length] } else { address };
            if address.parse::<IpAddr>().is_ok() {
                self.cursor.at += address.len();
                let mask = self.cursor.rest().strip_prefix('/').map(|rest| {
                    let end = rest.find(|c: char| !c.is_ascii_hexdigit() && c != ':').unwrap_or(rest.len());
                    &rest[..end]
                });
                if let Some(mask) = mask {
                    let good =
                        mask.parse::<u8>().is_ok_and(|bits| bits <= 128) || mask.parse::<IpAddr>().is_ok();
                    self.cursor.at += 1 + mask.len();
                    if !good {
                        return wrong(start..self.cursor.at, "that is no network", "write ADDRESS/BITS");
                    }
                }
                return Ok(Host::Network(self.reader.text[start..self.cursor.at].to_owned()));
            }
        }
        let quoted = rest.starts_with('"');
        let word = if quoted { self.string()? } else { self.member()? };
        if let Some(group) = word.text.strip_prefix('+') {
            return match group.is_empty() {
                true => wrong(word.bytes, "a netgroup has no name", "write its name right behind the sign"),
                false => Ok(Host::Netgroup(group.to_owned())),
            };
        }
        if word.text.starts_with('%') {
            return wrong(
                word.bytes,
                "a group of users stands where a host is meant",
                "write the hosts here, or ALL",
            );
        }
        if word.text == "ALL" && !word.escaped {
            return Ok(Host::All);
        }
        if is_tag(&word.text) {
            let help = "hosts stand behind the users: USERS HOSTS = TAG: COMMANDS";
            return wrong(word.bytes, "a tag stands where a host is meant", help);
        }
        if is_alias(&word.text) && !word.escaped {
            self.alias(AliasKind::Host, &word);
            return Ok(Host::Alias(word.text));
        }
        if is_network(&word.text) && !word.escaped {
            return Ok(Host::Network(word.text));
        }
        if word.text.split_once('/').is_some_and(|(address, _)| address.parse::<Ipv4Addr>().is_ok()) {
            return wrong(word.bytes, "that is no network", "write ADDRESS/BITS, with at most 32 bits");
        }
        Ok(Host::Name(word.text))
    }

    pub(super) fn runas(&mut self) -> Read<Runas> {
        let mut runas = Runas::default();
        let ends = |statement: &mut Self| {
            statement.cursor.skip();
            statement.cursor.rest().starts_with(')')
        };
        self.cursor.skip();
        if !self.cursor.rest().starts_with([':', ')']) {
            runas.users = self.list(|statement| statement.user(AliasKind::Runas))?;
        }
        if self.cursor.take(":") && !(ends(self) && runas.users.is_empty()) {
            runas.groups = self.list(|statement| statement.user(AliasKind::Runas))?;
        }
        match self.cursor.take(")") {
            true => Ok(runas),
            false => {
                wrong(self.here(), "the `(` is not closed", "write (USERS), (USERS : GROUPS) or (: GROUPS)")
            }
        }
    }
}

/// `ADDRESS`, `ADDRESS/BITS` or `ADDRESS/MASK` of IPv4, as sudo's lexer takes it.
fn is_network(word: &str) -> bool {
    let (address, mask) = word.split_once('/').map_or((word, None), |(address, mask)| (address, Some(mask)));
    let ip = |text: &str| text.parse::<Ipv4Addr>().is_ok();
    ip(address) && mask.is_none_or(|mask| ip(mask) || mask.parse::<u8>().is_ok_and(|bits| bits <= 32))
}
