// The worker of `choices`. This file is yours: it was written once and is not touched again.
//
// Run by the parent as: node_modules/.bin/procwire-worker worker.ts

import { serveChoices } from "./choices.ts";

// What is thrown reaches the caller; a handler may be `async` or not; `console.log` is safe.
await serveChoices(() => ({
  async send({ level, format, shape, block }) {
    return todo("send", level, format, shape, block);
  },

  async get({ level }) {
    return todo("get", level);
  },
}));

/** Stands in for a handler that is not written yet. */
function todo(method: string, ..._args: readonly unknown[]): never {
  throw new Error(`${method} is not written yet`);
}
