// Requests: the four kinds of answer, and what a frame may get wrong.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { frame, pack, Parent, unpack } from "./support/parent.ts";

describe("a worker", () => {
  let parent: Parent;
  before(async () => {
    parent = await Parent.start();
  });
  after(() => parent.end());

  test("answers a result with flags 0x03 and the same id", async () => {
    const answer = await parent.ask("echo", { a: [1, "two", null] });
    assert.equal(answer.flags, 0x03);
    assert.equal(answer.method, parent.id("echo"));
    assert.deepEqual(unpack(answer.payload), { a: [1, "two", null] });
  });

  test("echoes request ids it cannot have counted", async () => {
    parent.send("echo", 5, 0xffffffff);
    assert.equal(unpack((await parent.terminal(0xffffffff)).payload), 5);
  });

  test("acknowledges with 0x23 and a payload that is never empty", async () => {
    const plain = await parent.ask("note", { text: "hello" });
    assert.equal(plain.flags, 0x23);
    assert.deepEqual([...plain.payload], [0xc0]);
    const receipt = await parent.ask("receipt");
    assert.equal(receipt.flags, 0x23);
    assert.equal(unpack(receipt.payload), 7);
  });

  test("sends an event with id 0 and flags 0x01", async () => {
    await parent.call("note", { text: "an event" });
    const event = await parent.frames.until(
      (seen) => seen.find((f) => f.flags === 0x01 && unpack(f.payload) === "an event"),
      "the event",
    );
    assert.equal(event.id, 0);
    assert.equal(event.method, parent.init.schema.events["noted"]?.id);
  });

  test("streams: items 0x0b, then one empty 0x1b", async () => {
    const id = parent.send("count", { n: 1000 });
    const end = await parent.terminal(id);
    assert.equal(end.flags, 0x1b);
    assert.equal(end.payload.length, 0);
    assert.deepEqual(parent.items(id).map((f) => unpack(f.payload)), Array.from({ length: 1000 }, (_, i) => i));
  });

  test("an empty stream is a lone end", async () => {
    const id = parent.send("count", { n: 0 });
    assert.equal((await parent.terminal(id)).flags, 0x1b);
    assert.equal(parent.items(id).length, 0);
  });

  test("a stream may be a plain generator", async () => {
    const id = parent.send("sync_stream", { n: 5000 });
    assert.equal((await parent.terminal(id)).flags, 0x1b);
    assert.equal(parent.items(id).length, 5000);
  });

  test("an error after items ends a stream with 0x0f, after those items", async () => {
    const id = parent.send("count_then_fail", { n: 3 });
    const end = await parent.terminal(id);
    assert.equal(end.flags, 0x0f);
    assert.equal(parent.items(id).length, 3);
    assert.deepEqual((unpack(end.payload) as { error: unknown }).error, { type: "not_found", path: "/x" });
  });

  test("a one-way call runs and is not answered", async () => {
    parent.send("fire", { tag: "bang" }, 0);
    await parent.frames.until((seen) => seen.find((f) => f.flags === 0x01 && unpack(f.payload) === "bang"), "its event");
    parent.send("fire", { tag: "throw" }, 0);
    assert.equal(((await parent.call("state")) as { fired: string }).fired, "throw");
    assert.equal(parent.frames.seen.filter((f) => f.id === 0 && f.flags !== 0x01).length, 0);
    await parent.said(/fire \(one-way\) failed: Error: one-way trouble/);
  });

  test("raw payloads go both ways as they are, empty ones too", async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from([0, 255, 16]), Buffer.alloc(100_000, 7)]) {
      const answer = await parent.ask("raw", bytes);
      assert.deepEqual(answer.payload, bytes);
    }
  });

  test("an unknown method id is answered, even with request id 0", async () => {
    const error = await parent.failure(999);
    assert.equal(error["message"], "Unknown method ID: 999");
    assert.equal(error["kind"], "unsupported");
    parent.send(998, null, 0);
    await parent.frames.until((seen) => seen.find((f) => f.method === 998 && f.id === 0 && f.flags === 0x07), "its answer");
  });

  test("flags of a request do not matter", async () => {
    parent.socket.write(frame(parent.id("echo"), 0x3c, 77777, pack("served")));
    assert.equal(unpack((await parent.terminal(77777)).payload), "served");
  });

  test("methods without arguments take nil, nothing, and any map", async () => {
    for (const payload of [null, new Uint8Array(0), {}, { later: "added" }]) {
      assert.equal(await parent.call("receipt", payload), 7);
    }
    assert.equal((await parent.failure("receipt", 5))["kind"], "invalid");
  });

  test("undecodable arguments are answered and the worker lives", async () => {
    for (const bytes of [[0xc1], [0x82, 0x01], [0xc0, 0xc0], [0xdd, 0xff, 0xff, 0xff, 0xff], []]) {
      const error = await parent.failure("narrow", Uint8Array.from(bytes));
      assert.equal(error["kind"], "invalid", String(bytes));
      assert.equal(error["field"], "$");
    }
    const deep = await parent.failure("echo", Buffer.alloc(1_000_000, 0x91));
    assert.equal(deep["kind"], "invalid");
    assert.equal(await parent.call("echo", "alive"), "alive");
  });

  test("arguments that break the schema are refused with their path", async () => {
    for (const [args, message] of [
      [{ dpi: 20 }, /narrow: 20 is outside 36\.\.=1200 - at `\$\.dpi`/],
      [{ dpi: "x" }, /expected u32, got "x" - at `\$\.dpi`/],
      [{ dpi: -1 }, /expected u32 \(0\.\.=4294967295\), got -1/],
      [{}, /expected u32, but it is missing/],
    ] as const) {
      const error = await parent.failure("narrow", args);
      assert.equal(error["kind"], "invalid");
      assert.equal(error["field"], "$.dpi");
      assert.match(String(error["message"]), message);
    }
    assert.match(String((await parent.failure("narrow", [1]))["message"]), /expected a map, got a list of 1 - at `\$`/);
  });

  test("an answer that cannot be sent becomes an error, and there is always one", async () => {
    for (const what of ["function", "cycle", "symbol", "big"]) {
      const error = await parent.failure("bad_answer", { what });
      assert.equal(error["kind"], "encode", what);
      assert.match(String(error["message"]), /bad_answer: the answer cannot be sent/);
    }
    const narrow = await parent.failure("narrow", { dpi: 600 });
    assert.equal(narrow["kind"], "encode");
    assert.match(String(narrow["message"]), /expected u8 \(0\.\.=255\), got 600/);
    const id = parent.send("bad_item");
    const end = await parent.terminal(id);
    assert.equal(end.flags, 0x0f);
    assert.equal((unpack(end.payload) as { kind: string }).kind, "encode");
    assert.equal(parent.items(id).length, 1);
    assert.equal((await parent.failure("not_iterable"))["kind"], "encode");
  });

  test("declared errors arrive as they were declared", async () => {
    for (const [how, message] of [
      ["declared", 'not found (path: "/etc/x")'],
      ["declared with text", "nothing there"],
      ["async declared", 'not found (path: "later")'],
    ] as const) {
      const error = await parent.failure("fail", { how });
      assert.equal(error["kind"], "app");
      assert.equal(error["message"], message);
      assert.equal((error["error"] as { type: string }).type, "not_found");
    }
  });

  test("every other error arrives with class, text and stack", async () => {
    const sync = await parent.failure("fail", { how: "sync" });
    assert.equal(sync["kind"], "exception");
    assert.equal(sync["type"], "TypeError");
    assert.equal(sync["message"], "no sync");
    assert.match(String(sync["traceback"]), /lab\.ts/);
    assert.equal((await parent.failure("fail", { how: "async" }))["type"], "RangeError");
    const own = await parent.failure("fail", { how: "own class" });
    assert.equal(own["type"], "Own");
    assert.match(String(own["traceback"]), /lab\.ts[\s\S]*caused by: RangeError: the cause of it/);
    assert.match(String((await parent.failure("fail", { how: "string" }))["message"]), /just text/);
    assert.match(String((await parent.failure("fail", { how: "foreign" }))["message"]), /`foreign` of OtherError/);
    assert.equal((await parent.failure("fail", { how: "bad declared" }))["kind"], "encode");
  });

  test("1,000 calls at once are all answered, each once", async () => {
    const ids = Array.from({ length: 1000 }, (_, i) => parent.send("deaf", { n: i % 20 }));
    await Promise.all(ids.map((id) => parent.terminal(id)));
    for (const id of ids) assert.equal(parent.frames.seen.filter((f) => f.id === id).length, 1);
  });

  test("frames may arrive byte by byte, and many at once", async () => {
    const one = frame(parent.id("echo"), 0, 500_001, pack({ split: "in every place" }));
    for (const byte of one) parent.socket.write(Uint8Array.of(byte));
    assert.deepEqual(unpack((await parent.terminal(500_001)).payload), { split: "in every place" });
    parent.socket.write(Buffer.concat(Array.from({ length: 100 }, (_, i) => frame(parent.id("echo"), 0, 500_100 + i, pack(i)))));
    for (let i = 0; i < 100; i++) assert.equal(unpack((await parent.terminal(500_100 + i)).payload), i);
  });

  test("64 MiB go both ways", async () => {
    const bytes = Buffer.alloc(64 << 20);
    for (let i = 0; i < bytes.length; i += 4096) bytes.writeUInt32BE(i, i);
    const answer = await parent.ask("raw", bytes);
    assert.ok(answer.payload.equals(bytes));
    assert.equal(await parent.call("echo", "after"), "after");
  });

  test("a busy handler delays others and loses none", async () => {
    const busy = parent.send("busy", { n: 200 });
    const others = Array.from({ length: 10 }, (_, i) => parent.send("echo", i));
    const pong = parent.ping();
    await Promise.all([parent.terminal(busy), ...others.map((id) => parent.terminal(id)), pong]);
  });

  test("events wait for room, arrive in order, and refuse what the schema forbids", async () => {
    assert.equal(await parent.call("events", { n: 3000 }), 1);
    const noted = parent.events("noted").map((payload) => unpack(payload as Buffer)).filter((value) => typeof value === "number");
    assert.deepEqual(noted, Array.from({ length: 3000 }, (_, i) => i));
    assert.deepEqual(parent.events("bytes"), [Buffer.from([1, 2, 3])]);
    assert.deepEqual(parent.events("small"), []);
  });
});
