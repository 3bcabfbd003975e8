// The worker of `maps`. This file is yours: it was written once and is not touched again.
//
// Run by the parent as: node_modules/.bin/procwire-worker worker.ts

import { serveMaps } from "./maps.ts";

// What is thrown reaches the caller; a handler may be `async` or not; `console.log` is safe.
await serveMaps(() => ({
  async *find({ near, tints }) {
    yield todo("find", near, tints);
  },
}));

/** Stands in for a handler that is not written yet. */
function todo(method: string, ..._args: readonly unknown[]): never {
  throw new Error(`${method} is not written yet`);
}
