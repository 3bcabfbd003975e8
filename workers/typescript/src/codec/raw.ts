// Owns: payloads that are bytes and nothing else, and those that are nothing at all. No I/O.
// Siblings: procwire-runtime/src/codec/raw.rs, workers/python/src/procwire/codec/raw.py

import { isMembers } from "./shapes.ts";
import type { At } from "./values.ts";
import { invalid, plainBytes } from "./values.ts";

/** MessagePack's nil: what stands where there is no value, since a payload is never empty. */
export const NIL: Uint8Array = Uint8Array.of(0xc0);

/**
 * Marks a payload as raw, in either direction, and passes the bytes on without a copy.
 */
export function raw(value: unknown, at: At): Uint8Array {
  if (value instanceof Uint8Array) return plainBytes(value);
  throw invalid("bytes (a Uint8Array)", value, at);
}

/** The arguments of a method that has none. */
export type NoArgs = Record<string, never>;

/** Reads the arguments of a method that has none: nil, an empty payload and any map are all right. */
export function noArgs(value: unknown, at: At): NoArgs {
  if (value == null || isMembers(value)) {
    return {};
  }
  throw invalid("no arguments", value, at);
}

/** Writes "no value", whatever a handler returned. */
export function nothing(): null {
  return null;
}
