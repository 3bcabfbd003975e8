// What a parent may offer beyond the plain protocol, and what a worker makes of it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";

import { negotiate, names } from "../dist/control/features.js";
import { logLine, MAX_LOG } from "../dist/control/message.js";
import { CONTEXT, frame, pack, Parent, STARTED, underBun, unpack, type Start } from "./support/parent.ts";

const NONCE = "0123456789abcdef".repeat(2);
const TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/** What a chunk of the floods costs. */
const CHUNK = 8192 + 64;
const WINDOW = 262_144;

async function started(t: TestContext, options: Start): Promise<Parent> {
  const parent = await Parent.start(options);
  t.after(() => parent.end());
  return parent;
}

function context(parent: Parent, id: number, value: unknown): void {
  parent.write(frame(CONTEXT, 0, id, value instanceof Uint8Array ? value : pack(value)));
}

/** The text of a log line, as it leaves. */
function message(text: string): string {
  return (JSON.parse(logLine("info", text, 1, "x", NONCE)) as { params: { message: string } }).params.message;
}

function features(parent: Parent): unknown {
  return parent.init.procwire["features"];
}

describe("the offer", () => {
  test("is answered with what is known of it, and unknown tokens are left alone", () => {
    const all = negotiate(" started,credit=1000,inherited,tagged,context,log,new,newer=5,", NONCE, true);
    assert.deepEqual(names(all), ["started", "credit", "inherited", "tagged", "context", "log"]);
    assert.equal(all.credit, 1000);
    assert.deepEqual(names(negotiate(undefined, NONCE, true)), []);
    assert.deepEqual(names(negotiate("", NONCE, true)), []);
    assert.deepEqual(names(negotiate("inherited,tagged,credit", undefined, false)), []);
    for (const bad of ["credit=0", "credit=-1", "credit=x", "credit=1e400"]) assert.deepEqual(names(negotiate(bad, undefined, false)), []);
    for (const bad of ["", "0123", "g".repeat(32), `${NONCE}0`]) assert.deepEqual(names(negotiate("tagged", bad, false)), [], bad);
  });

  test("is taken out of the environment, with everything else that is not the program's", async (t) => {
    const parent = await started(t, { features: "started,inherited", nonce: NONCE, env: { PROCWIRE_DIR: "" } });
    assert.deepEqual(await parent.call("env"), { left: [] });
  });

  test("without it the reserved ids are ids like any other", async (t) => {
    const parent = await started(t, {});
    assert.deepEqual(features(parent), []);
    for (const id of [0xfffb, 0xfffc, 0xfffd]) assert.equal((await parent.failure(id))["message"], `Unknown method ID: ${id}`);
    assert.deepEqual(parent.starts(), []);
  });
});

describe("an inherited channel", () => {
  test("is used as it is: no listener, no token, closed for child processes", { skip: underBun }, async (t) => {
    for (const by of ["launcher", "plain"] as const) {
      const parent = await started(t, { by, features: "inherited", token: "ab" });
      assert.equal(parent.init.pipe, "inherited");
      assert.deepEqual(features(parent), ["inherited"]);
      assert.equal(await parent.call("echo", "hello"), "hello");
      assert.equal((await parent.ask("raw", Buffer.alloc(3 << 20, 5))).payload.length, 3 << 20);
      const { readlinkSync } = await import("node:fs");
      const socket = readlinkSync(`/proc/${parent.child.pid}/fd/3`);
      assert.match(socket, /^socket:/);
      const theirs = String(await parent.call("child"));
      assert.match(theirs, /0 -> /);
      assert.ok(!theirs.includes(socket), theirs);
      assert.deepEqual(await parent.stop(), { code: 0, signal: null });
    }
  });

  test("its end is the end of the worker", { skip: underBun }, async (t) => {
    const parent = await started(t, { features: "inherited" });
    parent.send("wait");
    await parent.call("echo", 1);
    parent.socket.destroy();
    assert.equal((await parent.exit).code, 0);
  });

  test("an early event waits for $init and arrives", { skip: underBun }, async (t) => {
    const parent = await started(t, { features: "inherited", env: { LAB_EARLY_EVENT: "1" } });
    await parent.frames.until((seen) => seen.find((f) => f.flags === 0x01 && unpack(f.payload) === "early"), "the event");
  });

  test("that is not the one which was named is not touched, and a path is announced", async (t) => {
    for (const fd of ["3:1", "77:5", "2:5", "x", "3", "3:99999999999999999999999", "-1:5"]) {
      const parent = await started(t, { features: "inherited,started", env: { PROCWIRE_FD: fd } });
      assert.notEqual(parent.init.pipe, "inherited", fd);
      assert.deepEqual(features(parent), ["started"]);
      assert.equal(await parent.call("echo", fd), fd);
    }
  });

  test("the parent's folder is where a path is", async (t) => {
    const dir = mkdtempSync(join(tmpdir(), "p"));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const parent = await started(t, { env: { PROCWIRE_DIR: dir } });
    assert.ok(parent.init.pipe.startsWith(`${dir}/procwire-`));
    assert.equal(await parent.call("echo", 1), 1);
  });
});

