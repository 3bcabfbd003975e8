// The worker of `trees`. This file is yours: it was written once and is not touched again.
//
// Run by the parent as: node_modules/.bin/procwire-worker worker.ts

import { serveTrees } from "./trees.ts";

// What is thrown reaches the caller; a handler may be `async` or not; `console.log` is safe.
await serveTrees(() => ({
  async walk({ node }) {
    return todo("walk", node);
  },

  async play(payload) {
    return todo("play", payload);
  },
}));

/** Stands in for a handler that is not written yet. */
function todo(method: string, ..._args: readonly unknown[]): never {
  throw new Error(`${method} is not written yet`);
}
