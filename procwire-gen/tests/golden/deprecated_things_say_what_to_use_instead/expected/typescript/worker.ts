// The worker of `attic`. This file is yours: it was written once and is not touched again.
//
// Run by the parent as: node_modules/.bin/procwire-worker worker.ts

import { serveAttic } from "./attic.ts";

// What is thrown reaches the caller; a handler may be `async` or not; `console.log` is safe.
await serveAttic(() => ({
  /** @deprecated use `unpack` */
  async open({ path, mode }) {
    return todo("open", path, mode);
  },

  async unpack() {
    return todo("unpack");
  },
}));

/** Stands in for a handler that is not written yet. */
function todo(method: string, ..._args: readonly unknown[]): never {
  throw new Error(`${method} is not written yet`);
}