describe("STARTED", () => {
  for (const offer of ["started", "started,inherited"]) {
    test(`is in the parent's end when the handler kills the process as its first act (${offer})`, async (t) => {
      for (let i = 0; i < 5; i++) {
        const parent = await started(t, { features: offer });
        const before = parent.send("echo", "before");
        const id = parent.send("die");
        const never = parent.send("echo", "never");
        assert.deepEqual(await parent.exit, { code: null, signal: "SIGKILL" });
        await parent.frames.ended();
        assert.deepEqual(parent.starts(), [before, id]);
        assert.ok(!parent.frames.seen.some((f) => f.id === never));
      }
    });

    test(`is waited for while the socket is full, and everything before it is there (${offer})`, async (t) => {
      const parent = await started(t, { features: offer });
      await parent.call("echo", 1);
      parent.socket.pause();
      const body = Buffer.alloc(1 << 20, 3);
      const ids = Array.from({ length: 8 }, () => parent.send("raw", body));
      const die = parent.send("die");
      const never = parent.send("echo", "never");
      // The worker has read all of it when it answers this, and lives.
      await parent.ping();
      await parent.ping();
      assert.equal(parent.child.exitCode ?? parent.child.signalCode, null);
      parent.socket.resume();
      for (const id of ids) assert.equal((await parent.terminal(id)).payload.length, 1 << 20);
      assert.equal((await parent.exit).signal, "SIGKILL");
      await parent.frames.ended();
      assert.deepEqual(parent.starts().slice(1), [...ids, die]);
      assert.ok(!parent.starts().includes(never));
    });
  }

  test("comes before the answer, with flags 0x01, and not for what is refused, idempotent, or one-way", async (t) => {
    const parent = await started(t, { features: "started" });
    assert.deepEqual(features(parent), ["started"]);
    const id = parent.send("echo", 1);
    await parent.terminal(id);
    const [first, second] = parent.frames.seen;
    assert.deepEqual([first?.method, first?.flags, first?.id, first?.payload.length], [STARTED, 0x01, id, 0]);
    assert.equal(second?.flags, 0x03);
    assert.equal(await parent.call("again", "x"), "x");
    await parent.failure("narrow", { dpi: 1 });
    await parent.failure(999);
    parent.send("fire", { tag: "oneway" }, 0);
    const stream = parent.send("count", { n: 2 });
    await parent.terminal(stream);
    const later = parent.send("deaf", { n: 1 });
    await parent.terminal(later);
    assert.deepEqual(parent.starts(), [id, stream, later]);
  });

  test("is announced by the names of the methods it comes for", async (t) => {
    const parent = await started(t, { features: "started" });
    const starts = parent.init.procwire["starts"] as string[];
    const { again, ...others } = parent.init.schema.methods;
    assert.ok(again);
    assert.deepEqual(starts, Object.keys(others));
    assert.deepEqual((await started(t, {})).init.procwire["starts"], []);
  });

  test("an abort of a request that waits to begin keeps it from beginning", async (t) => {
    const parent = await started(t, { features: "started" });
    await parent.call("echo", 1);
    parent.socket.pause();
    const body = Buffer.alloc(1 << 20, 3);
    const ids = Array.from({ length: 8 }, () => parent.send("raw", body));
    const die = parent.send("die");
    parent.abort(die);
    await parent.ping();
    await parent.ping();
    parent.socket.resume();
    for (const id of ids) await parent.terminal(id);
    assert.equal((unpack((await parent.terminal(die)).payload) as { kind: string }).kind, "cancelled");
    assert.equal(await parent.call("echo", "alive"), "alive");
  });

  test("10,000 calls are all announced and answered, in order", async (t) => {
    const parent = await started(t, { features: "started,inherited" });
    const ids = Array.from({ length: 10_000 }, (_, i) => parent.send("echo", i));
    await parent.terminal(ids.at(-1) ?? 0);
    assert.deepEqual(parent.starts(), ids);
    assert.deepEqual(parent.frames.seen.filter((f) => f.flags === 0x03).map((f) => f.id), ids);
  });
});

