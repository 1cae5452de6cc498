//! Every bound on what resolving and rendering may use. What exceeds one is an error that names it.

/// Bounds on resolving and rendering.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Instructions that one template or expression may run; stops endless loops.
    pub fuel: u64,
    /// Bytes that one template may render to.
    pub output: usize,
    /// Bytes that a template may have.
    pub template: u64,
    /// Expressions that read each other, one inside the other.
    pub depth: usize,
    /// Places in one template whose values are refused, before the rest of it is left unread.
    pub refusals: usize,
    /// Bytes of a file from `source`.
    pub source: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 5_000_000,
            output: 16 << 20,
            template: 4 << 20,
            depth: 64,
            refusals: 20,
            source: 4 << 30,
        }
    }
}
