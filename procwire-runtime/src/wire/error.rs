//! What makes a byte stream unusable. Every one of these ends the connection.

/// A violation of the framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Method id 0 is reserved.
    #[error("a frame with method id 0, which is reserved")]
    MethodZero,
    /// Bits 6 and 7 of the flags must be 0.
    #[error("a frame with reserved flags: {flags:#04x}")]
    ReservedFlags {
        /// The flag byte.
        flags: u8,
    },
    /// The payload is larger than this end accepts.
    #[error(
        "a frame with {length} bytes of payload, the limit is {limit}: raise `max_payload` if that is right"
    )]
    TooLong {
        /// Bytes announced.
        length: u32,
        /// Bytes accepted.
        limit: u32,
    },
    /// The payload is within the limit, but there is no memory for it.
    #[error("no memory for a payload of {length} bytes")]
    NoMemory {
        /// Bytes announced.
        length: u32,
    },
}