describe("credit", () => {
  for (const method of ["flood", "sync_flood"] as const) {
    test(`moves exactly one window to a reader that grants nothing (${method})`, async (t) => {
      const parent = await started(t, { features: `credit=${WINDOW}` });
      const id = parent.send(method, { n: 1_000_000 });
      const window = Math.ceil(WINDOW / CHUNK);
      await parent.frames.until(() => parent.items(id)[window - 1], "a window");
      // Others are served, and after them there still is no more.
      for (let i = 0; i < 20; i++) await parent.call("echo", i);
      assert.equal(parent.items(id).length, window);
      assert.equal(((await parent.call("state")) as { produced: number }).produced, window + 1);
      parent.grant(4711, 1 << 20);
      parent.write(frame(0xfffc, 0, id, Buffer.from([1])));
      const debt = window * CHUNK - WINDOW;
      parent.grant(id, debt);
      await parent.call("echo", 1);
      assert.equal(parent.items(id).length, window);
      parent.grant(id, 1);
      await parent.frames.until(() => parent.items(id)[window], "one more");
      await parent.call("echo", 1);
      assert.equal(parent.items(id).length, window + 1);
      parent.abort(id);
      assert.equal((await parent.terminal(id)).flags, 0x0f);
      assert.equal(((await parent.call("state")) as { returned: number }).returned, 1);
    });
  }

  test("that is granted as items are taken lets all of them through, however much", async (t) => {
    const parent = await started(t, { features: "credit=10000" });
    const id = parent.send("flood", { n: 2000 });
    parent.grant(id, 0xffffffff);
    parent.grant(id, 0xffffffff);
    assert.equal((await parent.terminal(id)).flags, 0x1b);
    assert.equal(parent.items(id).length, 2000);
  });

  test("is not needed for the end, nor for an error", async (t) => {
    const parent = await started(t, { features: "credit=8256" });
    const id = parent.send("flood", { n: 1 });
    assert.equal((await parent.terminal(id)).flags, 0x1b);
    const single = await started(t, { features: "credit=1" });
    const bad = single.send("bad_item");
    assert.equal((await single.terminal(bad)).flags, 0x0f);
    assert.equal(single.items(bad).length, 1);
  });

  test("is waited for no longer when the worker is to end", async (t) => {
    const parent = await started(t, { features: "credit=10000" });
    const id = parent.send("flood", { n: 1000 });
    await parent.frames.until(() => parent.items(id)[1], "a window");
    await parent.call("echo", 1);
    assert.deepEqual(await parent.stop(), { code: 0, signal: null });
    assert.equal((await parent.terminal(id)).flags, 0x0f);
    assert.equal((unpack((await parent.terminal(id)).payload) as { kind: string }).kind, "cancelled");
  });

  test("is waited for no longer when the parent is gone", async (t) => {
    const parent = await started(t, { features: "credit=10000" });
    const id = parent.send("flood", { n: 1000 });
    await parent.frames.until(() => parent.items(id)[1], "a window");
    parent.socket.destroy();
    assert.equal((await parent.exit).code, 0);
  });
});

