//! Managed blocks: the lines that cmc owns in a file of somebody else, between `COMMENT BEGIN cmc NAME` and
//! `COMMENT END cmc NAME`. Everything outside the two marker lines is left byte for byte as it is.

use crate::error::{Error, Result};
use cmc_types::check::Block;

/// Where a block lies in a file.
struct Found {
    /// First byte of the begin marker's line.
    start: usize,
    /// First byte of the content.
    content: usize,
    /// First byte of the end marker's line.
    end: usize,
    /// First byte after the end marker's line.
    after: usize,
}

/// The block's content, if the file has the block.
pub fn content<'a>(file: &'a [u8], block: &Block) -> Result<Option<&'a [u8]>> {
    Ok(find(file, block)?.map(|found| &file[found.content..found.end]))
}

/// The file with the block's content set; the block is appended if it is not there yet.
pub fn put(file: &[u8], block: &Block, content: &[u8]) -> Result<Vec<u8>> {
    let (begin, end) = (block.begin(), block.end());
    let (before, after) = match find(file, block)? {
        Some(found) => (&file[..found.start], &file[found.after..]),
        None => (file, &[][..]),
    };
    let mut out = before.to_vec();
    let line = |out: &mut Vec<u8>, text: &[u8]| {
        if !out.is_empty() && !out.ends_with(b"\n") {
            out.push(b'\n');
        }
        out.extend_from_slice(text);
    };
    line(&mut out, begin.as_bytes());
    line(&mut out, content);
    line(&mut out, end.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(after);
    Ok(out)
}

/// The file without the block.
pub fn remove(file: &[u8], block: &Block) -> Result<Vec<u8>> {
    Ok(match find(file, block)? {
        Some(found) => [&file[..found.start], &file[found.after..]].concat(),
        None => file.to_vec(),
    })
}

fn find(file: &[u8], block: &Block) -> Result<Option<Found>> {
    let (begin, end) = (block.begin(), block.end());
    let damaged = |problem: &str| {
        Error::refused("block-markers", format!("the markers of the managed block {} {problem}", block.name))
    };
    let mut found = None;
    let mut open: Option<(usize, usize)> = None;
    let mut at = 0;
    while at < file.len() {
        let next = file[at..].iter().position(|byte| *byte == b'\n').map_or(file.len(), |i| at + i + 1);
        let line = file[at..next].trim_ascii_end();
        if line == begin.as_bytes() {
            if open.is_some() || found.is_some() {
                return Err(damaged("are there twice"));
            }
            open = Some((at, next));
        } else if line == end.as_bytes() {
            let Some((start, content)) = open.take() else { return Err(damaged("end before they begin")) };
            found = Some(Found { start, content, end: at, after: next });
        }
        at = next;
    }
    if open.is_some() { Err(damaged("begin but do not end")) } else { Ok(found) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn block() -> Block {
        Block { name: "api".into(), comment: "#".into() }
    }

    #[test]
    fn a_block_is_appended_replaced_and_removed_without_touching_the_rest() {
        let foreign = b"a\nb";
        let one = put(foreign, &block(), b"x\n").unwrap();
        assert_eq!(one, b"a\nb\n# BEGIN cmc api\nx\n# END cmc api\n");
        let mut more = one.clone();
        more.extend_from_slice(b"tail\n");
        let two = put(&more, &block(), b"y\nz").unwrap();
        assert_eq!(two, b"a\nb\n# BEGIN cmc api\ny\nz\n# END cmc api\ntail\n");
        assert_eq!(content(&two, &block()).unwrap(), Some(&b"y\nz\n"[..]));
        assert_eq!(remove(&two, &block()).unwrap(), b"a\nb\ntail\n");
    }

    #[test]
    fn damaged_markers_are_refused() {
        for text in [
            "# BEGIN cmc api\nx\n",
            "# END cmc api\n",
            "# BEGIN cmc api\n# BEGIN cmc api\n# END cmc api\n",
            "# BEGIN cmc api\n# END cmc api\n# BEGIN cmc api\n# END cmc api\n",
        ] {
            assert!(put(text.as_bytes(), &block(), b"").is_err(), "{text}");
        }
        assert_eq!(content(b"# BEGIN cmc other\n", &block()).unwrap(), None);
    }
}
