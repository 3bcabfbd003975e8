// Owns: cutting a byte stream into frames, however it was fragmented. No I/O.
// Siblings: procwire-runtime/src/wire/decode.rs, workers/python/src/procwire/wire/decode.py

import { ABSOLUTE_MAX_PAYLOAD } from "../ids.ts";
import type { FrameSink } from "./frame.ts";
import { checkHeader, HEADER_SIZE } from "./header.ts";

/** Feeds complete frames to a sink. */
export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #maxPayload: number;
  /** The start of a header that has not arrived whole. */
  readonly #head: Buffer = Buffer.alloc(HEADER_SIZE);
  #headGot = 0;
  /** The payload that has not arrived whole: one buffer of its final size, handed over as it is. */
  #body: Buffer | undefined;
  #bodyGot = 0;
  #method = 0;
  #flags = 0;
  #request = 0;

  constructor(sink: FrameSink, maxPayload: number) {
    this.#sink = sink;
    this.#maxPayload = Math.min(maxPayload, ABSOLUTE_MAX_PAYLOAD);
  }

  /**
   * Takes what arrived; frames that fit in it are handed over where they stand.
   *
   * @throws ProtocolViolation; the decoder must not be used afterwards.
   */
  push(chunk: Buffer): void {
    let at = 0;
    const end = chunk.length;
    if (this.#body !== undefined) {
      at = this.#fill(this.#body, chunk, at);
      if (this.#body !== undefined) return;
    }
    if (this.#headGot > 0) {
      const want = Math.min(HEADER_SIZE - this.#headGot, end - at);
      chunk.copy(this.#head, this.#headGot, at, at + want);
      this.#headGot += want;
      at += want;
      if (this.#headGot < HEADER_SIZE) return;
      this.#headGot = 0;
      at = this.#payload(this.#head, 0, chunk, at);
    }
    while (end - at >= HEADER_SIZE) at = this.#payload(chunk, at, chunk, at + HEADER_SIZE);
    if (at < end) {
      chunk.copy(this.#head, 0, at, end);
      this.#headGot = end - at;
    }
  }

  /** Whether a frame has begun and not ended. */
  get partial(): boolean {
    return this.#headGot > 0 || this.#body !== undefined;
  }

  /** With a whole header at `head[from]`, takes the payload at `chunk[at]`; says where the next header starts. */
  #payload(head: Buffer, from: number, chunk: Buffer, at: number): number {
    const method = head.readUInt16BE(from);
    const flags = head.readUInt8(from + 2);
    const request = head.readUInt32BE(from + 3);
    const length = head.readUInt32BE(from + 7);
    checkHeader(method, flags, length, this.#maxPayload);
    const stop = at + length;
    if (stop <= chunk.length) {
      this.#sink.frame(method, flags, request, chunk, at, stop);
      return stop;
    }
    this.#method = method;
    this.#flags = flags;
    this.#request = request;
    this.#body = length < 4096 ? Buffer.allocUnsafe(length) : Buffer.allocUnsafeSlow(length);
    this.#bodyGot = 0;
    return this.#fill(this.#body, chunk, at);
  }

  #fill(body: Buffer, chunk: Buffer, at: number): number {
    const stop = Math.min(chunk.length, at + body.length - this.#bodyGot);
    chunk.copy(body, this.#bodyGot, at, stop);
    this.#bodyGot += stop - at;
    if (this.#bodyGot === body.length) {
      this.#body = undefined;
      this.#sink.frame(this.#method, this.#flags, this.#request, body, 0, body.length);
    }
    return stop;
  }
}