describe("tagged control lines", () => {
  test("c12: every line carries the nonce, and lines without it are not heard", async (t) => {
    const parent = await started(t, { features: "tagged,log", nonce: NONCE });
    assert.deepEqual(features(parent), ["tagged", "log"]);
    parent.say('{"jsonrpc":"2.0","method":"$shutdown"}');
    parent.say(`{"jsonrpc":"2.0","method":"$shutdown","nonce":"${NONCE.replace("0", "1")}"}`);
    parent.say(`{"jsonrpc":"2.0","method":"$shutdown","params":{"nonce":"${NONCE}"}}`);
    parent.say('{"jsonrpc":"2.0","method":"$ping"}');
    await parent.ping();
    await parent.call("tell", { text: "x" });
    await parent.lines.until(() => parent.messages("$log")[3], "$log");
    assert.equal(parent.messages("$pong").length, 1);
    for (const line of parent.lines.seen) assert.equal((JSON.parse(line) as { nonce: string }).nonce, NONCE, line);
    assert.deepEqual(await parent.stop(), { code: 0, signal: null });
  });

  test("$error carries it too", async (t) => {
    const parent = await started(t, { features: "tagged", nonce: NONCE, connect: false, env: { LAB_FAIL_TO_START: "1" } });
    await parent.exit;
    assert.equal((JSON.parse(parent.lines.seen[0] ?? "{}") as { nonce: string }).nonce, NONCE);
  });
});

describe("trace context", () => {
  test("belongs to the request it names, and to no other", async (t) => {
    const parent = await started(t, { features: "context,started" });
    const ask = async (id: number): Promise<unknown> => {
      parent.send("trace", null, id);
      return unpack((await parent.frames.until((seen) => seen.find((f) => f.id === id && f.flags === 0x03), "it")).payload);
    };
    context(parent, 101, { traceparent: TRACE, later: 1 });
    assert.equal(await ask(101), TRACE);
    assert.equal(await ask(102), null);
    context(parent, 104, { traceparent: TRACE });
    assert.equal(await ask(103), null);
    assert.equal(await ask(104), null);
    for (const bad of [{ traceparent: 5 }, [1], null, Buffer.of(0xc1), Buffer.alloc(0)]) {
      context(parent, 105, bad);
      assert.equal(await ask(105), null);
      parent.frames.seen.length = 0;
    }
  });
});

describe("log lines", () => {
  test("carry level, text, request and method", async (t) => {
    const parent = await started(t, { features: "log" });
    const id = parent.send("tell", { text: "said\nit\u2028" });
    await parent.terminal(id);
    await parent.lines.until(() => parent.messages("$log")[3], "four lines");
    assert.deepEqual(
      parent.messages("$log"),
      ["debug", "info", "warn", "error"].map((level) => ({ level, message: "said\nit\u2028", request: id, target: "tell" })),
    );
  });

  test("are lines on stderr for a parent that takes none", async (t) => {
    const parent = await started(t, {});
    await parent.call("tell", { text: "hello" });
    await parent.said(/procwire-worker: warn: tell \(request 1\): hello/);
    assert.equal(parent.messages("$log").length, 0);
  });

  test("are cut where they are too long, between characters, and never a line too long for a parent", () => {
    assert.equal(message("a".repeat(MAX_LOG + 1)).length, MAX_LOG);
    assert.equal(message("é".repeat(MAX_LOG)), "é".repeat(MAX_LOG / 2));
    assert.equal(message(`a${"é".repeat(MAX_LOG)}`), `a${"é".repeat(MAX_LOG / 2 - 1)}`);
    assert.equal(message("\ud800"), "\ufffd");
    for (const text of ["\0".repeat(1e6), '"'.repeat(1e6), "\ud83d\ude00".repeat(1e5)]) {
      assert.ok(Buffer.byteLength(logLine("info", text, 1, "x", NONCE)) < 48 << 10);
    }
  });

  test("c17: the last ones before an exit arrive", async (t) => {
    const parent = await started(t, { features: "log", nonce: NONCE, pipe: true });
    parent.send("tell_and_exit");
    await parent.exit;
    assert.match(parent.stderr, /exit code 4/);
    assert.deepEqual(parent.messages("$log").map((params) => (params as { message: string }).message), ["the last word"]);
  });
});
