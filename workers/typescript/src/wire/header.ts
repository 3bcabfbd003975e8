// Owns: the eleven bytes before every payload, and what makes them unacceptable. No I/O.
// Siblings: procwire-runtime/src/wire/header.rs, workers/python/src/procwire/wire/header.py

import { RESERVED } from "./flags.ts";

/** Bytes of a header: method id (u16), flags (u8), request id (u32), payload length (u32), all big-endian. */
export const HEADER_SIZE = 11;

/** The peer broke the rules of framing; the connection cannot go on. */
export class ProtocolViolation extends Error {
  override readonly name: string = "ProtocolViolation";
}

/** Writes a header at `at`. */
export function writeHeader(
  into: Uint8Array,
  at: number,
  method: number,
  flags: number,
  request: number,
  length: number,
): void {
  into[at] = method >>> 8;
  into[at + 1] = method;
  into[at + 2] = flags;
  into[at + 3] = request >>> 24;
  into[at + 4] = request >>> 16;
  into[at + 5] = request >>> 8;
  into[at + 6] = request;
  into[at + 7] = length >>> 24;
  into[at + 8] = length >>> 16;
  into[at + 9] = length >>> 8;
  into[at + 10] = length;
}

/** Refuses what no peer may send. Called before a payload byte is kept. */
export function checkHeader(method: number, flags: number, length: number, maxPayload: number): void {
  if (method === 0) throw new ProtocolViolation("a frame has method id 0, which is reserved");
  if ((flags & RESERVED) !== 0) {
    throw new ProtocolViolation(`a frame has reserved flag bits set: 0x${flags.toString(16)}`);
  }
  if (length > maxPayload) {
    throw new ProtocolViolation(`a frame announces ${length} bytes, more than the limit of ${maxPayload}`);
  }
}
