//! What the loader refuses to read, in one place.

/// Bounds on definitions. Beyond them a file is reported and left out; nothing is cut off silently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one definition file.
    pub file_bytes: u64,
    /// Definition files of a fleet.
    pub files: usize,
    /// Directories within each other below the fleet's own.
    pub directory_depth: usize,
    /// Tables and lists within each other in one file.
    pub depth: usize,
    /// Syntax errors shown of one file; the rest are counted.
    pub syntax_errors: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 16 << 20, files: 100_000, directory_depth: 32, depth: 64, syntax_errors: 20 }
    }
}
