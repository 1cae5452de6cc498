//! A profile of AWS's shared files, `~/.aws/credentials` and `~/.aws/config`.

use super::{Credentials, Env, var};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The settings of one profile, from both files.
#[derive(Default)]
pub(in super::super) struct Profile {
    name: String,
    chosen: bool,
    found: bool,
    settings: BTreeMap<String, String>,
}

impl Profile {
    /// Reads the profile that the store's settings name, else the one of `AWS_PROFILE`, else `default`. Files that
    /// are missing or unreadable count as empty: an unprivileged host need not have any.
    pub(in super::super) fn load(env: &Env, named: Option<&str>) -> Self {
        let from_env = var(env, "AWS_PROFILE");
        let name = named.or(from_env).unwrap_or("default").to_owned();
        let mut profile = Self { chosen: named.is_some(), name, ..Self::default() };
        let file = |variable: &str, usual: &str| match var(env, variable) {
            Some(path) => Some(PathBuf::from(path)),
            None => var(env, "HOME").map(|home| PathBuf::from(home).join(usual)),
        };
        // The credentials file is read last: its keys win, as in AWS's tools.
        for (variable, usual, prefixed) in [
            ("AWS_CONFIG_FILE", ".aws/config", true),
            ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", false),
        ] {
            let text = file(variable, usual).and_then(|path| std::fs::read_to_string(path).ok());
            profile.add(&text.unwrap_or_default(), prefixed);
        }
        profile
    }

    /// Adds the settings of the matching sections of a file.
    fn add(&mut self, text: &str, prefixed: bool) {
        let mut ours = false;
        for line in text.lines() {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            if let Some(header) = trimmed.strip_prefix('[') {
                let header = header.split(']').next().unwrap_or_default().trim();
                // `[services x]` and `[sso-session x]` of the configuration file are no profiles.
                let name = match header.strip_prefix("profile").filter(|rest| rest.starts_with([' ', '\t'])) {
                    Some(rest) if prefixed => Some(rest.trim()),
                    _ => Some(header).filter(|header| !prefixed || *header == "default"),
                };
                ours = name == Some(self.name.as_str());
                self.found |= ours;
                continue;
            }
            // Indented lines are settings of a nested block (`s3 =`), which none of ours is in.
            if !ours || line.starts_with([' ', '\t']) {
                continue;
            }
            if let Some((key, value)) = trimmed.split_once('=') {
                // A comment after a value begins with a space and `#` or `;`.
                let value = value.split(" #").next().and_then(|v| v.split(" ;").next()).unwrap_or_default();
                self.settings.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
            }
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the store's settings name it.
    pub(super) fn is_chosen(&self) -> bool {
        self.chosen
    }

    /// Whether a file has it.
    pub(super) fn is_found(&self) -> bool {
        self.found
    }

    /// One of its settings.
    pub(in super::super) fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Keys written in the file.
    pub(super) fn credentials(&self) -> Option<Credentials> {
        // With a role these keys are only those that may take it on.
        if self.get("role_arn").is_some() {
            return None;
        }
        Some(Credentials {
            key: self.get("aws_access_key_id")?.to_owned(),
            secret: self.get("aws_secret_access_key")?.to_owned().into(),
            token: self.get("aws_session_token").map(|token| token.to_owned().into()),
            expires: None,
        })
    }

    /// A setting that says where credentials come from, of those only the AWS SDK knows.
    pub(in super::super) fn unsupported(&self) -> Option<&'static str> {
        const OTHERS: [&str; 6] = [
            "source_profile",
            "credential_source",
            "credential_process",
            "sso_session",
            "sso_start_url",
            "login_session",
        ];
        OTHERS.into_iter().find(|setting| self.get(setting).is_some())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_from_both_files_and_only_from_the_named_profile() {
        let dir = tempfile::tempdir().unwrap();
        let config = "[default]\nregion = eu-north-1\n[profile prod]\nregion=eu-west-1 # Ireland\ns3 =\n  region = x\n[sso-session prod]\nregion = no\n[prod]\nregion = no\n";
        let credentials = "# keys\n[prod]\naws_access_key_id = A\naws_secret_access_key = b/+=\n[other]\naws_access_key_id = C\n";
        std::fs::write(dir.path().join("config"), config).unwrap();
        std::fs::write(dir.path().join("credentials"), credentials).unwrap();
        let mut env = Env::new();
        for (name, file) in [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")] {
            env.insert(name.to_owned(), dir.path().join(file).display().to_string());
        }
        let prod = Profile::load(&env, Some("prod"));
        assert_eq!(prod.get("region"), Some("eu-west-1"));
        assert_eq!(prod.credentials().unwrap().secret.as_str(), "b/+=");
        let default = Profile::load(&env, None);
        assert_eq!(default.get("region"), Some("eu-north-1"));
        assert!(default.credentials().is_none());
        assert!(!Profile::load(&env, Some("nobody")).is_found());
    }

    #[test]
    fn a_role_with_a_source_is_left_to_others() {
        let mut profile = Profile { name: "x".to_owned(), ..Profile::default() };
        profile
            .add("[x]\naws_access_key_id=A\naws_secret_access_key=B\nrole_arn=r\nsource_profile=y\n", false);
        assert!(profile.credentials().is_none());
        assert_eq!(profile.unsupported(), Some("source_profile"));
    }
}
