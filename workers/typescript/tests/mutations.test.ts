// Arguments nobody would write: valid ones with bytes changed, cut off, added, and plain noise. Whatever comes, there is
// exactly one answer, and the worker lives.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Encoder } from "@msgpack/msgpack";

import { Parent, unpack } from "./support/parent.ts";

const SEEDS: readonly unknown[] = [
  { flag: true, text: "abc", list: [1, null, 3], rect: { x: 1, y: 2, w: 3, h: 4 }, extra: { a: [1, 2.5, "x"] }, took: "PT1.5S" },
  { node: { value: 1, children: [{ value: 2, children: [] }], next: { value: 3 } } },
  { shape: { type: "polygon", points: [{ x: 1, y: 2 }], closed: false } },
  { block: { type: "video", of: [{ type: "text", content: "x" }], when: new Date(5), data: Uint8Array.of(1, 2) } },
  { expr: { type: "sum", left: { type: "number", value: 1 }, right: { type: "number", value: 2n ** 63n } } },
  { format: "avif", level: "warn" },
  [1, 2, 3],
  { value: { deep: [[[[null, true]]]] } },
];
const METHODS = ["echo_optionals", "echo_node", "echo_shape", "echo_block", "echo_expr", "echo_format", "echo_list", "echo_json", "echo_defaults", "echo_bin", "ping"];
const ROUNDS = 3000;

/** The same numbers on every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test("mutated arguments are answered, each exactly once", async (t) => {
  const parent = await Parent.start({ worker: "everything/worker" });
  t.after(() => parent.end());
  const next = numbers(20260101);
  const encoder = new Encoder({ useBigInt64: true });
  const seeds = SEEDS.map((seed) => Buffer.from(encoder.encode(seed).slice()));
  const sent = new Map<number, string>();
  for (let round = 0; round < ROUNDS; round++) {
    let bytes = Buffer.from(seeds[next(seeds.length)] ?? []);
    for (let change = next(4); change >= 0 && bytes.length > 0; change--) {
      const at = next(bytes.length);
      const way = next(8);
      if (way === 0) bytes = bytes.subarray(0, at);
      else if (way === 1) bytes = Buffer.concat([bytes.subarray(0, at), Buffer.of(next(256), next(256)), bytes.subarray(at)]);
      else bytes[at] = next(256);
    }
    const method = METHODS[next(METHODS.length)] ?? "ping";
    sent.set(parent.send(method, bytes), `${method} ${bytes.toString("hex")}`);
  }
  let refused = 0;
  for (const [id, what] of sent) {
    const answer = await parent.terminal(id);
    if (answer.flags === 0x07) {
      const { kind, field } = unpack(answer.payload) as { kind: string; field: string };
      assert.equal(kind, "invalid", what);
      assert.match(field, /^\$/, what);
      refused += 1;
    } else {
      assert.equal(answer.flags, 0x03, what);
    }
  }
  assert.ok(refused > ROUNDS / 2 && refused < ROUNDS, `${refused} were refused`);
  assert.equal(parent.frames.seen.length, ROUNDS);
  assert.equal(await parent.call("ping"), "pong");
});
