// A generated worker file as it is before anybody has touched it, and constraints on named types.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { pack, Parent } from "./support/parent.ts";

const DOC = { id: 5, small: 7, text: "abc", blob: Uint8Array.of(1), when: new Date(0), levs: ["a"], d: 0, i: 0 };

describe("an untouched skeleton", () => {
  let parent: Parent;
  before(async () => {
    parent = await Parent.start({ worker: "../generated/worker" });
  });
  after(() => parent.end());

  test("starts, and says of each handler that it is not written", async () => {
    const error = await parent.failure("two", "a");
    assert.equal(error["kind"], "exception");
    assert.equal(error["message"], "two is not written yet");
    assert.equal((await parent.failure("both", { doc: DOC, n: DOC, m: [DOC] }))["message"], "both is not written yet");
  });

  test("holds the constraints of a type and those of the field that uses it", async () => {
    for (const [member, value] of [
      ["id", 4],
      ["id", 11],
      ["small", 0],
      ["small", 8],
      ["text", ""],
      ["text", "bcd"],
      ["text", "abcd"],
      ["blob", new Uint8Array(0)],
      ["blob", new Uint8Array(4)],
      ["ratio", 0.9],
      ["ratio", 0.09],
      ["opt", 11],
      ["optt", "abcd"],
      ["levs", []],
      ["d", -1.6],
      ["many", [DOC, DOC, DOC, DOC, DOC]],
      ["arr2", ["a"]],
      ["pair", [1]],
    ] as const) {
      const error = await parent.failure("both", { doc: { ...DOC, [member]: value }, n: DOC, m: [DOC] });
      assert.equal(error["kind"], "invalid", member);
      assert.equal(error["field"], `$.doc.${member}`);
    }
    assert.equal((await parent.failure("both", { doc: DOC, n: DOC, m: [] }))["field"], "$.m");
    const marked = Buffer.from(pack([DOC, { ...DOC, many: [{ ...DOC, ids: { "mark!": 0 } }] }]));
    const at = marked.indexOf("\xa5mark!", 0, "latin1"); // the library writes every key as text, and this one is a number
    const deep = await parent.failure("raw", Buffer.concat([marked.subarray(0, at), Buffer.of(0), marked.subarray(at + 6)]));
    assert.equal(deep["kind"], "invalid");
    assert.equal(deep["field"], '$[1].many[0].ids["0"]');
  });
});
