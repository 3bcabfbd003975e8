//! The header of a frame.
//! Siblings: `workers/python/src/procwire/wire/header.py`, `workers/typescript/src/wire/header.ts`.

use super::error::WireError;
use super::flags::Flags;
use crate::ids::HEADER_SIZE;

/// What the eleven bytes in front of a payload say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Which method or event.
    pub method: u16,
    /// What kind of frame.
    pub flags: Flags,
    /// Which request; 0 for none.
    pub request: u32,
    /// Bytes of payload that follow.
    pub length: u32,
}

impl Header {
    /// The bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; HEADER_SIZE] {
        let [m0, m1] = self.method.to_be_bytes();
        let [r0, r1, r2, r3] = self.request.to_be_bytes();
        let [l0, l1, l2, l3] = self.length.to_be_bytes();
        [m0, m1, self.flags.byte(), r0, r1, r2, r3, l0, l1, l2, l3]
    }

    /// Reads and judges a header, before any byte of its payload is kept.
    ///
    /// # Errors
    /// Method 0, a reserved flag, or a payload beyond `max_payload`.
    pub const fn parse(bytes: [u8; HEADER_SIZE], max_payload: u32) -> Result<Self, WireError> {
        let [m0, m1, flags, r0, r1, r2, r3, l0, l1, l2, l3] = bytes;
        let method = u16::from_be_bytes([m0, m1]);
        let length = u32::from_be_bytes([l0, l1, l2, l3]);
        if method == 0 {
            return Err(WireError::MethodZero);
        }
        let Some(flags) = Flags::from_byte(flags) else {
            return Err(WireError::ReservedFlags { flags });
        };
        if length > max_payload {
            return Err(WireError::TooLong {
                length,
                limit: max_payload,
            });
        }
        Ok(Self {
            method,
            flags,
            request: u32::from_be_bytes([r0, r1, r2, r3]),
            length,
        })
    }
}
