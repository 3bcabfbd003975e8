// schemas/interop.toml on this package: what every peer of the published protocol can do.

import { setTimeout as sleep } from "node:timers/promises";

import { serveInterop } from "./interop.ts";

let cancelled = 0;

await serveInterop((events) => ({
  echo: (payload) => payload,
  raw: (payload) => payload,
  async *count({ n }) {
    for (let i = 0; i < n; i++) yield i;
  },
  async *countThenFail({ n }) {
    for (let i = 0; i < n; i++) yield i;
    throw new Error("after the items");
  },
  async note({ text }) {
    setImmediate(() => void events.noted({ text }));
  },
  async fire({ tag }) {
    await events.fired({ tag });
  },
  fail({ message }) {
    throw new Error(message);
  },
  async slow({ ms }, { signal }) {
    try {
      await sleep(ms, undefined, { signal });
      return "done";
    } finally {
      if (signal.aborted) cancelled += 1;
    }
  },
  cancelled: () => cancelled,
  pid: () => process.pid,
}));
