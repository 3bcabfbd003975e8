// Owns: laying frames one after another into as few buffers as possible. No I/O.
// Siblings: procwire-runtime/src/wire/encode.rs, workers/python/src/procwire/wire/encode.py

import { ABSOLUTE_MAX_PAYLOAD } from "../ids.ts";
import { HEADER_SIZE, writeHeader } from "./header.ts";

/** Small frames are collected in blocks of this size. */
const BLOCK = 64 << 10;

/** A payload from this size on is sent from where it lies instead of being copied. */
const IN_PLACE = 16 << 10;

/**
 * Collects frames until they are taken to be written.
 *
 * Bytes that were taken are never written again, so a socket may hold on to them; a payload sent in place is the
 * caller's, who must leave it alone from then on.
 */
export class FrameEncoder {
  #block: Buffer = Buffer.allocUnsafeSlow(BLOCK);
  /** Where the bytes that were not taken yet begin, and end, in the block. */
  #start = 0;
  #end = 0;
  #done: Uint8Array[] = [];
  /** Bytes that were not taken yet. */
  pending = 0;

  /** Adds a frame. */
  frame(method: number, flags: number, request: number, payload: Uint8Array): void {
    const length = payload.length;
    if (length > ABSOLUTE_MAX_PAYLOAD) throw new RangeError(`a payload of ${length} bytes is too long for a frame`);
    const inPlace = length >= IN_PLACE;
    const needs = inPlace ? HEADER_SIZE : HEADER_SIZE + length;
    if (this.#end + needs > BLOCK) this.#nextBlock();
    const block = this.#block;
    const at = this.#end;
    writeHeader(block, at, method, flags, request, length);
    if (!inPlace && length > 0) block.set(payload, at + HEADER_SIZE);
    this.#end = at + needs;
    this.pending += HEADER_SIZE + length;
    if (inPlace) {
      this.#closePiece();
      this.#done.push(payload);
    }
  }

  /** Everything added since the last time, in order. */
  take(): readonly Uint8Array[] {
    this.#closePiece();
    const pieces = this.#done;
    this.#done = [];
    this.pending = 0;
    return pieces;
  }

  #closePiece(): void {
    if (this.#end > this.#start) this.#done.push(this.#block.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #nextBlock(): void {
    this.#closePiece();
    this.#block = Buffer.allocUnsafeSlow(BLOCK);
    this.#start = 0;
    this.#end = 0;
  }
}
