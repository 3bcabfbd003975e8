// The catalogue of faults, seen from the worker: each row that concerns it, by its number.

import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";

import { Parent, STARTED, underBun, unpack, type Start } from "./support/parent.ts";

async function started(t: TestContext, options: Start = {}): Promise<Parent> {
  const parent = await Parent.start(options);
  t.after(() => parent.end());
  return parent;
}

describe("control channel", () => {
  test("c09: nothing that is printed reaches it, from Node, past Node, or from a child process", async (t) => {
    const parent = await started(t, { env: { LAB_RAW_STDOUT: "1" } });
    assert.equal(await parent.call("print"), 1);
    await parent.said(/^child$/m);
    await parent.ping();
    assert.equal(parent.lines.seen.length, 2);
  });

  // Bun sets what it writes to not to wait, and has no way to take that back.
  test("c09: what is printed waits for a parent that does not read, and no print fails", { skip: underBun }, async (t) => {
    const parent = await started(t);
    parent.child.stderr?.pause();
    const id = parent.send("print_a_lot", { n: 2000 }); // 4 MB, into a pipe that holds a fraction of it
    parent.child.stderr?.resume();
    const end = await parent.terminal(id);
    assert.equal(unpack(end.payload), 2000);
    await parent.said(/^enough$/m);
    assert.equal(parent.stderr.split("\n").filter((line) => line === "y".repeat(999)).length, 4000);
  });

  test("c11: invalid UTF-8, NUL and binary on stdin are noise", async (t) => {
    const parent = await started(t);
    for (const hex of ["fffe000a", "000000", "0a", "7bff0a", "c3280a"]) parent.child.stdin?.write(Buffer.from(hex, "hex"));
    await parent.ping();
    assert.equal(await parent.call("echo", 1), 1);
  });

  test("c12: a program's own control lines do not get through, with a nonce or without", async (t) => {
    for (const offer of [{}, { features: "tagged", nonce: "ab".repeat(16) }]) {
      const parent = await started(t, { env: { LAB_PRINT_EARLY: "1", LAB_RAW_STDOUT: "1" }, ...offer });
      await parent.call("print");
      assert.equal(parent.messages("$init").length, 1);
      assert.equal(parent.messages("$pong").length, 0);
    }
  });

  test("c13: a line that comes byte by byte, with CRLF, is heard", async (t) => {
    const nonce = "0a".repeat(16);
    const parent = await started(t, { features: "tagged", nonce });
    for (const byte of Buffer.from(`{"é":1,"method":"$ping","nonce":"${nonce}"}\r\n`)) parent.child.stdin?.write(Uint8Array.of(byte));
    await parent.lines.until(() => parent.messages("$pong")[0], "$pong");
  });

  test("c18: 10,000 pings and lines of no meaning are borne", async (t) => {
    const parent = await started(t);
    for (let i = 0; i < 10_000; i++) parent.say(i % 2 === 0 ? parent.order("$ping") : parent.order("$unknown"));
    assert.equal(await parent.call("echo", 1), 1);
    await parent.lines.until(() => parent.messages("$pong")[0], "a $pong");
    assert.deepEqual(await parent.stop(), { code: 0, signal: null });
  });
});

