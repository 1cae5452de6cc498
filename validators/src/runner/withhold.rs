//! Keeps content with secrets out of what programs say.

use super::tree::TreeFile;

/// What is said in place of words that may quote a secret.
pub(super) const WITHHELD: &str = "refused; its words are withheld because the file holds secrets";
/// The same for words that are not tied to the file.
pub(super) const WITHHELD_ELSEWHERE: &str =
    "its words are withheld because it read files that hold secrets, and they may quote one";

/// Words shorter than this say nothing of a secret.
const SHORT: usize = 4;

/// Whether a message may quote a tainted file: one of its words (or of theirs) is part of the other, and no untainted
/// text has that word too.
pub(super) fn quotes(message: &str, files: &[TreeFile]) -> bool {
    let tainted = || files.iter().filter(|file| file.tainted).filter_map(TreeFile::content);
    let plain: Vec<&str> = files.iter().filter(|file| !file.tainted).map(TreeFile::text).collect();
    let innocent = |word: &str| {
        plain.iter().any(|text| text.contains(word))
            || files.iter().any(|file| file.path.as_str().contains(word))
    };
    let contains =
        |content: &[u8], word: &str| content.windows(word.len()).any(|part| part == word.as_bytes());
    let of_message =
        words(message).any(|word| tainted().any(|content| contains(content, word)) && !innocent(word));
    of_message
        || tainted().any(|content| {
            let text = String::from_utf8_lossy(content);
            words(&text).any(|word| message.contains(word) && !innocent(word))
        })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "\"'`,;:=()[]{}<>".contains(c))
        .filter(|word| word.len() >= SHORT)
}
