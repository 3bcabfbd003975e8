// Owns: MessagePack as every peer reads and writes it, through one library, and the two extensions of npm peers.
// Siblings: procwire-runtime/src/codec/msgpack.rs, workers/python/src/procwire/codec/msgpack.py

import { addExtension, C1, Packr } from "msgpackr";

import { scan } from "./scan.ts";

/** Above this size the library's own buffer is let go after use: it would keep the memory of its largest message. */
const KEEP = 1 << 20;

// Written by npm peers: bytes as extension 1, and in old ones dates as extension 2. Read here, never written.
addExtension({ type: 1, unpack: (data) => data });
addExtension({
  type: 2,
  unpack: (data) => new Date(data.length === 8 ? Buffer.from(data).readDoubleBE(0) : Number.NaN),
});

/** What the library gives for the one byte that has no meaning. No checked type accepts it. */
export const NO_VALUE: unknown = C1;

/** Before the name of a member whose key is a number: the key 5 is not the key "5". No text that is UTF-8 has it. */
const NUMBERED = "\ud800";

const settings = {
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  int64AsType: "bigint",
  encodeUndefinedAsNil: true,
  useToJSON: false,
} as const;
const packr = new Packr(settings);
/** Reads maps whose keys are not all text: few have such. */
const exact = new Packr({ ...settings, mapsAsObjects: false });

/**
 * Writes one value. Whole numbers up to 32 bits and `bigint` become integers, every other number a float.
 *
 * The bytes stay as they are: the library never writes them again.
 */
export function encode(value: unknown): Uint8Array {
  const bytes: Uint8Array = packr.pack(value);
  if (bytes.length > KEEP) packr.useBuffer(Buffer.allocUnsafeSlow(8192));
  return bytes;
}

/** Where a value stands; one object for all, since the library looks at it and no further. */
const span = { start: 0, end: 0 };

/**
 * Reads exactly one value, which takes all of `bytes` from `start` to `end`; maps become plain objects, 64-bit integers
 * `bigint`, binary a view of `bytes`. Members whose keys are numbers are known to `wholeKey`.
 *
 * Values that came together are better read from the buffer they came in than from a view for each.
 *
 * @throws Error when it is not one well-formed value, or one that `scan` refuses.
 */
export function decode(bytes: Uint8Array, start: number = 0, end: number = bytes.length): unknown {
  if (start >= end) throw new Error("there is no value: the payload is empty");
  // The library recurses, makes lists of whatever length it is told, and takes text for UTF-8.
  const numbered = scan(bytes, start, end);
  span.start = start;
  span.end = end;
  return numbered ? objects(exact.unpack(bytes, span)) : (packr.unpack(bytes, span) as unknown);
}

/** The number that is the key of a decoded map's member; undefined where it is text. */
export function wholeKey(name: string): string | undefined {
  return name.startsWith(NUMBERED) ? name.slice(1) : undefined;
}

/** Objects in place of maps, keys that are numbers marked as such. */
function objects(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(objects);
  if (!(value instanceof Map)) return value;
  const out: { [name: string]: unknown } = {};
  for (const [key, item] of value) {
    const name = typeof key === "string" ? key : `${NUMBERED}${key}`;
    out[name === "__proto__" ? "__proto_" : name] = objects(item); // as the library does it
  }
  return out;
}
