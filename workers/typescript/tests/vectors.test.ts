// The pure parts against bytes that were captured from the published packages.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { decode as reference } from "@msgpack/msgpack";

import { decode, encode, NO_VALUE } from "../dist/codec/msgpack.js";
import { bytes, json, timestamp, writeInt, writeJson } from "../dist/generated.js";
import { FrameDecoder } from "../dist/wire/decode.js";
import type { FrameSink } from "../dist/wire/frame.js";
import { FrameEncoder } from "../dist/wire/encode.js";
import { HEADER_SIZE, ProtocolViolation, writeHeader } from "../dist/wire/header.js";

interface Typed {
  type: string;
  value?: unknown;
  repeat?: string;
  count?: number;
  hex?: string;
  ms?: number;
  items?: Typed[];
  entries?: [string, Typed][];
  bits?: string;
}
interface Row {
  name: string;
  hex?: string;
  value?: Typed;
  error?: string;
}
interface FrameRow {
  kind: string;
  methodId: number;
  flags: string;
  requestId: number;
  payloadLength: number;
  hex: string;
}
interface Vectors {
  headers: { methodId: number; flags: number; requestId: number; payloadLength: number; hex: string }[];
  frames: FrameRow[];
  frame_validation: { name: string; hex: string; maxPayloadSize: number; accepted: boolean; frames?: number }[];
  msgpack_encode: Row[];
  msgpack_decode: Row[];
}

const vectors = JSON.parse(readFileSync(new URL("../../../tests/vectors/procwire-vectors.json", import.meta.url), "utf8")) as Vectors;

/** The value that a row is about, as a handler would have it. */
function native(typed: Typed): unknown {
  switch (typed.type) {
    case "nil":
      return null;
    case "int":
      return Number(typed.value);
    case "float": {
      const view = new DataView(new ArrayBuffer(8));
      view.setBigUint64(0, BigInt(`0x${typed.bits ?? "0"}`));
      return view.getFloat64(0);
    }
    case "str":
      return typed.repeat === undefined ? typed.value : typed.repeat.repeat(typed.count ?? 0);
    case "bin":
    case "buffer":
      return new Uint8Array(Buffer.from(typed.hex ?? "", "hex"));
    case "date":
      return new Date(typed.ms ?? Number.NaN);
    case "array":
      return (typed.items ?? []).map(native);
    case "map":
      return Object.fromEntries((typed.entries ?? []).map(([key, item]) => [key, native(item)]));
    default:
      return typed.value;
  }
}

