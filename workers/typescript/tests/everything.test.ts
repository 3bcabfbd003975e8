// Every type of the schema language through generated code: what a worker reads is what it sends back.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { inspect } from "node:util";

import { decode, Encoder, encode } from "@msgpack/msgpack";

import { Parent, unpack } from "./support/parent.ts";

const SCALARS = {
  flag: true,
  friendly: 2 ** 53 - 1,
  i_8: -128,
  i_16: -32768,
  i_32: -(2 ** 31),
  i_64: -(2n ** 63n),
  u_8: 255,
  u_16: 65535,
  u_32: 2 ** 32 - 1,
  u_64: 2n ** 64n - 1n,
  f_32: 0.5,
  f_64: Math.PI,
  text: "naïve ☃ 𝄞",
  data: Uint8Array.of(0, 255),
  at: new Date("2026-01-02T03:04:05.678Z"),
  took: "P2DT5.000003S",
  price: "-12.3400",
  id: Uint8Array.from({ length: 16 }, (_, i) => i),
  extra: { list: [1, 2.5, "x", null, true, { deep: [] }], big: 2 ** 40 },
};

const wide = new Encoder({ useBigInt64: true });

/** Packs with every integer that needs 64 bits as one. */
function packed(value: unknown): Uint8Array {
  return wide.encode(widened(value)).slice();
}

function widened(value: unknown): unknown {
  if (typeof value === "number" && Number.isSafeInteger(value) && (value > 0xffff_ffff || value < -0x8000_0000)) return BigInt(value);
  if (Array.isArray(value)) return value.map(widened);
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, widened(item)]));
  }
  return value;
}

function unpacked(bytes: Uint8Array): unknown {
  return narrowed(decode(bytes, { useBigInt64: true }));
}

function narrowed(value: unknown): unknown {
  if (typeof value === "bigint" && value <= 2n ** 53n && value >= -(2n ** 53n)) return Number(value);
  if (Array.isArray(value)) return value.map(narrowed);
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, narrowed(item)]));
  }
  return value;
}

