// The worker of `payloads`. This file is yours: it was written once and is not touched again.
//
// Run by the parent as: node_modules/.bin/procwire-worker worker.ts

import { servePayloads } from "./payloads.ts";

// What is thrown reaches the caller; a handler may be `async` or not; `console.log` is safe.
// `events` sends events to the parent, from anywhere and at any time.
await servePayloads((_events) => ({
  async raw(payload) {
    return todo("raw", payload);
  },

  async wrapped(payload) {
    return todo("wrapped", payload);
  },

  async ofStruct(payload) {
    return todo("ofStruct", payload);
  },

  async ofEnum(payload) {
    return todo("ofEnum", payload);
  },

  async *ofUnion(payload) {
    yield todo("ofUnion", payload);
  },

  async ofNewtype(payload) {
    return todo("ofNewtype", payload);
  },

  async ofList(payload) {
    return todo("ofList", payload);
  },

  async ofTuple(payload) {
    return todo("ofTuple", payload);
  },

  async ofString(payload) {
    return todo("ofString", payload);
  },
}));

/** Stands in for a handler that is not written yet. */
function todo(method: string, ..._args: readonly unknown[]): never {
  throw new Error(`${method} is not written yet`);
}
