// schemas/everything.toml: gives back what it got, so that every type is seen in both directions.

import { setTimeout as sleep } from "node:timers/promises";

import { Busy, NotFound, Refused, serveEverything } from "./everything.ts";

await serveEverything((events) => ({
  echoScalars: (payload) => payload,
  echoOptionals: (payload) => payload,
  echoDefaults: (payload) => payload,
  echoConstraints: (payload) => payload,
  echoContainers: (payload) => payload,
  echoNode: ({ node }) => node,
  echoShape: ({ shape }) => shape,
  echoBlock: ({ block }) => block,
  echoExpr: ({ expr }) => expr,
  echoFormat: ({ format, level }) => [format, level],
  echoJson: ({ value }) => value,
  echoRaw: (payload) => payload,
  echoBin: (payload) => payload,
  echoList: (payload) => payload,
  fill: ({ level, text, took, list, note }) => ({ level, text, took, list, maybe: note }),
  ping: () => "pong",
  async *countDown({ from, failAt }) {
    for (let i = from; i > 0; i--) {
      if (i === failAt) throw new Refused({ reason: `at ${i}`, level: "warn" });
      yield i;
    }
  },
  *streamBlocks({ count }) {
    for (let i = 0; i < count; i++) {
      if (i % 3 === 0) yield { type: "text", content: `block ${i}`, note: null };
      else if (i % 3 === 1) yield { type: "figure", data: Uint8Array.of(i), size: [i, i] };
      else yield { type: "rule" };
    }
  },
  *streamRaw({ chunks }) {
    for (let i = 0; i < chunks; i++) yield Uint8Array.of(i);
  },
  async take({ handle }) {
    await events.progress({ handle, done: 1 });
    await events.found({ type: "text", content: "found" });
    await events.chunk(Uint8Array.of(1, 2, 3));
    await events.tick();
  },
  async takeWithReceipt({ handle }) {
    if (handle === "h_dead") throw new Busy();
    await sleep(1);
    return { x: 1, y: 2, w: 3, h: 4.5 };
  },
  fail({ path }) {
    if (path === null) throw new Refused({});
    throw new NotFound({ path }, `nothing at ${path}`);
  },
  setLevel({ level }) {
    console.log("level is now", level);
  },
  old: ({ x }) => x,
}));
