//! The flags of a frame: what it is, and which way it goes.
//! Siblings: `workers/python/src/procwire/wire/flags.py`, `workers/typescript/src/wire/flags.ts`.

use std::fmt;

/// The flag byte of a header.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(u8);

impl Flags {
    /// From parent to worker: no flag at all.
    pub const REQUEST: Self = Self(0);
    /// Bit 0: goes to the parent.
    pub const TO_PARENT: Self = Self(0x01);
    /// Bit 1: answers a request.
    pub const IS_RESPONSE: Self = Self(0x02);
    /// Bit 2: says what went wrong.
    pub const IS_ERROR: Self = Self(0x04);
    /// Bit 3: belongs to a stream.
    pub const IS_STREAM: Self = Self(0x08);
    /// Bit 4: ends a stream.
    pub const STREAM_END: Self = Self(0x10);
    /// Bit 5: "taken".
    pub const IS_ACK: Self = Self(0x20);

    /// One value.
    pub const RESPONSE: Self = Self(0x03);
    /// "Taken".
    pub const ACK: Self = Self(0x23);
    /// One item of a stream.
    pub const CHUNK: Self = Self(0x0B);
    /// The end of a stream.
    pub const END: Self = Self(0x1B);
    /// The error of a request that is no stream.
    pub const ERROR: Self = Self(0x07);
    /// The error of a stream.
    pub const STREAM_ERROR: Self = Self(0x0F);
    /// An event.
    pub const EVENT: Self = Self(0x01);

    /// The flags of a byte; none when a reserved bit is set.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        if byte & RESERVED == 0 {
            Some(Self(byte))
        } else {
            None
        }
    }

    /// The byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// Whether every flag of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#04x}", self.0)
    }
}

const RESERVED: u8 = 0xC0;
