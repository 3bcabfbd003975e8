// Drives a worker of schemas/interop.toml with the published @procwire/core, unmodified:
//
//     node parent.mjs COMMAND [ARGUMENT…]
//
// Prints `ok NAME` or `FAILED NAME: why` for each scenario, then `N passed, N failed`; exits with 1 if one failed.
// The worker is started afresh for each scenario, through the public interface of the package and nothing else.

import assert from "node:assert/strict";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import { msgpackCodec, rawCodec } from "@procwire/codecs";
import { Module, ModuleManager } from "@procwire/core";

const [command, ...args] = process.argv.slice(2);
if (command === undefined) {
  console.error("usage: node parent.mjs COMMAND [ARGUMENT…]");
  process.exit(2);
}

/** A worker under a fresh manager, with the policy that a scenario wants. */
async function start(policy = {}) {
  const module = new Module("interop")
    .executable(command, args)
    .method("echo", { codec: msgpackCodec })
    .method("raw", { codec: rawCodec })
    .method("count", { codec: msgpackCodec, response: "stream", cancellable: true })
    .method("count_then_fail", { codec: msgpackCodec, response: "stream" })
    .method("note", { codec: msgpackCodec, response: "ack" })
    .method("fire", { codec: msgpackCodec, response: "none" })
    .method("fail", { codec: msgpackCodec })
    .method("slow", { codec: msgpackCodec, cancellable: true })
    .method("cancelled", { codec: msgpackCodec })
    .method("pid", { codec: msgpackCodec })
    .event("noted", { codec: msgpackCodec })
    .event("fired", { codec: msgpackCodec })
    .spawnPolicy({ maxRetries: 0, initTimeout: 20_000, ...policy })
    .requestTimeout(20_000);
  const errors = [];
  const manager = new ModuleManager();
  manager.register(module);
  manager.on("module:error", (_name, error) => errors.push(error));
  await manager.spawn();
  return { module, manager, errors };
}

/** Resolves with the next payload of an event for which `wanted` holds. */
function heard(module, event, wanted) {
  return new Promise((resolve) => {
    module.onEvent(event, (payload) => {
      if (wanted(payload)) resolve(payload);
    });
  });
}

async function within(ms, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const scenarios = {
  async "echo gives back every kind of value"({ module }) {
    for (const value of [null, true, 0, -1, 127, 128, 2 ** 32, 1.5, "", "naïve ☃ 🦀", [], [1, [2]], { a: { b: [null] }, z: 1 }]) {
      assert.deepEqual(await module.send("echo", value), value);
    }
    const many = await Promise.all(Array.from({ length: 500 }, (_, i) => module.send("echo", { i })));
    assert.deepEqual(many.map(({ i }) => i), Array.from({ length: 500 }, (_, i) => i));
  },

  async "raw bytes go through as they are, 16 MiB of them too"({ module }) {
    for (const size of [0, 1, 65_536, 16 << 20]) {
      const bytes = Buffer.alloc(size, "0123456789");
      const back = await module.send("raw", bytes);
      assert.ok(bytes.equals(back), `${size} bytes`);
    }
  },

  async "a stream of 3,000 items survives a reader that lags"({ module }) {
    const seen = [];
    for await (const item of module.stream("count", { n: 3000 })) {
      seen.push(item);
      if (seen.length % 500 === 0) await sleep(50); // the reader is slow: that is what the scenario is about
    }
    assert.deepEqual(seen, Array.from({ length: 3000 }, (_, i) => i));
    const empty = [];
    for await (const item of module.stream("count", { n: 0 })) empty.push(item);
    assert.deepEqual(empty, []);
  },

  async "an error after items arrives after those items"({ module }) {
    const seen = [];
    await assert.rejects(async () => {
      for await (const item of module.stream("count_then_fail", { n: 3 })) seen.push(item);
    }, /after the items/);
    assert.deepEqual(seen, [0, 1, 2]);
  },

  async "an ack comes, and the event after it"({ module }) {
    const noted = heard(module, "noted", ({ text }) => text === "remember");
    await module.send("note", { text: "remember" });
    assert.deepEqual(await within(30_000, noted, "the event"), { text: "remember" });
  },

  async "a one-way call is heard of only by its event"({ module }) {
    const fired = heard(module, "fired", ({ tag }) => tag === "t");
    await module.send("fire", { tag: "t" });
    assert.deepEqual(await within(30_000, fired, "the event"), { tag: "t" });
  },

  async "a failure has the text it was given"({ module }) {
    await assert.rejects(module.send("fail", { message: "no such thing" }), (error) => {
      assert.match(error.message, /no such thing/);
      return true;
    });
    assert.equal(await module.send("echo", "alive"), "alive");
  },

  async "a cancelled call reaches the worker"({ module }) {
    const controller = new AbortController();
    const call = module.send("slow", { ms: 60_000 }, { signal: controller.signal });
    assert.equal(await module.send("echo", "meanwhile"), "meanwhile");
    controller.abort();
    await assert.rejects(call, { name: "AbortError" });
    const deadline = Date.now() + 30_000;
    while ((await module.send("cancelled", null)) !== 1) assert.ok(Date.now() < deadline, "the worker was not told");
    assert.equal(await module.send("slow", { ms: 1 }), "done");
  },

  async "a cancelled stream ends, and others go on"({ module }) {
    const controller = new AbortController();
    await assert.rejects(async () => {
      for await (const item of module.stream("count", { n: 4_000_000 }, { signal: controller.signal })) {
        if (item === 10) controller.abort();
      }
    }, { name: "AbortError" });
    assert.equal(await module.send("echo", "alive"), "alive");
  },

  "after SIGKILL a new process answers": {
    policy: { restartOnCrash: true },
    async run({ module, manager }) {
      const first = await module.send("pid", null);
      const ready = once(manager, "module:ready");
      const lost = assert.rejects(module.send("slow", { ms: 60_000 }));
      process.kill(first, "SIGKILL");
      await lost;
      await within(30_000, ready, "the restart");
      const second = await module.send("pid", null);
      assert.notEqual(second, first);
      assert.equal(await module.send("echo", "again"), "again");
    },
  },

  "heartbeats are answered": {
    policy: { heartbeat: { intervalMs: 100, timeoutMs: 3000 } },
    async run({ module, errors }) {
      const first = await module.send("pid", null);
      await module.send("slow", { ms: 3500 });
      assert.equal(await module.send("pid", null), first);
      assert.deepEqual(errors, []);
    },
  },

  "the token is demanded and accepted": {
    policy: { auth: true },
    async run({ module }) {
      assert.equal(await module.send("echo", "let in"), "let in");
    },
  },
};

/** Whatever a scenario did: the end is clean. After five seconds the manager would kill. */
async function end({ module, manager }) {
  const pid = await module.send("pid", null);
  await within(4500, manager.shutdown(), "the shutdown");
  const deadline = Date.now() + 10_000;
  while (isAlive(pid) && Date.now() < deadline) await sleep(10);
  assert.ok(!isAlive(pid), "the process is still there");
}

let [passed, failed] = [0, 0];
for (const [name, scenario] of Object.entries(scenarios)) {
  const { policy, run } = typeof scenario === "function" ? { policy: {}, run: scenario } : scenario;
  let worker;
  try {
    worker = await start(policy);
    await within(90_000, run(worker), "the scenario");
    await end(worker);
    passed += 1;
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}: ${error instanceof Error ? error.stack : error}`);
    await worker?.manager.shutdown().catch(() => {});
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
