// Owns: looking a MessagePack payload over before anything is made of it: one value, whole, no bomb. No I/O.
// Siblings: procwire-runtime/src/codec/scan.rs, workers/python/src/procwire/codec/limits.py

import { isUtf8 } from "node:buffer";

/** Levels of lists and maps inside of each other. */
export const MAX_DEPTH = 64;
/** Elements of lists, keys and values of maps in one payload. A byte on the wire may be forty in memory. */
export const MAX_ELEMENTS = 1_000_000;

const TIMESTAMP = 0xff;
/** What npm peers write for bytes, and in old ones for dates. */
const NPM_BYTES = 1;
const NPM_DATE = 2;
/** Longer strings are checked by the platform at once; a shorter one costs less to look through. */
const SHORT = 48;

/** What is still to come of the levels above, and whether they are maps. One for all: nothing waits in here. */
const above = new Uint32Array(MAX_DEPTH);

/**
 * Goes through the bytes from `start` to `end` once and without recursion. Whether some map has a number for a key.
 *
 * @throws Error unless they are exactly one value that is safe to read.
 */
export function scan(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  let depth = 0;
  let left = 1;
  let elements = 0;
  /** 1 in a map, where keys and values take turns. */
  let map = 0;
  let numbered = false;
  for (;;) {
    if (at >= end) throw truncated(end - start);
    const begins = at;
    const marker = bytes[at++] ?? 0;
    if (map === 1 && (left & 1) === 0 && !isText(marker)) {
      if (!isWhole(marker)) throw refused("the key of a map is neither text nor a whole number", begins - start);
      numbered = true;
    }
    left -= 1;
    let children = -1;
    if (marker < 0x80 || marker >= 0xe0) {
      // A small number is its own marker.
    } else if (marker < 0xa0) {
      children = marker < 0x90 ? (marker & 0x0f) * 2 : marker & 0x0f;
    } else if (marker < 0xc0) {
      at = text(bytes, at, marker & 0x1f, end, start);
    } else {
      switch (marker) {
        case 0xc0:
        case 0xc2:
        case 0xc3:
          break;
        case 0xcc:
        case 0xd0:
          at += 1;
          break;
        case 0xcd:
        case 0xd1:
          at += 2;
          break;
        case 0xca:
        case 0xce:
        case 0xd2:
          at += 4;
          break;
        case 0xcb:
        case 0xcf:
        case 0xd3:
          at += 8;
          break;
        case 0xc4:
          at = skip(at + 1, number(bytes, at, 1, end, start), end, start);
          break;
        case 0xc5:
          at = skip(at + 2, number(bytes, at, 2, end, start), end, start);
          break;
        case 0xc6:
          at = skip(at + 4, number(bytes, at, 4, end, start), end, start);
          break;
        case 0xd9:
          at = text(bytes, at + 1, number(bytes, at, 1, end, start), end, start);
          break;
        case 0xda:
          at = text(bytes, at + 2, number(bytes, at, 2, end, start), end, start);
          break;
        case 0xdb:
          at = text(bytes, at + 4, number(bytes, at, 4, end, start), end, start);
          break;
        case 0xdc:
          children = number(bytes, at, 2, end, start);
          at += 2;
          break;
        case 0xdd:
          children = number(bytes, at, 4, end, start);
          at += 4;
          break;
        case 0xde:
          children = number(bytes, at, 2, end, start) * 2;
          at += 2;
          break;
        case 0xdf:
          children = number(bytes, at, 4, end, start) * 2;
          at += 4;
          break;
        case 0xc1:
          throw refused("0xc1 begins no value", begins - start);
        default:
          at = extension(bytes, marker, begins, end, start);
      }
    }
    if (children >= 0) {
      // Each takes a byte at least, so that more of them than bytes are a lie.
      if (children > end - at) throw truncated(begins - start);
      elements += children;
      if (elements > MAX_ELEMENTS) throw refused(`more than ${MAX_ELEMENTS} elements`, begins - start);
      if (depth === MAX_DEPTH) throw refused(`more than ${MAX_DEPTH} levels`, begins - start);
      above[depth++] = left * 2 + map;
      map = marker < 0x90 || marker >= 0xde ? 1 : 0;
      left = children;
    }
    while (left === 0) {
      if (depth === 0) {
        if (at > end) throw truncated(end - start);
        if (at < end) throw refused("bytes follow the value", at - start);
        return numbered;
      }
      const level = above[--depth] ?? 0;
      left = level >>> 1;
      map = level & 1;
    }
  }
}

function isText(marker: number): boolean {
  return (marker >= 0xa0 && marker < 0xc0) || (marker >= 0xd9 && marker <= 0xdb);
}

function isWhole(marker: number): boolean {
  return marker < 0x80 || marker >= 0xe0 || (marker >= 0xcc && marker <= 0xd3);
}

/** The big-endian number of `size` bytes at `at`. */
function number(bytes: Uint8Array, at: number, size: number, end: number, start: number): number {
  if (at + size > end) throw truncated(end - start);
  let sum = 0;
  for (let i = at; i < at + size; i++) sum = sum * 256 + (bytes[i] ?? 0);
  return sum;
}

function skip(at: number, length: number, end: number, start: number): number {
  if (length > end - at) throw truncated(end - start);
  return at + length;
}

function text(bytes: Uint8Array, at: number, length: number, end: number, start: number): number {
  const stop = skip(at, length, end, start);
  let plain = length <= SHORT;
  for (let i = at; plain && i < stop; i++) plain = (bytes[i] ?? 0) < 0x80;
  if (!plain && !isUtf8(bytes.subarray(at, stop))) throw refused("a string is not UTF-8", at - start);
  return stop;
}

/** Where an extension ends, when it is one that some type reads. */
function extension(bytes: Uint8Array, marker: number, begins: number, end: number, start: number): number {
  let at = begins + 1;
  let size = 1 << (marker - 0xd4);
  if (marker < 0xd4) {
    const width = 1 << (marker - 0xc7);
    size = number(bytes, at, width, end, start);
    at += width;
  }
  const code = number(bytes, at, 1, end, start);
  const known =
    (code === TIMESTAMP && (size === 4 || size === 8 || size === 12)) || (code === NPM_DATE && size === 8) || code === NPM_BYTES;
  if (!known) throw refused(`extension ${code > 127 ? code - 256 : code} of ${size} bytes is unknown`, begins - start);
  return skip(at + 1, size, end, start);
}

function truncated(at: number): Error {
  return refused("the payload ends before its value does", at);
}

function refused(why: string, at: number): Error {
  return new Error(`${why} (at byte ${at})`);
}
