// The worker of `named`. This file is yours: it was written once and is not touched again.
//
// Run by the parent as: node_modules/.bin/procwire-worker worker.ts

import { serveNamed } from "./named.ts";

// What is thrown reaches the caller; a handler may be `async` or not; `console.log` is safe.
// `events` sends events to the parent, from anywhere and at any time.
await serveNamed((_events) => ({
  async both({ doc, n, m }) {
    return todo("both", doc, n, m);
  },

  async raw(payload) {
    return todo("raw", payload);
  },

  async one(payload) {
    return todo("one", payload);
  },

  async two(payload) {
    return todo("two", payload);
  },
}));

/** Stands in for a handler that is not written yet. */
function todo(method: string, ..._args: readonly unknown[]): never {
  throw new Error(`${method} is not written yet`);
}
