// The worker of `stub`. This file is yours: it was written once and is not touched again.
//
// Run by the parent as: node_modules/.bin/procwire-worker worker.ts

import { serveStub } from "./stub.ts";

// What is thrown reaches the caller; a handler may be `async` or not; `console.log` is safe.
// `events` sends events to the parent, from anywhere and at any time.
await serveStub((_events) => ({
  async start({ start }) {
    return todo("start", start);
  },

  async stop({ stop }) {
    return todo("stop", stop);
  },

  async run({ run }) {
    return todo("run", run);
  },

  async serve({ serve }) {
    return todo("serve", serve);
  },

  async clone({ clone }) {
    return todo("clone", clone);
  },

  async drop({ drop }) {
    return todo("drop", drop);
  },

  async init({ init }) {
    return todo("init", init);
  },

  async call({ call }) {
    return todo("call", call);
  },

  async close({ close }) {
    return todo("close", close);
  },

  async abort({ abort }) {
    return todo("abort", abort);
  },

  async contract({ contract }) {
    return todo("contract", contract);
  },

  async builder({ builder }) {
    return todo("builder", builder);
  },

  async inMemory({ inMemory }) {
    return todo("inMemory", inMemory);
  },

  async scripted({ scripted }) {
    return todo("scripted", scripted);
  },

  async module({ module }) {
    return todo("module", module);
  },

  async shutdown({ shutdown }) {
    return todo("shutdown", shutdown);
  },

  async emit({ name }) {
    return todo("emit", name);
  },
}));

/** Stands in for a handler that is not written yet. */
function todo(method: string, ..._args: readonly unknown[]): never {
  throw new Error(`${method} is not written yet`);
}
