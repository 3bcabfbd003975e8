// The control channel's lines, durations, docs of values: small pure functions and their edges.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { LineSplitter, MAX_LINE } from "../dist/control/lines.js";
import { errorLine, parse, PONG } from "../dist/control/message.js";
import { decode } from "../dist/codec/msgpack.js";
import * as pw from "../dist/generated.js";

function split(chunks: Buffer[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.push(chunk);
  return lines;
}

describe("control", () => {
  test("lines end with LF, CRLF or CR, wherever a chunk ends", () => {
    const text = Buffer.from("one\ntwo\r\nthréé\rfour\n\nrest");
    const expected = ["one", "two", "thréé", "four"];
    assert.deepEqual(split([text]), expected);
    for (let cut = 0; cut < text.length; cut++) assert.deepEqual(split([text.subarray(0, cut), text.subarray(cut)]), expected, String(cut));
    assert.deepEqual(split([...text].map((byte) => Buffer.of(byte))), expected);
  });

  test("an endless line costs no memory, and the next one is read", () => {
    const chunk = Buffer.alloc(MAX_LINE / 2 + 1, "x");
    assert.deepEqual(split([chunk, chunk, chunk, chunk, Buffer.from("\nnext\n")]), ["next"]);
  });

  test("messages are told apart from everything else", () => {
    assert.equal(parse('{"jsonrpc":"2.0","method":"$ping"}'), "ping");
    assert.equal(parse('  {"method":"$shutdown","params":{}}'), "shutdown");
    for (const line of ["", "x", "{", "[1]", "null", "{}", '{"method":5}', '{"method":"$init"}', '"{"']) {
      assert.equal(parse(line), undefined, line);
    }
  });

  test("lines are exactly what published peers expect", () => {
    assert.equal(PONG, '{"jsonrpc":"2.0","method":"$pong"}\n');
    assert.equal(errorLine("a\nb\u2028c"), '{"jsonrpc":"2.0","method":"$error","params":{"message":"a\\nb\\u2028c"}}\n');
  });
});

function read(hex: string): unknown {
  return decode(Buffer.from(hex, "hex"));
}

describe("keys of maps", () => {
  test("that are numbers are not those that are text, as in the other languages", () => {
    const key = pw.numberKey(pw.u64);
    assert.deepEqual(pw.record(read("820501cfffffffffffffffff02"), "$", key, pw.u8), { 5: 1, "18446744073709551615": 2 });
    assert.deepEqual(pw.record(read("83ff01d0800205cf0000000000000005"), "$", pw.numberKey(pw.i8), pw.u64), { "-1": 1n, "-128": 2n, 5: 5n });
    assert.deepEqual(pw.record(read("820501cf000000000000000502"), "$", key, pw.u8), { 5: 2 }, "the last wins");
    assert.throws(() => pw.record(read("81a13501"), "$", key, pw.u8), /the key "5" is not a whole number - at `\$`/);
    assert.throws(() => pw.record(read("82a135010502"), "$", key, pw.u8), /the key "5" is not a whole number/);
    assert.throws(() => pw.record(read("810501"), "$", pw.string, pw.u8), /the key "5" is a whole number/);
    assert.throws(() => pw.record(read("81ff01"), "$", key, pw.u8), /-1/);
    assert.deepEqual(pw.record(read("81a13501"), "$", pw.string, pw.u8), { 5: 1 });
  });

  test("that are numbers are no members, and nothing of json", () => {
    const members = pw.object(read("82a161010502"), "$");
    assert.equal(members["a"], 1);
    assert.equal(pw.own(members, "5"), undefined);
    assert.throws(() => pw.json(read("9181a161810501"), "$"), /the key 5 is a number, and keys of json are text - at `\$\[0\]\.a`/);
    assert.deepEqual(pw.unknown(pw.object(read("82a474797065a1610591810602"), "$"), "a").raw, { type: "a", 5: [{ 6: 2 }] });
  });

  test("beside numbers have nothing to do with prototypes either", () => {
    const value = pw.object(read("8205c0a95f5f70726f746f5f5f81a56164 6d696e01".replace(" ", "")), "$");
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.equal(Reflect.get({}, "admin"), undefined);
  });
});

describe("durations", () => {
  test("cross without loss down to the nanosecond that a number holds", () => {
    for (const [ms, text] of [
      [0, "PT0S"],
      [12, "PT0.012S"],
      [1500, "PT1.5S"],
      [60_000, "PT60S"],
      [86_400_000, "P1D"],
      [172_805_000.003, "P2DT5.000003S"],
      [0.000001, "PT0.000000001S"],
      [86_399_999.999999, "PT86399.999999999S"],
    ] as const) {
      assert.equal(pw.writeDuration(ms, "$"), text);
      assert.equal(pw.duration(text, "$"), ms);
    }
    for (let i = 0; i < 5000; i++) {
      const ms = Math.round(Math.random() * 1e12) / 1000;
      assert.equal(pw.duration(pw.writeDuration(ms, "$"), "$"), ms);
    }
  });

  test("are read in every spelling of the subset", () => {
    assert.equal(pw.duration("P1W", "$"), 7 * 86_400_000);
    assert.equal(pw.duration("PT1H2M3.5S", "$"), 3_723_500);
    assert.equal(pw.duration("pt1.5s", "$"), 1500);
    for (const text of ["", "P", "PT", "-PT1S", "P1Y", "1S", "PT1", 5]) assert.throws(() => pw.duration(text, "$"), pw.Invalid);
    for (const ms of [-1, Number.NaN, Infinity, "1", 1n]) assert.throws(() => pw.writeDuration(ms, "$"), pw.Invalid);
  });
});

describe("answers", () => {
  test("a Map or a Set is refused by name, not sent empty", () => {
    assert.throws(() => pw.object(new Map(), "$.labels"), /got a Map, which would be sent empty - at `\$\.labels`/);
    assert.throws(() => pw.writeRecord(new Set(), "$", pw.string, pw.u8), /got a Set/);
    assert.throws(() => pw.writeJson({ a: new Map() }, "$"), /got a Map - at `\$\.a`/);
  });

  test("members that every object inherits are not taken for given ones", () => {
    assert.equal(pw.own({}, "constructor"), undefined);
    assert.equal(pw.own({ constructor: 5 }, "constructor"), 5);
  });

  test("a path names keys as they would be written", () => {
    assert.equal(pw.sub(pw.sub(pw.sub("$", "a_b"), 3), "x y"), '$.a_b[3]["x y"]');
    assert.equal(pw.sub(undefined, "a"), undefined);
  });

  test("u64 and i64 leave in their shortest form", () => {
    assert.equal(pw.writeU64(5n, "$"), 5);
    assert.equal(pw.writeU64(2n ** 32n, "$"), 2n ** 32n);
    assert.equal(pw.writeI64(-5n, "$"), -5);
    assert.throws(() => pw.writeU64(-1n, "$"), pw.Invalid);
    assert.throws(() => pw.writeU64("5", "$"), pw.Invalid);
  });
});

describe("the package", () => {
  test("states its version in one place and repeats it in another", () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
    assert.equal(pw.VERSION, version);
  });

  test("refuses generated code of another generation, and says what to do", () => {
    pw.requireGeneration(pw.GENERATION);
    assert.throws(() => pw.requireGeneration(pw.GENERATION + 1), /update procwire-worker/);
    assert.throws(() => pw.requireGeneration(pw.GENERATION - 1), /run procwire-gen again/);
  });
});