describe("payloads", () => {
  let parent: Parent;
  before(async () => {
    parent = await Parent.start({ features: "started" });
  });
  after(() => parent.end());

  for (const [row, what, bytes, why] of [
    ["f01", "a byte that means nothing", Buffer.of(0xc1), /0xc1 begins no value/],
    ["f02", "half a value", Buffer.of(0x82, 0x01), /ends before its value/],
    ["f04", "65 levels", Buffer.concat([Buffer.alloc(64, 0x91), Buffer.of(0x90)]), /more than 64 levels/],
    ["f04", "a million levels", Buffer.alloc(1_000_000, 0x91), /more than 64 levels/],
    ["f05", "a list of 2^32 - 1", Buffer.from("ddffffffff", "hex"), /ends before its value/],
    ["f05", "a map of 2^32 - 1", Buffer.from("dfffffffff", "hex"), /ends before its value/],
    ["f05", "2^32 - 1 bytes", Buffer.from("c6ffffffff", "hex"), /ends before its value/],
    ["f05", "a string of 2^32 - 1", Buffer.from("dbffffffff", "hex"), /ends before its value/],
    ["f06", "16 MiB of nils", Buffer.concat([Buffer.from("dd01000000", "hex"), Buffer.alloc(1 << 24, 0xc0)]), /more than 1000000 elements/],
    ["f07", "a byte too many", Buffer.of(0xc0, 0xc0), /bytes follow the value/],
    ["f08", "a string that is not UTF-8", Buffer.from("a2c328", "hex"), /not UTF-8/],
    ["f08", "an unknown extension", Buffer.from("d40501", "hex"), /extension 5/],
    ["f08", "nil as a key", Buffer.from("81c001", "hex"), /key of a map/],
  ] as const) {
    test(`${row}: ${what} is refused, and the worker lives`, async () => {
      const starts = parent.starts().length;
      const error = await parent.failure("echo", bytes);
      assert.equal(error["kind"], "invalid");
      assert.equal(error["field"], "$");
      assert.match(String(error["message"]), why);
      assert.equal(parent.starts().length, starts, "its handler was not said to begin");
      assert.equal(await parent.call("again", "alive"), "alive");
    });
  }

  test("f03: a value of another type is refused with its path", async () => {
    const error = await parent.failure("narrow", { dpi: "x" });
    assert.deepEqual([error["kind"], error["field"]], ["invalid", "$.dpi"]);
  });

  test("f09: a declared error that cannot be sent still ends the stream with an error", async () => {
    const id = parent.send("bad_end");
    const end = await parent.terminal(id);
    assert.equal(end.flags, 0x0f);
    assert.equal((unpack(end.payload) as { kind: string }).kind, "encode");
  });

  for (const [how, kind] of [
    ["long declared", "app"],
    ["long declared text", "app"],
    ["long", "exception"],
    ["numbers", "exception"],
    ["symbols", "exception"],
    ["unprintable", "encode"],
  ] as const) {
    test(`f09: the text of an error is text, and never endless (${how})`, async () => {
      const error = await parent.failure("fail", { how });
      assert.equal(error["kind"], kind);
      for (const part of ["message", "type", "traceback"]) {
        if (part !== "message" && error[part] === undefined) continue;
        const text = error[part];
        assert.ok(typeof text === "string" && text.length > 0 && text.length <= (64 << 10) + 2, `${part}: ${typeof text}`);
      }
      assert.equal(await parent.call("again", "alive"), "alive");
    });
  }

  test("f09: an error that is longer than a frame may be is an error all the same", async (t) => {
    const small = await Parent.start({ env: { LAB_MAX_PAYLOAD: "1000" } });
    t.after(() => small.end());
    for (const [how, kind] of [["long declared", "encode"], ["long", "exception"]] as const) {
      const answer = await small.ask("fail", { how });
      assert.ok(answer.payload.length <= 1000);
      assert.equal((unpack(answer.payload) as { kind: string }).kind, kind);
    }
    assert.equal(await small.call("echo", "alive"), "alive");
  });

  for (const what of ["cycle", "function", "symbol", "big"]) {
    test(`f10: an answer that is a ${what} is an error of kind encode`, async () => {
      assert.equal((await parent.failure("bad_answer", { what }))["kind"], "encode");
    });
  }
  for (const what of ["bigint", "infinity", "nan"]) {
    test(`f10: an answer that is ${what} where the schema has u32 is an error of kind encode`, async () => {
      assert.equal((await parent.failure("odd", { what }))["kind"], "encode");
    });
  }
  for (const what of ["a getter", "a revoked proxy"]) {
    test(`f10: an answer that is ${what} which throws is an error`, async () => {
      assert.equal((await parent.failure("odd", { what }))["kind"], "exception");
      assert.equal(await parent.call("echo", "alive"), "alive");
    });
  }

  test("h08: an abort of what is unknown or over is nothing", async () => {
    parent.abort(4_000_000);
    const id = parent.send("echo", 1);
    await parent.terminal(id);
    parent.abort(id);
    assert.equal(await parent.call("echo", 2), 2);
    assert.equal(parent.frames.seen.filter((f) => f.id === id && f.method !== STARTED).length, 1);
  });
});

