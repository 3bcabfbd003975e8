//! Where something stands in a source, without knowing the source.
//!
//! A [`Span`] is a file number and a byte range. Each front end owns the table that turns it back into text
//! (TOML: files and line indices; Rust: `proc_macro2` spans), so the checker never learns which one ran.

/// A byte range in one source. [`Span::NONE`] stands for "nowhere".
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Which source, in the order the front end met them.
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// No place at all, for what nobody wrote.
    pub const NONE: Self = Self {
        file: u32::MAX,
        start: 0,
        end: 0,
    };

    /// A range in a file.
    #[must_use]
    pub const fn new(file: u32, start: u32, end: u32) -> Self {
        Self { file, start, end }
    }
}

/// Prints as `0:12..20`; equal models must print alike wherever they were written, so `Debug` output of a model
/// is compared only after its spans were erased.
impl std::fmt::Debug for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if *self == Self::NONE {
            return f.write_str("-");
        }
        write!(f, "{}:{}..{}", self.file, self.start, self.end)
    }
}
