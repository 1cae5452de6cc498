//! Why a file of a host is as it is: the chain from each line back to what people wrote, and on to what vouches for it.

use super::{Content, HostPlan, Origin, PlannedFile, ServicePlan};
use crate::check::Trigger;
use crate::receipt::{Receipt, Verdict};
use crate::{Blake3, Place, ServiceName, Sources, UnixPath};
use serde::Serialize;

/// A place that somebody wrote, with what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Written {
    /// File, relative to the fleet's directory.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The key of a definition, dotted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The line's text, without blanks at its ends; empty if the file is not at hand.
    pub text: String,
}

/// A line of a rendered file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LineChain {
    /// Its number, from 1.
    pub line: u32,
    /// Its text; `None` in a file that holds a secret.
    pub text: Option<String>,
    /// The line of the template, or of the text in a definition, that it was rendered from.
    pub written: Option<Written>,
    /// The definitions of the values on it.
    pub values: Vec<Written>,
}

/// A check that was made of a file, or could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Vouched {
    /// The validator.
    pub validator: String,
    /// Its version.
    pub version: String,
    /// Its command line; empty in process.
    pub argv: Vec<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// Its warnings.
    pub warnings: Vec<String>,
    /// Isolation reached.
    pub isolation: Vec<String>,
    /// Whether typed dummies stood in for secrets.
    pub dummies: bool,
    /// blake3 of the program; none in process.
    pub program: Option<Blake3>,
    /// When it was made, in Unix seconds; 0 in process.
    pub made: u64,
}

/// What is known of a file, or of one of the blocks in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Chain {
    /// The service that has it.
    pub service: ServiceName,
    /// What the host is told of it: kind, mode, owner, size in bytes, digest, block.
    #[serde(flatten)]
    pub entry: crate::check::FileEntry,
    /// Whether its content comes from a secret.
    pub secret: bool,
    /// Where it is defined.
    pub defined: Written,
    /// The template, relative to the fleet's directory.
    pub template: Option<String>,
    /// Its lines, or the one that was asked for.
    pub lines: Vec<LineChain>,
    /// Commands that the host runs when it changes.
    pub runs: Vec<Vec<String>>,
    /// Receipts of the last build for exactly these bytes.
    pub receipts: Vec<Vouched>,
}

/// The chain of every file and block that a host has at a path; `line` asks for one line of it, from 1. `digest` is the
/// blake3 of some bytes.
pub fn why(
    host: &HostPlan,
    path: &UnixPath,
    line: Option<u32>,
    sources: &Sources,
    receipts: &[Receipt],
    digest: impl Fn(&[u8]) -> Blake3,
) -> Vec<Chain> {
    let at_path = host.files().filter(|(_, file)| file.entry.path == *path);
    at_path.map(|(service, file)| chain(service, file, line, sources, receipts, &digest)).collect()
}

fn chain(
    service: &ServicePlan,
    file: &PlannedFile,
    line: Option<u32>,
    sources: &Sources,
    receipts: &[Receipt],
    digest: &impl Fn(&[u8]) -> Blake3,
) -> Chain {
    let b3 = match &file.content {
        Content::Bytes(bytes) => Some(digest(bytes)),
        Content::Source { b3, .. } => Some(*b3),
        Content::None => None,
    };
    let vouches = |receipt: &&Receipt| b3.is_some() && receipt.subjects.get(&file.entry.path) == b3.as_ref();
    let concerns = |action: &&crate::check::Action| {
        matches!(action.on, Trigger::Changed | Trigger::Written)
            && (action.paths.is_empty() || action.paths.contains(&file.entry.path))
    };
    Chain {
        service: service.service.clone(),
        entry: file.entry.clone(),
        secret: file.tainted,
        defined: origin(&file.provenance.definition, sources),
        template: file.provenance.template.clone(),
        lines: lines(file, line, sources),
        runs: service.actions.iter().filter(concerns).map(|action| action.argv.clone()).collect(),
        receipts: receipts.iter().filter(vouches).map(vouched).collect(),
    }
}

fn lines(file: &PlannedFile, only: Option<u32>, sources: &Sources) -> Vec<LineChain> {
    let Content::Bytes(bytes) = &file.content else { return Vec::new() };
    let Ok(text) = std::str::from_utf8(bytes) else { return Vec::new() };
    let numbered =
        text.lines().enumerate().filter_map(|(index, text)| Some((u32::try_from(index + 1).ok()?, text)));
    let wanted = numbered.filter(|(number, _)| only.is_none_or(|only| only == *number));
    let chained = wanted.map(|(number, text)| {
        let (template, values) = file.provenance.line(number);
        let template = template.map(|at| Origin {
            file: at.file.to_string(),
            line: at.line,
            column: at.column,
            key: String::new(),
        });
        LineChain {
            line: number,
            text: (!file.tainted).then(|| text.to_owned()),
            written: template.map(|at| origin(&at, sources)),
            values: values.iter().map(|value| origin(value, sources)).collect(),
        }
    });
    chained.collect()
}

fn origin(origin: &Origin, sources: &Sources) -> Written {
    let Origin { file, line, column, key } = origin.clone();
    let text = sources.find(&file).and_then(|id| {
        let Place { file, span } = Place { file: id, span: sources.line_span(id, line)? };
        sources.text(file).get(span.start..span.end).map(|text| text.trim().to_owned())
    });
    Written { file, line, column, key: (!key.is_empty()).then_some(key), text: text.unwrap_or_default() }
}

fn vouched(receipt: &Receipt) -> Vouched {
    let Receipt { validator, version, argv, verdict, warnings, isolation, dummies, .. } = receipt.clone();
    let Receipt { program, made, .. } = *receipt;
    Vouched { validator, version, argv, verdict, warnings, isolation, dummies, program, made }
}