describe("user code", () => {
  test("n04: a handler that blocks delays others and loses none", async (t) => {
    const parent = await started(t);
    const busy = parent.send("busy", { n: 100 });
    const ids = Array.from({ length: 20 }, (_, i) => parent.send("echo", i));
    parent.abort(busy);
    await parent.ping();
    for (const id of [busy, ...ids]) await parent.terminal(id);
    assert.equal(parent.frames.seen.length, 21);
  });

  for (const inherited of ["", ",inherited"]) {
    test(`n06: process.exit in a handler: it had begun, and what was behind it had not (started${inherited})`, async (t) => {
      const parent = await started(t, { features: `started${inherited}` });
      const id = parent.send("exit");
      const next = parent.send("echo", 1);
      assert.equal((await parent.exit).code, 3);
      await parent.frames.ended();
      assert.deepEqual(parent.starts(), [id]);
      assert.ok(!parent.frames.seen.some((f) => f.id === next));
    });
  }

  test("n07: a handler that does not listen to its signal ends as cancelled when it ends", async (t) => {
    const parent = await started(t);
    const id = parent.send("hold");
    parent.abort(id);
    assert.equal(await parent.call("let_go"), 1);
    assert.equal((unpack((await parent.terminal(id)).payload) as { kind: string }).kind, "cancelled");
    assert.equal(await parent.call("echo", 1), 1);
  });

  test("n08: an exception after the answer is reported, the next call is fine", async (t) => {
    const parent = await started(t);
    assert.equal(await parent.call("throw_later"), 1);
    assert.equal(await parent.call("echo", "next"), "next");
    await parent.said(/uncaught exception: Error: too late to throw/);
    assert.equal(await parent.call("echo", "and the one after"), "and the one after");
  });

  test("n08: an unhandled rejection after the answer is reported, the next call is fine", async (t) => {
    const parent = await started(t);
    assert.equal(await parent.call("reject_later"), 1);
    assert.equal(await parent.call("echo", "next"), "next");
    await parent.said(/unhandled rejection: Error: too late to reject/);
    assert.equal(await parent.call("echo", "and the one after"), "and the one after");
  });

  test("n08: where the program wants it, an exception after the answer ends the worker with 70, answer delivered", async (t) => {
    const parent = await started(t, { env: { LAB_UNCAUGHT: "exit" } });
    const id = parent.send("throw_later");
    assert.equal((await parent.exit).code, 70);
    assert.equal(unpack((await parent.terminal(id)).payload), 1);
    assert.match(parent.stderr, /too late to throw/);
  });

  test("n10: a handler that returns nothing where there must be something is an error at once", async (t) => {
    const parent = await started(t);
    const error = await parent.failure("nothing");
    assert.equal(error["kind"], "encode");
    assert.match(String(error["message"]), /expected u32, but it is missing/);
  });

  test("n10: a promise that is kept twice is answered once", async (t) => {
    const parent = await started(t);
    const id = parent.send("twice");
    assert.equal(unpack((await parent.terminal(id)).payload), 1);
    assert.equal(await parent.call("echo", 1), 1);
    assert.equal(parent.frames.seen.filter((f) => f.id === id).length, 1);
  });

  test("n11: a process that a handler starts holds nothing of the worker's", async (t) => {
    const parent = await started(t, { features: "inherited" });
    const { readdirSync, readlinkSync } = await import("node:fs");
    const own = readdirSync(`/proc/${parent.child.pid}/fd`).flatMap((fd) => {
      try {
        return Number(fd) > 2 ? [readlinkSync(`/proc/${parent.child.pid}/fd/${fd}`)] : [];
      } catch {
        return []; // it was closed in between
      }
    });
    const theirs = String(await parent.call("child"));
    for (const one of own.filter((link) => link.startsWith("socket:"))) assert.ok(!theirs.includes(one), `${one} in ${theirs}`);
  });

  test("n12: a handler that closes the data channel's descriptor ends the worker, not the parent's wait", { skip: underBun }, async (t) => {
    const parent = await started(t, { features: "inherited" });
    parent.send("close", { n: 3 });
    assert.notEqual((await parent.exit).code, 0);
  });

  test("n12: a handler that closes stdout and stderr does not harm calls", { skip: underBun }, async (t) => {
    const parent = await started(t, { features: "inherited" });
    assert.equal(await parent.call("close", { n: 1 }), 1);
    assert.equal(await parent.call("echo", "alive"), "alive");
    await parent.ping();
  });

  test("n13: a handler that changes folder, mask, title and signals changes nothing here", async (t) => {
    const parent = await started(t);
    assert.equal(await parent.call("rearrange"), 1);
    assert.equal(await parent.call("echo", 1), 1);
    await parent.ping();
    parent.child.kill("SIGTERM");
    assert.equal(await parent.call("echo", 2), 2);
    parent.child.kill("SIGKILL");
    assert.equal((await parent.exit).signal, "SIGKILL");
  });
});
