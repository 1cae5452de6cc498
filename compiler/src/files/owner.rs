//! Owners: an account is the operating system's, or declared by a service of the host.

use super::{Making, accounts};
use crate::resolved::ResolvedService;
use crate::suggest;
use cmc_types::codes;
use cmc_types::definition::File;
use cmc_types::name::AccountName;
use cmc_types::{Diagnostic, Place, UnixPath};
use std::collections::BTreeSet;

/// The accounts of a host beyond those of its operating system.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    family: String,
    declared_users: BTreeSet<AccountName>,
    declared_groups: BTreeSet<AccountName>,
}

impl Accounts {
    /// The accounts that the services of a host declare.
    pub(crate) fn of<'s>(family: &str, services: impl Iterator<Item = &'s ResolvedService>) -> Self {
        let mut accounts = Self { family: family.to_owned(), ..Self::default() };
        for service in services {
            accounts.declared_users.extend(service.definition.user.keys().cloned());
            accounts.declared_groups.extend(service.definition.group.keys().cloned());
        }
        accounts
    }

    fn knows_user(&self, name: &str) -> bool {
        accounts::users(&self.family).any(|user| user == name) || self.declared_users.contains(name)
    }

    /// A declared user has a group of its name.
    fn knows_group(&self, name: &str) -> bool {
        accounts::groups(&self.family).any(|group| group == name)
            || self.declared_groups.contains(name)
            || self.declared_users.contains(name)
    }

    /// Users beyond the operating system's.
    pub(crate) fn users(&self) -> Vec<AccountName> {
        let base = |user: &AccountName| accounts::users(&self.family).any(|known| known == user.as_str());
        self.declared_users.iter().filter(|user| !base(user)).cloned().collect()
    }

    /// Groups beyond the operating system's.
    pub(crate) fn groups(&self) -> Vec<AccountName> {
        let base = |group: &AccountName| accounts::groups(&self.family).any(|known| known == group.as_str());
        let all: BTreeSet<&AccountName> = self.declared_groups.iter().chain(&self.declared_users).collect();
        all.into_iter().filter(|group| !base(group)).cloned().collect()
    }

    /// A finding that a user is neither the system's nor declared.
    pub(crate) fn unknown_user(&self, name: &str, place: Place) -> Option<Diagnostic> {
        if self.knows_user(name) {
            return None;
        }
        let mut known: Vec<&str> = accounts::users(&self.family).collect();
        known.extend(self.declared_users.iter().map(AccountName::as_str));
        Some(self.unknown("user", name, &known, place))
    }

    /// A finding that a group is neither the system's nor declared.
    pub(crate) fn unknown_group(&self, name: &str, place: Place) -> Option<Diagnostic> {
        if self.knows_group(name) {
            return None;
        }
        let mut known: Vec<&str> = accounts::groups(&self.family).collect();
        known.extend(self.declared_groups.iter().chain(&self.declared_users).map(AccountName::as_str));
        Some(self.unknown("group", name, &known, place))
    }

    fn unknown(&self, what: &str, name: &str, known: &[&str], place: Place) -> Diagnostic {
        let declare = format!("if something else makes it, say so: {what}.{name} = {{ existing = true }}");
        let help = match suggest::nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean {near:?}? {declare}"),
            None => declare,
        };
        let message = format!("the {what} {name:?} is neither {}'s own nor declared", self.family);
        Diagnostic::new(codes::UNKNOWN_ACCOUNT, message).at(place, "").help(help)
    }
}

impl Making<'_> {
    /// The owner; nothing if it is unknown, which is reported.
    pub(super) fn user(&self, path: &UnixPath, file: &File) -> Option<String> {
        let Some(user) = &file.user else { return Some("root".to_owned()) };
        match self.accounts.unknown_user(user.as_str(), self.place(path, "user")) {
            Some(diagnostic) => {
                self.report(diagnostic);
                None
            }
            None => Some(user.as_str().to_owned()),
        }
    }

    /// The group: the owner's, unless it is given.
    pub(super) fn group(&self, path: &UnixPath, file: &File, user: Option<&str>) -> Option<String> {
        let Some(group) = &file.group else {
            return Some(accounts::primary_group(&self.accounts.family, user?).to_owned());
        };
        match self.accounts.unknown_group(group.as_str(), self.place(path, "group")) {
            Some(diagnostic) => {
                self.report(diagnostic);
                None
            }
            None => Some(group.as_str().to_owned()),
        }
    }
}
