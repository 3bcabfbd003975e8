//! The nonce of one process: with it on a control line, no print can be taken for one.

use std::fmt;

/// 32 hex digits that only a parent and its worker know.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(Box<str>);

impl Nonce {
    /// From random bytes.
    #[must_use]
    pub fn new(random: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(random)).into())
    }

    /// From the value of `PROCWIRE_NONCE`, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_nonce = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_nonce.then(|| Self(text.into()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    /// A log that someone else can read must not tell it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(…)")
    }
}

/// A control line with the nonce on it.
#[must_use]
pub fn tagged(line: &str, nonce: Option<&Nonce>) -> String {
    let Some((nonce, object)) = nonce.zip(line.trim_end().strip_suffix('}')) else {
        return line.to_owned();
    };
    format!("{object},\"nonce\":\"{}\"}}\n", nonce.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::PING;

    #[test]
    fn a_nonce_is_thirty_two_hex_digits() {
        let nonce = Nonce::new([1; 16]);
        assert_eq!(nonce.as_str(), "01".repeat(16));
        assert_eq!(Nonce::parse(nonce.as_str()), Some(nonce.clone()));
        for other in ["", "01", &"g1".repeat(16), &"01".repeat(17)] {
            assert_eq!(Nonce::parse(other), None);
        }
        assert!(!format!("{nonce:?}").contains("01"));
    }

    #[test]
    fn a_tagged_line_is_still_one_object_on_one_line() {
        let nonce = Nonce::new([0xAB; 16]);
        assert_eq!(
            tagged(PING, Some(&nonce)),
            "{\"jsonrpc\":\"2.0\",\"method\":\"$ping\",\"nonce\":\"abababababababababababababababab\"}\n"
        );
        assert_eq!(tagged(PING, None), PING);
    }
}
