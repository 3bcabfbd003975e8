// Payloads that are meant to do harm: refused here exactly where the other languages refuse them.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { decode } from "../dist/codec/msgpack.js";
import { MAX_DEPTH, MAX_ELEMENTS } from "../dist/codec/scan.js";
import { json } from "../dist/generated.js";

interface Case {
  readonly name: string;
  readonly hex?: string;
  readonly repeat?: readonly { readonly hex: string; readonly times: number }[];
  readonly verdict: "ok" | "refused";
  readonly why: string;
}

/** A list that all three languages read. */
const CORPUS = new URL("../../../tests/vectors/hostile.json", import.meta.url);

function bytesOf({ hex, repeat }: Case): Buffer {
  if (repeat === undefined) return Buffer.from(hex ?? "", "hex");
  return Buffer.concat(repeat.map((part) => Buffer.from(part.hex.repeat(part.times), "hex")));
}

function nested(levels: number): Buffer {
  return Buffer.concat([Buffer.alloc(levels - 1, 0x91), Buffer.of(0x90)]);
}

function list(count: number): Buffer {
  const bytes = Buffer.alloc(5 + count, 0xc0);
  bytes[0] = 0xdd;
  bytes.writeUInt32BE(count, 1);
  return bytes;
}

describe("hostile payloads", () => {
  test("the common list has the verdicts of the other languages", { skip: !existsSync(CORPUS) }, () => {
    for (const one of JSON.parse(readFileSync(CORPUS, "utf8")) as Case[]) {
      const read = (): unknown => json(decode(bytesOf(one)), "$");
      if (one.verdict === "ok") assert.doesNotThrow(read, `${one.name}: ${one.why}`);
      else assert.throws(read, Error, `${one.name}: ${one.why}`);
    }
  });

  test("f04: 64 levels are read, 65 and a million are refused", () => {
    decode(nested(MAX_DEPTH));
    for (const levels of [65, 1025, 1_000_000]) assert.throws(() => decode(nested(levels)), /more than 64 levels \(at byte 64\)/);
  });

  test("f05: a length that lies is refused before room is made for it", () => {
    const before = process.memoryUsage().rss;
    for (const marker of [0xdd, 0xdf, 0xc6, 0xdb, 0xc9]) {
      for (let i = 0; i < 100; i++) {
        assert.throws(() => decode(Buffer.concat([Buffer.of(marker, 0xff, 0xff, 0xff, 0xff), Buffer.alloc(64, 1)])), /ends before/);
      }
    }
    // They announce 2 TiB together.
    assert.ok(process.memoryUsage().rss - before < 512 << 20);
  });

  test("f06: a million elements are read, one more is refused, keys and values counted", () => {
    decode(list(MAX_ELEMENTS));
    assert.throws(() => decode(list(MAX_ELEMENTS + 1)), /more than 1000000 elements/);
    const map = Buffer.alloc(6 + 2 * 500_000, 1);
    map[0] = 0x91;
    map[1] = 0xdf;
    map.writeUInt32BE(500_000, 2);
    assert.throws(() => decode(map), /more than 1000000 elements/);
  });

  test("f07: bytes after the value are refused", () => {
    assert.throws(() => decode(Buffer.from("c0c0", "hex")), /bytes follow the value \(at byte 1\)/);
  });

  test("f08: text that is not UTF-8 is refused, however long, and other text is not", () => {
    for (const length of [1, 20, 31, 47, 48, 49, 200, 70_000]) {
      const good = Buffer.alloc(length, "é".slice(0, 1), "utf8").subarray(0, length - (length % 2));
      const head = Buffer.of(0xdb, 0, 0, 0, 0);
      head.writeUInt32BE(good.length, 1);
      assert.equal(decode(Buffer.concat([head, good])), good.toString());
      head.writeUInt32BE(good.length + 1, 1);
      assert.throws(() => decode(Buffer.concat([head, good, Buffer.of(0xff)])), /not UTF-8/);
      assert.throws(() => decode(Buffer.concat([head, good, Buffer.of(0xc3)])), /not UTF-8/);
    }
  });

  test("f08: a key `__proto__` touches no prototype", () => {
    const value = decode(Buffer.from("81a95f5f70726f746f5f5f81a56164 6d696e01".replace(" ", ""), "hex"));
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.equal(Reflect.get({}, "admin"), undefined);
    assert.equal(Reflect.get(json(value, "$") as object, "admin"), undefined);
  });

  test("f08: keys are text or whole numbers, at every level", () => {
    for (const hex of ["81c001", "81c301", "81cb3ff800000000000001", "81c4016101", "819001", "9182a1610180c0", "82a1619101d5010001c0"]) {
      assert.throws(() => decode(Buffer.from(hex, "hex")), Error, hex);
    }
    decode(Buffer.from("82a1619201c005cf0000000000000001", "hex"));
  });
});
