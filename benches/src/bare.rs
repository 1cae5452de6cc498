//! The bare loop: minijinja with the values at hand, blake3, and a write per file. No definitions, no checks, no
//! provenance, no plan: what rendering costs at least.

use crate::failure::{Context as _, Failure};
use crate::fleet::{self, ENV, Fleet, Host, Service, TEMPLATES};
use minijinja::value::Value;
use minijinja::{Environment, UndefinedBehavior, context};
use std::path::Path;

/// A rendered file of a service on a host.
pub(crate) struct File {
    /// Path on the host.
    pub(crate) path: String,
    /// Content.
    pub(crate) text: String,
    /// blake3 of the content.
    pub(crate) digest: blake3::Hash,
}

/// An engine with the templates, strict like cmc's.
pub(crate) struct Bare<'f> {
    fleet: &'f Fleet,
    engine: Environment<'static>,
}

impl<'f> Bare<'f> {
    pub(crate) fn new(fleet: &'f Fleet) -> Result<Self, Failure> {
        let mut engine = Environment::new();
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        engine.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        let syntax = minijinja::syntax::SyntaxConfig::builder().keep_trailing_newline(true).build();
        engine.set_syntax(syntax.context("syntax of templates")?);
        for (name, text, _) in TEMPLATES.iter().chain([&ENV]) {
            engine.add_template(name, text).context(name)?;
        }
        let balancers: Vec<Value> = fleet.hosts.iter().filter(|host| host.balancer).map(facts).collect();
        let balancers = Value::from(balancers);
        engine.add_function("hosts", move |_selector: &str| balancers.clone());
        Ok(Self { fleet, engine })
    }

    /// Calls `each` with the files of every service on every host.
    pub(crate) fn render(
        &self,
        mut each: impl FnMut(&Host, &Service, Vec<File>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for host in &self.fleet.hosts {
            for service in &self.fleet.services {
                each(host, service, self.files(host, service)?)?;
            }
        }
        Ok(())
    }

    fn files(&self, host: &Host, service: &Service) -> Result<Vec<File>, Failure> {
        let values = context! {
            host => facts(host),
            service => context! { name => &service.name },
            vars => context! {
                domain => fleet::DOMAIN, offsets => fleet::OFFSETS, timeout => fleet::TIMEOUT, keep => fleet::KEEP,
                zone => &host.zone, base_port => host.base_port, shard => host.shard,
            },
            env => context! {
                LOG_LEVEL => service.log_level, NODE => &host.name, PORT => host.base_port + service.offset,
                UPSTREAM => host.upstream(), WORKERS => service.workers,
            },
        };
        let templates = TEMPLATES.iter().chain([&ENV]);
        let files = templates.map(|(name, _, path)| {
            let text = self.engine.get_template(name).and_then(|template| template.render(&values));
            let text = text.context(name)?;
            let digest = blake3::hash(text.as_bytes());
            Ok(File { path: service.path(path), text, digest })
        });
        files.collect()
    }
}

fn facts(host: &Host) -> Value {
    context! { name => &host.name, address => &host.address }
}

/// Writes a host's file below `out`.
pub(crate) fn write(out: &Path, host: &str, path: &str, bytes: &[u8]) -> Result<(), Failure> {
    let path = out.join(host).join(path.trim_start_matches('/'));
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).context(parent.display())?;
    }
    std::fs::write(&path, bytes).context(path.display())
}
