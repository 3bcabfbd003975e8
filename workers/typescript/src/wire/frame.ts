// Owns: what a received frame is, once it is complete. No I/O.
// Siblings: procwire-runtime/src/wire/frame.rs, workers/python/src/procwire/wire/frame.py

/**
 * Takes frames as they complete. A call rather than an object per frame: nothing is allocated for one.
 *
 * The payload stands in `bytes` from `start` to `end`, among other frames that came with it. Nobody writes these bytes
 * again; they may be kept.
 */
export interface FrameSink {
  frame(method: number, flags: number, request: number, bytes: Buffer, start: number, end: number): void;
}
