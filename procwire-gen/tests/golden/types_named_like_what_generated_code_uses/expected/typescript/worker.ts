// The worker of `names`. This file is yours: it was written once and is not touched again.
//
// Run by the parent as: node_modules/.bin/procwire-worker worker.ts

import { serveNames } from "./names.ts";

// What is thrown reaches the caller; a handler may be `async` or not; `console.log` is safe.
// `events` sends events to the parent, from anywhere and at any time.
await serveNames((_events) => ({
  async all({ a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35, a36, a37 }) {
    return todo("all", a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35, a36, a37);
  },

  async *many({ ctx, req, events, worker, signal, cls, timeout, call, args, value, name }) {
    yield todo("many", ctx, req, events, worker, signal, cls, timeout, call, args, value, name);
  },
}));

/** Stands in for a handler that is not written yet. */
function todo(method: string, ..._args: readonly unknown[]): never {
  throw new Error(`${method} is not written yet`);
}
