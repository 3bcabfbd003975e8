// A worker's life: start, adoption, standard streams, cancellation, and every way it ends.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";

import { AUTH, frame, pack, Parent, unpack, type Start } from "./support/parent.ts";

const TOKEN = "ab".repeat(32);

/** A folder of its own for the sockets of a test. */
function folder(t: TestContext): { path: string } {
  const path = mkdtempSync(join(tmpdir(), "s"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return { path };
}

/** A worker that does not outlive the test. */
async function started(t: TestContext, options: Start = {}): Promise<Parent> {
  const parent = await Parent.start(options);
  t.after(() => parent.end());
  return parent;
}

async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await new Promise<void>((resolve) => socket.once("close", () => resolve()));
}

describe("start", () => {
  test("$init announces ids, kinds and fingerprints", async (t) => {
    const parent = await started(t);
    const { init } = parent;
    assert.equal(init.version, "1.0.0");
    assert.deepEqual(init.schema.methods["echo"], { id: 1, response: "result" });
    assert.deepEqual(init.schema.methods["count"], { id: 3, response: "stream" });
    assert.equal(init.schema.methods["note"]?.response, "ack");
    assert.equal(init.schema.methods["fire"]?.response, "none");
    assert.deepEqual(init.schema.events["noted"], { id: 1 });
    const { methods, ...rest } = init.procwire;
    assert.deepEqual(rest, {
      generation: 1,
      language: "typescript",
      runtime: "0.1.0",
      module: "lab",
      version: "1.0.0",
      fingerprint: "fedcba9876543210",
      starts: [],
      pid: parent.child.pid,
      features: [],
    });
    assert.equal((methods as Record<string, string>)["echo"], "0123456789abcdef");
  });

  test("the first line is exactly what published parents expect", async (t) => {
    const parent = await started(t);
    assert.match(parent.lines.seen[0] ?? "", /^\{"jsonrpc":"2\.0","method":"\$init","params":\{"pipe":"[^"]+","schema":\{"methods":\{"echo":\{"id":1,"response":"result"\}/);
  });

  test("the socket is the user's alone, stands where it should, and is gone after adoption", async (t) => {
    const dir = folder(t);
    const parent = await started(t, { connect: false, env: { XDG_RUNTIME_DIR: `${dir.path}//` } });
    const { pipe } = await parent.ready();
    assert.match(pipe, new RegExp(`^${dir.path}/procwire-${parent.child.pid}-[0-9a-f]{32}\\.sock$`));
    assert.equal(statSync(pipe).mode & 0o777, 0o600);
    await parent.open();
    assert.equal(await parent.call("echo", 1), 1);
    assert.ok(!existsSync(pipe));
    const second = connect(pipe);
    const [error] = (await once(second, "error")) as [NodeJS.ErrnoException];
    assert.equal(error.code, "ENOENT");
  });

  test("an empty XDG_RUNTIME_DIR counts as none", async (t) => {
    const dir = folder(t);
    const parent = await started(t, { connect: false, env: { XDG_RUNTIME_DIR: "", TMPDIR: dir.path } });
    assert.ok((await parent.ready()).pipe.startsWith(`${dir.path}/procwire-`));
  });

  test("a path that is too long is said so, before anything is bound", async (t) => {
    const dir = folder(t);
    const long = join(dir.path, "x".repeat(80));
    mkdirSync(long);
    const parent = await started(t, { connect: false, env: { XDG_RUNTIME_DIR: long } });
    assert.equal((await parent.exit).code, 1);
    const [params] = parent.messages("$error") as [{ message: string }];
    assert.match(params.message, /lab cannot start: the socket path .* at most 107 are possible: set XDG_RUNTIME_DIR/);
    assert.deepEqual(readdirSync(long), []);
  });

  test("a folder that does not exist is an error, with exit code 1", async (t) => {
    const parent = await started(t, { connect: false, env: { XDG_RUNTIME_DIR: "/nonexistent" } });
    assert.equal((await parent.exit).code, 1);
    assert.equal(parent.messages("$error").length, 1);
    assert.match(parent.stderr, /lab cannot start/);
  });

  test("what fails while handlers are made reaches the parent as the reason", async (t) => {
    const parent = await started(t, { connect: false, env: { LAB_FAIL_TO_START: "1" } });
    assert.equal((await parent.exit).code, 1);
    assert.deepEqual(parent.messages("$error"), [{ message: "lab cannot start: no model on disk" }]);
    assert.equal(parent.messages("$init").length, 0);
  });

  test("an event sent while starting waits for the parent; nothing is written before adoption", async (t) => {
    const parent = await started(t, { connect: false, token: TOKEN, env: { LAB_EARLY_EVENT: "1" } });
    await parent.ready();
    await parent.open();
    await parent.ping();
    assert.equal(parent.frames.seen.length, 0);
    parent.socket.write(frame(AUTH, 0, 0, Buffer.from(TOKEN)));
    await parent.frames.until((seen) => seen.find((f) => f.flags === 0x01 && unpack(f.payload) === "early"), "the event");
  });

  test("started by the plain runtime it serves just the same", async (t) => {
    const parent = await started(t, { by: "plain" });
    assert.equal(await parent.call("echo", "plain"), "plain");
  });
});

describe("proof of the parent", () => {
  test("with a token the first frame must be AUTH; what follows it in the same packet is served", async (t) => {
    const parent = await started(t, { connect: false, token: TOKEN });
    await parent.ready();
    await parent.open();
    parent.socket.write(Buffer.concat([frame(AUTH, 0, 0, Buffer.from(TOKEN)), frame(parent.id("echo"), 0, 9001, pack("hi"))]));
    assert.equal(unpack((await parent.terminal(9001)).payload), "hi");
    assert.deepEqual(await parent.call("env"), { left: [] });
    parent.socket.write(frame(AUTH, 0, 0, Buffer.from("again")));
    assert.equal(await parent.call("echo", "still"), "still");
  });

  test("strangers are turned away without a word, and do not keep the parent out", async (t) => {
    const parent = await started(t, { connect: false, token: TOKEN });
    const { pipe } = await parent.ready();
    const silent = connect(pipe);
    await once(silent, "connect");
    silent.on("error", () => {});
    for (const bytes of [
      frame(AUTH, 0, 0, Buffer.from("cd".repeat(32))),
      frame(AUTH, 0, 0, Buffer.from("ab")),
      frame(AUTH, 0, 0, Buffer.alloc(0)),
      frame(parent.id("echo"), 0, 1, pack("hi")),
    ]) {
      const stranger = connect(pipe);
      let heard = 0;
      stranger.on("data", (chunk: Buffer) => (heard += chunk.length));
      stranger.on("error", () => {});
      stranger.write(bytes);
      await closed(stranger);
      assert.equal(heard, 0);
    }
    await parent.open();
    for (const byte of frame(AUTH, 0, 0, Buffer.from(TOKEN))) parent.socket.write(Uint8Array.of(byte));
    assert.equal(await parent.call("echo", "hi"), "hi");
    await closed(silent);
  });

  test("an empty token demands an empty proof", async (t) => {
    const parent = await started(t, { connect: false, token: "" });
    await parent.ready();
    await parent.open();
    parent.socket.write(frame(AUTH, 0, 0, Buffer.alloc(0)));
    assert.equal(await parent.call("echo", 1), 1);
  });
});

describe("standard streams", () => {
  test("$ping is answered, before adoption too, however the line is cut", async (t) => {
    const parent = await started(t, { connect: false });
    await parent.ready();
    await parent.ping();
    for (const byte of Buffer.from(' {"jsonrpc":"2.0","method":"$ping","x":"é"}\r\n')) parent.child.stdin?.write(Uint8Array.of(byte));
    await parent.lines.until(() => (parent.messages("$pong").length === 2 ? true : undefined), "the second $pong");
  });

  test("lines that are no message are ignored", async (t) => {
    const parent = await started(t);
    for (const line of ["", "hello", "{", "[]", "{}", "null", '{"method":"$init"}', `{"x":"${"y".repeat(200_000)}"}`]) parent.say(line);
    await parent.ping();
    assert.equal(await parent.call("echo", 1), 1);
  });

  for (const by of ["launcher", "plain"] as const) {
    test(`what handlers print never reaches the control channel (${by})`, async (t) => {
      const parent = await started(t, { by, env: { LAB_PRINT_EARLY: "1", ...(by === "launcher" ? { LAB_RAW_STDOUT: "1" } : {}) } });
      assert.equal(await parent.call("print"), 1);
      await parent.ping();
      assert.equal(parent.lines.seen.length, 2);
      assert.match(parent.lines.seen[1] ?? "", /\$pong/);
      await parent.said(/noise 999/);
      if (by === "launcher") await parent.said(/^child$/m);
      assert.equal(parent.messages("$init").length, 1);
    });
  }
});

describe("cancellation", () => {
  test("an abort reaches the handler's signal, and the request ends as cancelled", async (t) => {
    const parent = await started(t);
    const id = parent.send("wait");
    assert.equal(await parent.call("echo", "others are served"), "others are served");
    parent.abort(id);
    const end = await parent.terminal(id);
    assert.equal(end.flags, 0x07);
    assert.deepEqual(unpack(end.payload), { message: "wait: cancelled", kind: "cancelled" });
    assert.deepEqual(await parent.call("state"), { aborted: 1, returned: 0, produced: 0, fired: "" });
  });

  test("a handler that does not listen is waited for, and ends as cancelled", async (t) => {
    const parent = await started(t);
    const id = parent.send("hold");
    parent.abort(id);
    assert.equal(await parent.call("echo", 1), 1);
    assert.ok(!parent.frames.seen.some((f) => f.id === id));
    assert.equal(await parent.call("let_go"), 1);
    assert.equal((unpack((await parent.terminal(id)).payload) as { kind: string }).kind, "cancelled");
  });

  test("an abort ends a stream with one 0x0f, wherever it stands", async (t) => {
    const parent = await started(t);
    const waiting = parent.send("wait_stream");
    await parent.frames.until(() => parent.items(waiting)[0], "the first item");
    parent.abort(waiting);
    assert.equal((await parent.terminal(waiting)).flags, 0x0f);
    assert.deepEqual(await parent.call("state"), { aborted: 0, returned: 1, produced: 0, fired: "" });
  });

  test("an abort ends a stream that waits for a slow reader", async (t) => {
    const parent = await started(t);
    const id = parent.send("flood", { n: 100_000 });
    await parent.frames.until(() => parent.items(id)[10], "some items");
    parent.socket.pause();
    await parent.ping();
    parent.abort(id);
    await parent.ping();
    parent.socket.resume();
    assert.equal((await parent.terminal(id)).flags, 0x0f);
    const state = (await parent.call("state")) as { produced: number; returned: number };
    assert.equal(state.returned, 1);
    assert.ok(state.produced < 100_000);
  });

  test("aborts of what does not run are ignored", async (t) => {
    const parent = await started(t);
    parent.abort(4711);
    const id = parent.send("echo", 1);
    await parent.terminal(id);
    parent.abort(id);
    assert.equal(await parent.call("echo", 2), 2);
    assert.equal(parent.frames.seen.length, 2);
  });
});

describe("a reader that does not read", () => {
  test("stops a stream, and nothing is lost when it reads on", async (t) => {
    const parent = await started(t);
    await parent.call("echo", 1);
    parent.socket.pause();
    const id = parent.send("flood", { n: 20_000 }); // 160 MB
    while ((await parent.counted()).produced === 0);
    for (let i = 0; i < 100; i++) {
      const { produced } = await parent.counted();
      assert.ok(produced < 1000, `the worker made ${produced} items for nobody`);
    }
    parent.socket.resume();
    assert.equal((await parent.terminal(id)).flags, 0x1b);
    assert.equal(parent.items(id).length, 20_000);
  });
});

test("requests are not read while too much waits to be read by the parent", async (t) => {
  const parent = await started(t);
  await parent.call("echo", 1);
  parent.socket.pause();
  const body = Buffer.alloc(1 << 20, 7);
  const ids = Array.from({ length: 300 }, () => parent.send("raw", body));
  // 64 MiB of answers may wait.
  while ((await parent.counted()).served < 64);
  for (let i = 0; i < 100; i++) {
    const { served } = await parent.counted();
    assert.ok(served < 80, `the worker holds ${served} MiB of 300`);
  }
  parent.socket.resume();
  for (const id of ids) assert.equal((await parent.terminal(id)).payload.length, 1 << 20);
});

describe("the end", () => {
  test("$shutdown lets what runs finish, delivers its answer, and exits with 0", async (t) => {
    const parent = await started(t);
    const id = parent.send("deaf", { n: 150 });
    await parent.call("echo", 1);
    assert.deepEqual(await parent.stop(), { code: 0, signal: null });
    assert.equal(unpack((await parent.terminal(id)).payload), "done all the same");
  });

  test("SIGTERM is a request to end like any other", async (t) => {
    const dir = folder(t);
    const idle = await started(t, { connect: false, env: { XDG_RUNTIME_DIR: dir.path } });
    await idle.ready();
    idle.child.kill("SIGTERM");
    assert.deepEqual(await idle.exit, { code: 0, signal: null });
    assert.deepEqual(readdirSync(dir.path), []);

    const busy = await started(t);
    const id = busy.send("deaf", { n: 100 });
    await busy.call("echo", 1);
    busy.child.kill("SIGTERM");
    assert.equal(unpack((await busy.terminal(id)).payload), "done all the same");
    assert.deepEqual(await busy.exit, { code: 0, signal: null });
  });

  test("$shutdown before anybody connected ends it and removes the socket file", async (t) => {
    const dir = folder(t);
    const parent = await started(t, { connect: false, env: { XDG_RUNTIME_DIR: dir.path } });
    await parent.ready();
    assert.deepEqual(await parent.stop(), { code: 0, signal: null });
    assert.deepEqual(readdirSync(dir.path), []);
  });

  test("the end of stdin ends it, aborts what runs, and removes the socket file", async (t) => {
    const dir = folder(t);
    const before = await started(t, { connect: false, env: { XDG_RUNTIME_DIR: dir.path } });
    await before.ready();
    before.child.stdin?.end();
    assert.equal((await before.exit).code, 0);
    assert.deepEqual(readdirSync(dir.path), []);

    const after = await started(t);
    after.send("wait");
    await after.call("echo", 1);
    after.child.stdin?.end();
    assert.equal((await after.exit).code, 0);
  });

  test("the end of the connection ends it, with stdin still open", { timeout: 120_000 }, async (t) => {
    const parent = await started(t);
    parent.send("wait");
    parent.send("deaf", { n: 3_600_000 }); // a timer that would keep it alive
    await parent.call("echo", 1);
    parent.socket.destroy();
    assert.equal((await parent.exit).code, 0);
  });

  test("a frame that breaks the rules ends it with code 1 and a reason", async (t) => {
    for (const [bytes, why] of [
      [frame(0, 0, 1, Buffer.alloc(0)), /method id 0/],
      [frame(1, 0x40, 1, Buffer.alloc(0)), /reserved flag bits/],
      [Buffer.from("000100000000017fffffff", "hex"), /more than the limit of 1073741824/],
    ] as const) {
      const parent = await started(t);
      parent.socket.write(bytes);
      assert.equal((await parent.exit).code, 1);
      await parent.said(why);
    }
  });

  test("the limit of payloads holds in both directions", async (t) => {
    const parent = await started(t, { env: { LAB_MAX_PAYLOAD: "1000" } });
    assert.equal((await parent.ask("raw", Buffer.alloc(1000))).payload.length, 1000);
    const id = parent.send("flood", { n: 1 });
    const end = await parent.terminal(id);
    assert.equal(end.flags, 0x0f);
    assert.match((unpack(end.payload) as { message: string }).message, /8192 bytes, more than the limit of 1000/);
    parent.send("raw", Buffer.alloc(1001));
    assert.equal((await parent.exit).code, 1);
  });

  test("an exception outside of every request is written down and ends nothing", async (t) => {
    const parent = await started(t);
    assert.equal(await parent.call("later"), 1);
    await parent.said(/unhandled rejection: Error: nobody awaits this/);
    await parent.said(/uncaught exception: Error: nobody catches this/);
    assert.equal(await parent.call("echo", "alive"), "alive");
  });

  test("process.exit in a handler is what it is", async (t) => {
    const parent = await started(t);
    parent.send("exit");
    assert.equal((await parent.exit).code, 3);
  });
});
