// The worker of `answers`. This file is yours: it was written once and is not touched again.
//
// Run by the parent as: node_modules/.bin/procwire-worker worker.ts

import { serveAnswers } from "./answers.ts";

// What is thrown reaches the caller; a handler may be `async` or not; `console.log` is safe.
await serveAnswers(() => ({
  async result({ path, deep, note }) {
    return todo("result", path, deep, note);
  },

  async resultOfNothing() {
    return todo("resultOfNothing");
  },

  async *stream({ count }) {
    yield todo("stream", count);
  },

  async ack({ path }) {
    return todo("ack", path);
  },

  async ackWithReceipt() {
    return todo("ackWithReceipt");
  },

  async oneway({ level }) {
    return todo("oneway", level);
  },
}));

/** Stands in for a handler that is not written yet. */
function todo(method: string, ..._args: readonly unknown[]): never {
  throw new Error(`${method} is not written yet`);
}
