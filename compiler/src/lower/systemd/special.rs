//! What a table under `systemd` says beside sections: that a unit exists, is masked, or runs in instances.

use super::check::Target;
use crate::lower::{LoweredFile, LoweredKind};
use crate::resolved::ResolvedService;
use cmc_types::definition::UnitTable;
use cmc_types::systemd::{UnitName, escape_instance, is_known_unit};
use cmc_types::{Diagnostic, Mode, Place, UnixPath, codes};
use zeroize::Zeroizing;

/// A unit that is masked.
pub(super) struct Mask {
    pub(super) name: UnitName,
    pub(super) place: Place,
}

impl Mask {
    pub(super) fn path(&self) -> Option<UnixPath> {
        UnixPath::parse(&format!("/etc/systemd/system/{}", self.name)).ok()
    }

    /// What `systemctl stop` takes for it: all instances of a template.
    pub(super) fn stopped(&self) -> String {
        match self.name.is_template() {
            true => format!("{}*.{}", self.name.stem(), self.name.kind().name()),
            false => self.name.to_string(),
        }
    }

    /// The link that masks it.
    pub(super) fn file(&self) -> Option<LoweredFile> {
        Some(LoweredFile {
            path: self.path()?,
            mode: Mode::from_bits(0o777),
            user: "root".to_owned(),
            group: "root".to_owned(),
            kind: LoweredKind::Link("/dev/null"),
            text: Zeroizing::default(),
            tainted: false,
            place: self.place,
            lines: Vec::new(),
        })
    }
}

/// What a table asks for.
pub(super) enum Asked {
    /// A unit or drop-in of its own, and perhaps instances of it.
    File(Vec<UnitName>),
    /// Instances of a template that somebody else makes.
    Instances(Vec<UnitName>),
    /// A mask.
    Mask(Mask),
    /// No file.
    Nothing,
}

/// Reads a table; `made` says whether the service makes the unit already.
pub(super) fn read(
    service: &ResolvedService,
    file: &str,
    table: &UnitTable,
    target: &Target,
    made: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Asked {
    let key = |key: &str| service.tree.key_place_of(&["systemd", file, key]);
    let whole = service.tree.key_place_of(&["systemd", file]);
    let makes = made || !table.sections.is_empty();
    let mut refuse = |message: String, at: Place, other: Option<&str>, help: String| {
        let finding = Diagnostic::new(codes::EXCLUSIVE_KEYS, message).at(at, "").help(help);
        diagnostics.push(match other {
            Some(label) => finding.with(whole, label),
            None => finding,
        });
    };
    let Target::Unit(name) = target else {
        let keys = [
            ("existing", table.existing.is_some()),
            ("mask", table.mask.is_some()),
            ("instances", !table.instances.is_empty()),
        ];
        for (named, _) in keys.iter().filter(|(_, set)| *set) {
            let help = "leave it out, or write it in the table of the unit itself".to_owned();
            refuse(format!("{file} is a drop-in, and `{named}` is about units"), key(named), None, help);
        }
        return Asked::File(Vec::new());
    };
    if table.mask.is_some() {
        if makes || table.existing.is_some() || !table.instances.is_empty() {
            let help =
                "a unit that is masked has no file: leave out the sections, the daemon, or `mask`".to_owned();
            refuse(format!("{file} is masked, and more is said of it"), key("mask"), Some("made here"), help);
            return Asked::Nothing;
        }
        return Asked::Mask(Mask { name: name.clone(), place: key("mask") });
    }
    if table.existing.is_some() && makes {
        let help = format!("change a unit that exists by a drop-in: systemd.\"{file}.d/NAME.conf\"");
        let message = format!("{file} is said to exist already, and made here");
        refuse(message, key("existing"), Some("made here"), help);
        return Asked::Nothing;
    }
    let instances = instances(service, file, table, name, diagnostics);
    if makes {
        let drop_ins = format!("{file}.d/");
        let mut tables = service.definition.systemd.iter();
        let installs = tables.any(|(other, table)| {
            (other == file || other.starts_with(&drop_ins)) && table.sections.contains_key("Install")
        });
        if !instances.is_empty() && !installs {
            diagnostics.push(
                Diagnostic::new(codes::INCOMPLETE_UNIT, format!("{file} has instances and no [Install]"))
                    .at(key("instances"), "`systemctl enable` would do nothing for them")
                    .help("say what starts them: Install.WantedBy = \"multi-user.target\""),
            );
        }
        return Asked::File(instances);
    }
    if table.instances.is_empty() {
        return if table.existing.is_some() { Asked::Nothing } else { Asked::File(Vec::new()) };
    }
    if table.existing.is_none() && !is_known_unit(name) {
        diagnostics.push(
            Diagnostic::new(codes::INCOMPLETE_UNIT, format!("{file} has instances and no sections"))
                .at(whole, "nothing known has this template")
                .help("write the template's sections, or `existing = true` if the host has it already"),
        );
    }
    Asked::Instances(instances)
}

/// The instances that a table names.
fn instances(
    service: &ResolvedService,
    file: &str,
    table: &UnitTable,
    name: &UnitName,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<UnitName> {
    if !table.instances.is_empty() && !name.is_template() {
        diagnostics.push(
            Diagnostic::new(codes::UNIT_FILE_NAME, format!("{file} has instances and is no template"))
                .at(service.tree.key_place_of(&["systemd", file, "instances"]), "only templates have them")
                .help(match name.template() {
                    Some(template) => format!("write them in the table of the template, \"{template}\""),
                    None => format!("name it \"{}@.{}\"", name.stem(), name.kind().name()),
                }),
        );
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, instance) in table.instances.iter().enumerate() {
        let unit = UnitName::parse(&format!("{}{instance}.{}", name.stem(), name.kind().name()));
        match unit {
            Ok(unit) if !instance.is_empty() && !found.contains(&unit) => found.push(unit),
            Ok(_) if !instance.is_empty() => {}
            _ => diagnostics.push(
                Diagnostic::new(codes::UNIT_FILE_NAME, format!("{instance:?} names no instance of {file}"))
                    .at(service.tree.place_of(&["systemd", file, "instances", &index.to_string()]), "")
                    .help(match instance.is_empty() {
                        true => "an instance has a name".to_owned(),
                        false => {
                            format!("escape it as systemd-escape(1) does: {:?}", escape_instance(instance))
                        }
                    }),
            ),
        }
    }
    found
}
