//! Managed blocks: lines of a service in a file that others own, between markers in that file's comment syntax. What
//! would end the block early, or run into its end, is refused here; the host puts it in place.

use super::source::Text;
use super::{Making, Nature};
use crate::formats;
use cmc_types::check::{Block, FileKind};
use cmc_types::definition::{Check, File};
use cmc_types::name::BlockName;
use cmc_types::plan::{Content, PlannedFile};
use cmc_types::{Diagnostic, Mode, Place, UnixPath, codes, comment};

/// A block with more bytes is none that people would look through: bundles hold such files in chunks.
const LARGEST: u64 = 1 << 20;

impl Making<'_> {
    /// The block that a file entry is. Nothing if it is `absent`, or if something is wrong, which is reported.
    pub(super) fn block(
        &mut self,
        path: &UnixPath,
        file: &File,
        name: &BlockName,
        mut planned: PlannedFile,
    ) -> Option<PlannedFile> {
        let named = !matches!(file.check, None | Some(Check::Off { .. }));
        let given = [
            ("mode", file.mode.is_some()),
            ("user", file.user.is_some()),
            ("group", file.group.is_some()),
            ("check", named),
            ("validation", file.validation.is_some()),
        ];
        self.meaningless(path, "`block`", &given);
        let key_place = self.service.tree.key_place_of(&["file", path.as_str()]);
        let comment = self.comment(path, file);
        if file.absent == Some(true) {
            return None;
        }
        let nature = self.content(path, file, &mut planned)?;
        planned.tainted = nature == Nature::Secret;
        let block = Block { name: name.to_string(), comment: comment? };
        if let Some((line, problem)) = self.wrong_content(&planned, &block) {
            let message = format!("the block {:?} of {:?} {problem}", block.name, path.as_str());
            let diagnostic = Diagnostic::new(codes::BLOCK_CONTENT, message);
            let at = line.map_or(String::new(), |line| format!("in its line {line}"));
            self.report(diagnostic.at(self.content_place(path, file), at));
            return None;
        }
        planned.entry.kind = FileKind::Block;
        planned.entry.block = Some(block);
        if planned.tainted {
            // The host puts no secret into a file that everybody may read.
            planned.entry.mode = Some(Mode::from_bits(0o600));
            (planned.entry.size, planned.entry.b3) = (None, None);
        }
        formats::check(self.world, self.host, self.payloads, self.hand, &planned, key_place);
        Some(planned)
    }

    /// What begins a comment in the file; nothing if its format has none, which is reported.
    fn comment(&self, path: &UnixPath, file: &File) -> Option<String> {
        let finding = |message: String, key: &str| {
            let diagnostic = Diagnostic::new(codes::BLOCK_COMMENT, message);
            diagnostic.at(self.service.tree.place_of(&["file", path.as_str(), key]), "")
        };
        if let Some(none) = comment::never(path) {
            let message = format!("{:?} takes no managed block: {}", path.as_str(), none.why);
            let help = match none.why.contains("account") {
                true => {
                    "blocks are not for accounts: a package or sysusers.d makes them, and user.NAME.existing = true tells that there is one"
                }
                false => "write the whole file",
            };
            self.report(finding(message, "block").help(help));
            return None;
        }
        match &file.comment {
            Some(text) if text.trim().is_empty() || text.chars().any(char::is_control) => {
                let message = format!("{text:?} begins no comment in {:?}", path.as_str());
                let help = "write what a comment to the end of the line begins with, such as \"//\"";
                self.report(finding(message, "comment").help(help));
                None
            }
            Some(text) => Some(text.clone()),
            None => match comment::of(path) {
                Ok(comment) => Some(comment.to_owned()),
                Err(none) => {
                    let message = format!("{:?} takes no managed block: {}", path.as_str(), none.why);
                    let help = "write the whole file; if its reader has comments all the same, say how they begin: \
                                comment = \"//\"";
                    self.report(finding(message, "block").help(help));
                    None
                }
            },
        }
    }

    /// What no block can hold, and in which line of it.
    fn wrong_content(&self, planned: &PlannedFile, block: &Block) -> Option<(Option<usize>, &'static str)> {
        let copied;
        let text = match &planned.content {
            Content::Bytes(bytes) if bytes.len() as u64 > LARGEST => None,
            Content::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            Content::Source { path, .. } => {
                copied = self.payloads.text(path, LARGEST);
                match &copied {
                    Some(Text::Whole(text)) => Some(&**text),
                    Some(Text::Upto(..)) | None => None,
                }
            }
            Content::None => Some(""),
        };
        let Some(text) = text else {
            return Some((None, "is larger than 1 MiB, or no text: no file has room for it"));
        };
        if let Some(at) = text.find('\0') {
            return Some((Some(text[..at].matches('\n').count() + 1), "holds a zero byte"));
        }
        if let Some(line) = text.lines().position(|line| Block::is_marker(line, &block.comment)) {
            return Some((Some(line + 1), "holds a line that could be taken for a marker of a block"));
        }
        let last = text.lines().last().unwrap_or_default();
        let backslashes = last.len() - last.trim_end_matches('\\').len();
        if !backslashes.is_multiple_of(2) {
            let problem = "ends in a backslash, which would join the marker behind it to its last line";
            return Some((Some(text.lines().count()), problem));
        }
        None
    }

    /// Where a file's content is written.
    fn content_place(&self, path: &UnixPath, file: &File) -> Place {
        let keys = [
            ("template", file.template.is_some()),
            ("source", file.source.is_some()),
            ("content", file.content.is_some()),
            ("secret", file.secret.is_some()),
        ];
        let key = keys.iter().find(|(_, set)| *set).map_or("block", |(key, _)| key);
        self.place(path, key)
    }
}
