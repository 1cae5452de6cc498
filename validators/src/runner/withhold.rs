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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::quotes;
    use crate::runner::tree::{Body, Shape, TreeFile, digest};
    use cmc_types::UnixPath;
    use cmc_types::plan::{Checks, Format};

    fn file(path: &str, text: &str, tainted: bool) -> TreeFile {
        TreeFile {
            path: UnixPath::parse(path).unwrap(),
            shape: Shape::File {
                mode: 0o600,
                b3: digest(text.as_bytes()),
                body: Body::Here(text.as_bytes().into()),
            },
            tainted,
            format: Format::Text,
            checks: Checks::Auto { required: true },
            waits: false,
        }
    }

    #[test]
    fn words_of_a_secret_are_found_in_any_dress_and_innocent_ones_are_not() {
        let files = [
            file("/etc/app.conf", "listen 80\npassword-file /etc/secret\n", false),
            file("/etc/secret", "listen hunter2canary\nurl=postgres://u:s3cr3tpw@db/x\n", true),
        ];
        for (message, expected) in [
            ("unknown directive \"hunter2canary\"", true),
            ("bad:hunter2canary;", true),
            ("near hunter2", true),
            ("XXhunter2canaryXX", true),
            ("password s3cr3tpw@db refused", true),
            ("bad listen in /etc/app.conf", false),
            ("/etc/secret: permission", false),
            ("no", false),
        ] {
            assert_eq!(quotes(message, &files), expected, "{message}");
        }
    }
}