/** A decoded value, with plain bytes and numbers. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return bytes(value, "$");
  if (value instanceof Date) return timestamp(value, "$");
  if (value === NO_VALUE) throw new Error("no value");
  return typeof value === "number" ? value : json(value, "$");
}

interface Frame {
  method: number;
  flags: number;
  request: number;
  payload: string;
}

function collect(frames: Frame[]): FrameSink {
  return {
    frame: (method, flags, request, chunk, start, end) =>
      void frames.push({ method, flags, request, payload: chunk.toString("hex", start, end) }),
  };
}

describe("headers and frames", () => {
  test("headers are written as they are on the wire", () => {
    for (const row of vectors.headers) {
      const header = Buffer.alloc(HEADER_SIZE);
      writeHeader(header, 0, row.methodId, row.flags, row.requestId, row.payloadLength);
      assert.equal(header.toString("hex"), row.hex);
    }
  });

  test("frames are written and read, cut in every place", () => {
    assert.ok(vectors.frames.length > 10);
    const all: string[] = [];
    const expected: Frame[] = [];
    for (const row of vectors.frames) {
      const payload = row.hex.slice(HEADER_SIZE * 2);
      const one: Frame = { method: row.methodId, flags: Number(row.flags), request: row.requestId, payload };
      const encoder = new FrameEncoder();
      encoder.frame(one.method, one.flags, one.request, Buffer.from(payload, "hex"));
      assert.equal(Buffer.concat(encoder.take()).toString("hex"), row.hex, row.kind);
      const bytesOfRow = Buffer.from(row.hex, "hex");
      for (let cut = 0; cut <= bytesOfRow.length; cut++) {
        const got: Frame[] = [];
        const decoder = new FrameDecoder(collect(got), 1 << 30);
        decoder.push(bytesOfRow.subarray(0, cut));
        decoder.push(bytesOfRow.subarray(cut));
        assert.deepEqual(got, [one], `${row.kind} cut at ${cut}`);
        assert.equal(decoder.partial, false);
      }
      all.push(row.hex);
      expected.push(one);
    }
    const stream = Buffer.from(all.join(""), "hex");
    for (const step of [1, 2, 3, 7, 11, 12, 64, 1000]) {
      const got: Frame[] = [];
      const decoder = new FrameDecoder(collect(got), 1 << 30);
      for (let at = 0; at < stream.length; at += step) decoder.push(stream.subarray(at, at + step));
      assert.deepEqual(got, expected, `in steps of ${step}`);
    }
  });

  test("frames of any size leave in order and arrive whole", () => {
    const sizes = [0, 1, 100, 16_383, 16_384, 70_000, 5, 65_525, 65_526, 3];
    const encoder = new FrameEncoder();
    for (const [at, size] of sizes.entries()) encoder.frame(at + 1, 3, at, Buffer.alloc(size, at));
    const stream = Buffer.concat(encoder.take());
    assert.equal(encoder.pending, 0);
    assert.deepEqual(encoder.take(), []);
    for (const step of [1000, 65_536, stream.length]) {
      const got: Frame[] = [];
      const decoder = new FrameDecoder(collect(got), 1 << 30);
      for (let at = 0; at < stream.length; at += step) decoder.push(stream.subarray(at, at + step));
      assert.deepEqual(got.map((f) => f.payload.length / 2), sizes);
      assert.ok(got.every((f, at) => f.method === at + 1 && f.payload === Buffer.alloc(sizes[at] ?? 0, at).toString("hex")));
    }
  });

  test("what is taken is never written again", () => {
    const encoder = new FrameEncoder();
    const taken: [Uint8Array, string][] = [];
    for (let i = 0; i < 5000; i++) {
      encoder.frame(1, 3, i, Buffer.alloc(i % 97, i));
      if (i % 7 === 0) for (const piece of encoder.take()) taken.push([piece, Buffer.from(piece).toString("hex")]);
    }
    for (const [piece, before] of taken) assert.equal(Buffer.from(piece).toString("hex"), before);
  });

  test("violations are refused before anything is kept", () => {
    assert.ok(vectors.frame_validation.length > 10);
    for (const row of vectors.frame_validation) {
      const got: Frame[] = [];
      const decoder = new FrameDecoder(collect(got), row.maxPayloadSize);
      const push = (): void => decoder.push(Buffer.from(row.hex, "hex"));
      if (row.accepted) {
        push();
        assert.equal(got.length, row.frames, row.name);
      } else {
        assert.throws(push, ProtocolViolation, row.name);
        assert.equal(got.length, 0);
      }
    }
  });
});

describe("MessagePack", () => {
  test("what published peers write is read", () => {
    let rows = 0;
    for (const { name, hex, value } of vectors.msgpack_encode) {
      if (hex === undefined || value === undefined || value.type === "utf16" || hex.length % 2 !== 0) continue;
      assert.deepEqual(plain(decode(Buffer.from(hex, "hex"))), value.type === "bool" ? value.value : native(value), name);
      rows += 1;
    }
    assert.ok(rows > 60);
  });

  test("what we write is read by the library of published peers, integers as integers", () => {
    for (const { name, value } of vectors.msgpack_encode) {
      if (value === undefined || value.type === "utf16") continue;
      const original = value.type === "bool" ? value.value : native(value);
      const isScalar = original instanceof Date || original instanceof Uint8Array || (typeof original === "number" && !Number.isFinite(original));
      const bytesOut = encode(isScalar ? original : writeJson(original, "$"));
      const back = reference(bytesOut);
      assert.deepEqual(Buffer.isBuffer(back) ? bytes(back, "$") : back, original, name);
      if (value.type === "int" && original !== 0) assert.ok(![0xca, 0xcb].includes(encode(writeInt(original, "$"))[0] ?? 0), name);
    }
  });

  test("what is not one value is refused", () => {
    const lenient = new Set(["__proto__ key"]);
    for (const { name, hex, value, error } of vectors.msgpack_decode) {
      const read = (): unknown => plain(decode(Buffer.from(hex ?? "", "hex")));
      if (error !== undefined && !lenient.has(name)) assert.throws(read, Error, name);
      else if (value === undefined || value.type === "ext") assert.ok(lenient.has(name) || value?.type === "ext", name);
      else if (name === "integer map key") assert.throws(read, /keys of json are text/);
      else if (name === "float map key") assert.throws(read, /key of a map/);
      else if (name === "invalid UTF-8") assert.throws(read, /not UTF-8/);
      else assert.deepEqual(read(), native(value), name);
    }
    assert.throws(() => decode(Buffer.from("d40501", "hex")), /extension/, "an unknown extension");
    assert.deepEqual(Object.getPrototypeOf(decode(Buffer.from("81a95f5f70726f746f5f5f01", "hex"))), Object.prototype, "__proto__ is no prototype");
  });

  test("a value is read where it stands, and nothing beyond it", () => {
    const among = Buffer.from("ffff93010203ffff", "hex");
    assert.deepEqual(decode(among, 2, 6), [1, 2, 3]);
    assert.throws(() => decode(among, 2, 5), Error, "it does not end in time");
    assert.throws(() => decode(among, 2, 7), Error, "there is more");
    assert.throws(() => decode(among, 2, 2), /empty/);
    assert.throws(() => decode(among, 0, 0), /empty/);
    for (const hex of ["a3616263", "c403010203", "cd0102", "d7ff1d5353006553f100", "82a16101a16202"]) {
      const whole = Buffer.from(`${hex}${"c0".repeat(20)}`, "hex");
      const length = hex.length / 2;
      decode(whole, 0, length);
      for (let end = 1; end < length; end++) assert.throws(() => decode(whole, 0, end), Error, `${hex} cut at ${end}`);
    }
  });

  test("64-bit integers are exact", () => {
    assert.equal(decode(Buffer.from("cfffffffffffffffff", "hex")), 2n ** 64n - 1n);
    assert.equal(decode(Buffer.from("d38000000000000000", "hex")), -(2n ** 63n));
    assert.equal(Buffer.from(encode(2n ** 64n - 1n)).toString("hex"), "cfffffffffffffffff");
  });

  test("a lone surrogate never leaves", () => {
    assert.throws(() => writeJson("a\ud800b", "$"), /half of a surrogate pair/);
  });

  test("after a large value small ones share a small buffer again", () => {
    assert.ok(encode(Buffer.alloc(8 << 20)).length > 8 << 20);
    assert.ok(encode("small").buffer.byteLength <= 8192);
  });
});
