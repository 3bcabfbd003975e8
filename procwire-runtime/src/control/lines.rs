//! Lines out of pieces of bytes, each no longer than a cap.
//! Siblings: `workers/python/src/procwire/control/lines.py`, `workers/typescript/src/control/lines.ts`.

/// Splits bytes into lines at LF, CRLF or CR.
#[derive(Debug)]
pub struct Lines {
    partial: Vec<u8>,
    cap: usize,
    /// Bytes of the current line beyond the cap.
    cut: u64,
    /// The last byte was CR, so that an LF right after it belongs to it.
    after_cr: bool,
}

/// One line, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its bytes, at most as many as the cap.
    pub bytes: Vec<u8>,
    /// How many more bytes it had.
    pub cut: u64,
}

impl Lines {
    /// Lines of at most `cap` bytes; what goes beyond is counted and dropped.
    #[must_use]
    pub fn new(cap: usize) -> Self {
        Self {
            partial: Vec::new(),
            cap,
            cut: 0,
            after_cr: false,
        }
    }

    /// Changes the cap, for lines that end from now on.
    pub fn set_cap(&mut self, cap: usize) {
        self.cap = cap;
    }

    /// Takes bytes; hands over every line that they end.
    pub fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(&mut Self, Line)) {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            self.keep(&bytes[..end.unwrap_or(bytes.len())]);
            let Some(end) = end else { return };
            self.after_cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            let line = self.take();
            each(self, line);
        }
    }

    /// What is left when the bytes have ended: a line without an end, if there is one.
    pub fn finish(&mut self) -> Option<Line> {
        (!self.partial.is_empty()).then(|| self.take())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let fits = bytes.len().min(self.cap.saturating_sub(self.partial.len()));
        self.partial.extend_from_slice(&bytes[..fits]);
        self.cut += (bytes.len() - fits) as u64;
    }

    fn take(&mut self) -> Line {
        Line {
            bytes: std::mem::take(&mut self.partial),
            cut: std::mem::take(&mut self.cut),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(cap: usize, pieces: &[&str]) -> Vec<String> {
        let (mut lines, mut out) = (Lines::new(cap), Vec::new());
        for piece in pieces {
            lines.feed(piece.as_bytes(), |_, line| {
                out.push(format!(
                    "{}+{}",
                    String::from_utf8_lossy(&line.bytes),
                    line.cut
                ))
            });
        }
        if let Some(rest) = lines.finish() {
            out.push(format!("{}.", String::from_utf8_lossy(&rest.bytes)));
        }
        out
    }

    #[test]
    fn every_end_of_line_counts_once() {
        assert_eq!(
            lines(9, &["a\nb\r\nc\rd\n\ne"]),
            ["a+0", "b+0", "c+0", "d+0", "+0", "e."]
        );
        assert_eq!(lines(9, &["a\r", "\nb\r", "c\n"]), ["a+0", "b+0", "c+0"]);
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_one_is_whole() {
        assert_eq!(lines(3, &["abc", "def", "g\nxy\n"]), ["abc+4", "xy+0"]);
    }
}
