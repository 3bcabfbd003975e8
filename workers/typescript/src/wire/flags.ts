// Owns: the bits of a frame's third byte, and the combinations a worker writes. Knows no frame.
// Siblings: procwire-runtime/src/wire/flags.rs, workers/python/src/procwire/wire/flags.py

export const TO_PARENT = 0x01;
export const IS_RESPONSE = 0x02;
export const IS_ERROR = 0x04;
export const IS_STREAM = 0x08;
export const STREAM_END = 0x10;
export const IS_ACK = 0x20;
/** Bits that must be zero: a frame that has one is a violation. */
export const RESERVED = 0xc0;

export const REQUEST = 0x00;
export const RESPONSE: number = TO_PARENT | IS_RESPONSE;
export const ACK: number = RESPONSE | IS_ACK;
export const ERROR: number = RESPONSE | IS_ERROR;
export const CHUNK: number = RESPONSE | IS_STREAM;
export const END: number = CHUNK | STREAM_END;
export const STREAM_ERROR: number = CHUNK | IS_ERROR;
export const EVENT: number = TO_PARENT;