describe("everything", () => {
  let parent: Parent;
  before(async () => {
    parent = await Parent.start({ worker: "everything/worker" });
  });
  after(() => parent.end());

  async function echo(method: string, value: unknown): Promise<unknown> {
    const answer = await parent.ask(method, packed(value));
    const back = unpacked(answer.payload);
    assert.equal(answer.flags & 4, 0, inspect(back));
    return back;
  }

  async function refusal(method: string, value: unknown): Promise<Record<string, unknown>> {
    const answer = await parent.ask(method, packed(value));
    assert.equal(answer.flags & 4, 4, `${method} took ${inspect(unpacked(answer.payload))}`);
    const error = unpack(answer.payload) as Record<string, unknown>;
    assert.equal(error["kind"], "invalid", JSON.stringify(error));
    return error;
  }

  test("scalars cross without loss, at their edges", async () => {
    assert.deepEqual(await echo("echo_scalars", SCALARS), SCALARS);
    const other = {
      ...SCALARS,
      flag: false,
      friendly: -(2 ** 53 - 1),
      i_8: 127,
      i_64: 2n ** 63n - 1n,
      u_8: 0,
      u_64: 2n ** 53n + 1n,
      f_32: -1.5,
      f_64: Number.MAX_VALUE,
      text: "",
      data: new Uint8Array(0),
      at: new Date("1969-12-31T23:59:59.999Z"),
      took: "PT0S",
      price: "0",
      extra: null,
    };
    assert.deepEqual(await echo("echo_scalars", other), other);
  });

  test("floats may be infinite or not a number, and may arrive as integers", async () => {
    for (const number of [Infinity, -Infinity, Number.NaN, 3, 0.1, 5e-324]) {
      assert.deepEqual(((await echo("echo_scalars", { ...SCALARS, f_64: number })) as typeof SCALARS).f_64, number);
    }
    assert.equal(((await echo("echo_scalars", { ...SCALARS, f_64: 2n ** 60n })) as typeof SCALARS).f_64, 2 ** 60);
  });

  test("integers take any width and integral floats, and nothing outside their range", async () => {
    const float5 = Uint8Array.of(0xcb, 0x40, 0x14, 0, 0, 0, 0, 0, 0); // 5.0
    for (const key of ["friendly", "i_8", "i_16", "i_32", "i_64", "u_8", "u_16", "u_32", "u_64"] as const) {
      const marked = Buffer.from(packed({ ...SCALARS, [key]: "mark!" }));
      const at = marked.indexOf(Buffer.from("\xa5mark!", "latin1"));
      const bytes = Buffer.concat([marked.subarray(0, at), float5, marked.subarray(at + 6)]);
      const answer = await parent.ask("echo_scalars", bytes);
      assert.equal((unpacked(answer.payload) as Record<string, unknown>)[key], 5, key);
    }
    for (const [key, value] of [
      ["friendly", 2n ** 53n],
      ["i_8", 128],
      ["i_8", -129],
      ["i_16", 32768],
      ["i_32", 2n ** 31n],
      ["i_64", 2n ** 63n],
      ["u_8", -1],
      ["u_8", 256],
      ["u_16", 65536],
      ["u_32", 2n ** 32n],
      ["u_64", -1],
      ["u_8", 1.5],
      ["u_64", "1"],
      ["flag", 1],
      ["text", 1],
      ["text", null],
      ["data", "x"],
      ["at", "2026"],
      ["took", "-PT1S"],
      ["took", "P"],
      ["took", 5],
      ["price", "x"],
      ["price", 5],
      ["id", Uint8Array.of(1)],
      ["extra", new Date()],
      ["extra", Uint8Array.of(1)],
      ["f_32", 1e300],
      ["f_64", "1"],
    ] as const) {
      const error = await refusal("echo_scalars", { ...SCALARS, [key]: value });
      assert.equal(error["field"], `$.${key}`, `${key} = ${inspect(value)}`);
    }
  });

  test("timestamps and bytes of older peers are read", async () => {
    const ext2 = Buffer.concat([Buffer.of(0xd7, 2), (() => { const b = Buffer.alloc(8); b.writeDoubleBE(1_700_000_000_123); return b; })()]);
    const ext1 = Buffer.of(0xc7, 3, 1, 9, 8, 7);
    const marked = Buffer.from(packed({ ...SCALARS, at: "mark-a!", data: "mark-b!" }));
    const a = marked.indexOf("\xa7mark-a!", "latin1");
    const b = marked.indexOf("\xa7mark-b!", "latin1");
    assert.ok(b < a);
    const bytes = Buffer.concat([marked.subarray(0, b), ext1, marked.subarray(b + 8, a), ext2, marked.subarray(a + 8)]);
    const answer = await parent.ask("echo_scalars", bytes);
    const back = unpacked(answer.payload) as typeof SCALARS;
    assert.deepEqual(back.at, new Date(1_700_000_000_123));
    assert.deepEqual(back.data, Uint8Array.of(9, 8, 7));
  });

  test("optionals may be absent or nil, and absent is written", async () => {
    assert.deepEqual(await echo("echo_optionals", {}), {});
    const nils = Object.fromEntries(["flag", "i_64", "text", "data", "at", "id", "level", "rect", "shape", "list"].map((key) => [key, null]));
    assert.deepEqual(await echo("echo_optionals", nils), {});
    const some = { flag: false, i_8: 0, text: "", list: [1, null, 3], rect: { x: 0.5, y: 1, w: 2, h: 3 }, level: "info", handle: "h_00ff" };
    assert.deepEqual(await echo("echo_optionals", some), some);
  });

  test("defaults are filled in, and sent", async () => {
    assert.deepEqual(await echo("echo_defaults", {}), {
      flag: true,
      friendly: -(2 ** 53 - 1),
      i_8: -128,
      i_64: -(2n ** 63n),
      u_8: 255,
      u_32: 2 ** 32 - 1,
      f_32: 0.5,
      f_64: 2,
      text: 'a "quoted" \\ back\nslash, naïve ☃',
      data: Uint8Array.of(0, 1, 2, 255),
      at: new Date("2026-01-02T03:04:05.25Z"),
      took: "PT1.5S",
      price: "12.30",
      id: Buffer.from("00112233445566778899aabbccddeeff", "hex").subarray().reduce((all, byte, i) => ((all[i] = byte), all), new Uint8Array(16)),
      extra: { list: [1, 2.5, "three", true] },
      level: "warn",
      format: "webp",
      handle: "h_00ff",
      percent: 50,
      list: [1, 2, 3],
      levels: ["debug"],
      pair: [7, "seven"],
      fixed: [0, 0.5, 1],
      labels: { a: "b" },
      empty: {},
      maybe: "here",
    });
    assert.equal(((await echo("echo_defaults", { maybe: null })) as { maybe: unknown }).maybe, null, "nil is not absent where absence means something");
    assert.equal((await refusal("echo_defaults", { flag: null }))["field"], "$.flag");
    assert.deepEqual(await echo("fill", { level: "info" }), { level: "info", text: "x", took: "PT1.5S", list: [1, 2, 3], maybe: null });
  });

  test("constraints hold", async () => {
    const right = {
      dpi: 36,
      below: 4,
      ratio: 1,
      least: 0.5,
      title: "𝄞𝄞𝄞𝄞𝄞",
      blob: Uint8Array.of(1, 2, 3, 4),
      items: [1, 2],
      entries: { a: 1, b: 2 },
      code: "AB1",
      maybe: "x",
      handle: "h_00ff",
      percent: 100,
      shorts: [1, -2],
    };
    assert.deepEqual(await echo("echo_constraints", right), right);
    for (const [key, value] of [
      ["dpi", 35],
      ["dpi", 1201],
      ["below", 5],
      ["below", -6],
      ["ratio", 1.01],
      ["ratio", Number.NaN],
      ["least", 0.25],
      ["title", ""],
      ["title", "123456"],
      ["blob", new Uint8Array(5)],
      ["items", [1]],
      ["entries", { a: 1, b: 2, c: 3 }],
      ["code", "ab1"],
      ["maybe", "y"],
      ["maybe", "xxxx"],
      ["handle", "h_00F"],
      ["percent", 101],
      ["shorts", Array.from({ length: 9 }, () => 0)],
    ] as const) {
      assert.equal((await refusal("echo_constraints", { ...right, [key]: value }))["field"], `$.${key}`, `${key} = ${inspect(value)}`);
    }
  });

  test("containers cross, with keys of every kind", async () => {
    const value = {
      list: ["a", ""],
      nested: [[1], [], [2, 3]],
      fixed: [0, 1, 2, 3],
      fixed_obj: [
        { x: 1, y: 2 },
        { x: 3, y: 4 },
      ],
      by_text: { a: 1, constructor: 2 },
      by_level: { info: 1 },
      by_handle: { h_0001: [1, 2] },
      one: [1],
      pair: [1, "x"],
      triple: [{ x: 0, y: 0 }, ["debug"], null],
      holes: [1, null, 3],
      blobs: [Uint8Array.of(1), new Uint8Array(0)],
      maps: [{ a: { x: 1, y: 2, w: 3, h: 4 } }],
      shapes: { s: { type: "polygon", points: [], closed: false } },
      owner: "h_ffff",
      unit: "pixel",
    };
    // Keys that are numbers have to be written by hand: this library writes every key as a string.
    const numbers = Buffer.concat([
      encode("by_number"), Buffer.of(0x82, 0xcf), Buffer.alloc(8, 0xff), encode("max"), Buffer.of(0x05), encode("five"),
      encode("by_int"), Buffer.of(0x81, 0xff, 0xc3),
      encode("by_small"), Buffer.of(0x81, 0xd0, 0x80, 0xc2),
    ]);
    const plain = Buffer.from(packed(value));
    assert.equal(plain[0], 0xde);
    const bytes = Buffer.concat([Buffer.of(0xde, 0, Object.keys(value).length + 3), numbers, plain.subarray(3)]);
    const answer = await parent.ask("echo_containers", bytes);
    assert.equal(answer.flags, 0x03, answer.payload.toString("latin1"));
    assert.ok(answer.payload.includes(Buffer.concat([Buffer.of(0xcf), Buffer.alloc(8, 0xff), encode("max")])));
    assert.ok(answer.payload.includes(Buffer.concat([encode("by_int"), Buffer.of(0x81, 0xff, 0xc3)])));
    assert.ok(answer.payload.includes(Buffer.concat([encode("by_small"), Buffer.of(0x81, 0xd0, 0x80, 0xc2)])));
  });

  test("trees, chains and unions cross", async () => {
    const leaf = { value: 2, children: [] };
    const node = { value: 1, children: [leaf, { value: 3, children: [leaf] }], next: { value: 4, children: [] } };
    assert.deepEqual(await echo("echo_node", { node }), node);
    for (const shape of [
      { type: "circle", centre: { x: 1, y: 2 }, radius: 3 },
      { type: "polygon", points: [{ x: 0, y: 0 }], closed: true },
      { type: "nothing" },
    ]) {
      assert.deepEqual(await echo("echo_shape", { shape }), shape);
      const { type, ...rest } = shape;
      assert.deepEqual(await echo("echo_shape", { shape: { ...rest, type } }), shape, "the tag may come last");
    }
    const expr = { type: "sum", left: { type: "number", value: 1 }, right: { type: "negate", of: { type: "number", value: 2 } } };
    assert.deepEqual(await echo("echo_expr", { expr }), expr);
    const block = { type: "group", blocks: [{ type: "rule" }, { type: "text", content: "x" }] };
    assert.deepEqual(await echo("echo_block", { block }), block);
  });

  test("an open union keeps what it does not know; a closed one names what it does", async () => {
    const block = { type: "video", length: 5, of: [{ deep: Uint8Array.of(1) }] };
    assert.deepEqual(await echo("echo_block", { block }), block);
    const error = await refusal("echo_shape", { shape: { type: "square" } });
    assert.equal(error["field"], "$.shape.type");
    assert.match(String(error["message"]), /expected one of `circle`, `polygon`, `nothing`, got "square"/);
    assert.equal((await refusal("echo_block", { block: { type: "text", content: 5 } }))["field"], "$.block.content");
    assert.equal((await refusal("echo_shape", { shape: {} }))["field"], "$.shape.type");
  });

  test("an open enum keeps what it does not know; a closed one refuses", async () => {
    assert.deepEqual(await echo("echo_format", { format: "avif", level: "warn" }), ["avif", "warn"]);
    const error = await refusal("echo_format", { format: "png", level: "trace" });
    assert.match(String(error["message"]), /expected one of `debug`, `info`, `warn`, `error`, got "trace" - at `\$\.level`/);
  });

  test("json is anything that JSON can say", async () => {
    for (const value of [null, true, 0, -1, 1.5, 2 ** 40, "x", [], {}, { a: [{ b: null }] }]) {
      assert.deepEqual(await echo("echo_json", { value }), value);
    }
    assert.equal((await refusal("echo_json", { value: Infinity }))["field"], "$.value");
    assert.equal((await refusal("echo_json", { value: { a: [Uint8Array.of(1)] } }))["field"], "$.value.a[0]");
  });

  test("payloads need not be structs", async () => {
    assert.deepEqual(await echo("echo_list", [1, 2, 2 ** 32 - 1]), [1, 2, 2 ** 32 - 1]);
    assert.equal((await refusal("echo_list", [1, -1]))["field"], "$[1]");
    assert.deepEqual(await echo("echo_bin", Uint8Array.of(1, 2)), Uint8Array.of(1, 2));
    assert.equal(await parent.call("ping"), "pong");
  });

  test("declared errors, streams, acks and events have their types", async () => {
    assert.deepEqual(await parent.failure("fail", { path: "/x" }), { message: "nothing at /x", kind: "app", error: { type: "not_found", path: "/x" } });
    assert.deepEqual((await parent.failure("fail", {}))["error"], { type: "refused" });
    assert.deepEqual((await parent.failure("take_with_receipt", { handle: "h_dead" }))["error"], { type: "busy" });
    assert.deepEqual(await parent.call("take_with_receipt", { handle: "h_0000" }), { x: 1, y: 2, w: 3, h: 4.5 });
    const counting = parent.send("count_down", { from: 3, fail_at: 2 });
    const end = await parent.terminal(counting);
    assert.equal(end.flags, 0x0f);
    assert.deepEqual((unpack(end.payload) as { error: unknown }).error, { type: "refused", reason: "at 2", level: "warn" });
    const blocks = parent.send("stream_blocks", {});
    await parent.terminal(blocks);
    assert.deepEqual(parent.items(blocks).map((f) => (unpack(f.payload) as { type: string }).type), ["text", "figure", "rule"]);
    await parent.call("take", { handle: "h_0000" });
    assert.deepEqual(parent.events("progress").map((p) => unpack(p as Buffer)), [{ handle: "h_0000", done: 1 }]);
    assert.deepEqual(parent.events("chunk"), [Buffer.of(1, 2, 3)]);
    assert.deepEqual(parent.events("tick"), [Buffer.of(0xc0)]);
  });
});
