//! The end of what a worker wrote, for the error that may follow.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The last bytes of an output, shared by who reads it and who reports it.
#[derive(Clone, Debug, Default)]
pub(super) struct Tail(Arc<Mutex<VecDeque<u8>>>);

impl Tail {
    /// Adds what was read.
    pub(super) fn push(&self, bytes: &[u8]) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = &bytes[bytes.len().saturating_sub(RING)..];
        let excess = (ring.len() + bytes.len()).saturating_sub(RING);
        ring.drain(..excess);
        ring.extend(bytes);
    }

    /// The last lines, as text.
    pub(super) fn text(&self) -> Arc<str> {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = ring.make_contiguous();
        let start = bytes.len().saturating_sub(SHOWN);
        let tail = &bytes[start..];
        // Cut at the begin of a line where the middle of one was hit.
        let line = if start == 0 {
            0
        } else {
            tail.iter()
                .position(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1)
        };
        String::from_utf8_lossy(&tail[line..]).trim_end().into()
    }
}

/// Bytes kept.
const RING: usize = 64 << 10;
/// Bytes shown in an error.
const SHOWN: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_end_and_begins_with_a_line() {
        let tail = Tail::default();
        tail.push(b"first\nlast \n");
        assert_eq!(&*tail.text(), "first\nlast");
        for i in 0..100_000 {
            tail.push(format!("line {i}\n").as_bytes());
        }
        let text = tail.text();
        assert!(text.len() <= SHOWN && text.ends_with("line 99999"));
        assert!(text.lines().all(|line| line.starts_with("line ")));
        tail.push(&vec![b'x'; 3 * RING]);
        assert_eq!(tail.text().len(), SHOWN);
    }
}
