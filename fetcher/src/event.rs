//! What a run has to say: data that the caller prints or stores.

use cmc_types::{ServiceName, UnixPath};
use serde::Serialize;

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Worth knowing when somebody watches.
    Note,
    /// Something on the host changed, or the state of a service did.
    Change,
    /// Something is not as it should be, and was not before.
    Alarm,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// How much it matters.
    pub level: Level,
    /// The service it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    /// The path it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<UnixPath>,
    /// What happened. Never holds content of files.
    pub text: String,
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.level == Level::Alarm {
            f.write_str("ALARM ")?;
        }
        if let Some(service) = &self.service {
            write!(f, "{service}: ")?;
        }
        if let Some(path) = &self.path {
            write!(f, "{path}: ")?;
        }
        f.write_str(&self.text)
    }
}

/// The events of a run, in order.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct Events(pub Vec<Event>);

impl Events {
    /// Adds an event about the whole host.
    pub fn host(&mut self, level: Level, text: impl Into<String>) {
        self.0.push(Event { level, service: None, path: None, text: text.into() });
    }

    /// Adds an event about a service.
    pub fn service(&mut self, level: Level, service: &ServiceName, text: impl Into<String>) {
        self.0.push(Event { level, service: Some(service.clone()), path: None, text: text.into() });
    }

    /// Adds an event about a file of a service.
    pub fn file(&mut self, level: Level, service: &ServiceName, path: &UnixPath, text: impl Into<String>) {
        self.0.push(Event {
            level,
            service: Some(service.clone()),
            path: Some(path.clone()),
            text: text.into(),
        });
    }
}
