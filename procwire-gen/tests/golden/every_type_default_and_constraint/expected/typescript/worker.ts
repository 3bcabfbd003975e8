// The worker of `everything`. This file is yours: it was written once and is not touched again.
//
// Run by the parent as: node_modules/.bin/procwire-worker worker.ts

import { serveEverything } from "./everything.ts";

// What is thrown reaches the caller; a handler may be `async` or not; `console.log` is safe.
// `events` sends events to the parent, from anywhere and at any time.
await serveEverything((_events) => ({
  /** Gives back what it got. So do all of these. */
  async echoScalars(payload) {
    return todo("echoScalars", payload);
  },

  async echoOptionals(payload) {
    return todo("echoOptionals", payload);
  },

  async echoDefaults(payload) {
    return todo("echoDefaults", payload);
  },

  async echoConstraints(payload) {
    return todo("echoConstraints", payload);
  },

  async echoContainers(payload) {
    return todo("echoContainers", payload);
  },

  async echoNode({ node }) {
    return todo("echoNode", node);
  },

  async echoShape({ shape }) {
    return todo("echoShape", shape);
  },

  async echoBlock({ block }) {
    return todo("echoBlock", block);
  },

  async echoExpr({ expr }) {
    return todo("echoExpr", expr);
  },

  async echoFormat({ format, level }) {
    return todo("echoFormat", format, level);
  },

  async echoJson({ value }) {
    return todo("echoJson", value);
  },

  /** Bytes in, bytes out, no encoding in between. */
  async echoRaw(payload) {
    return todo("echoRaw", payload);
  },

  /** The same, wrapped as MessagePack bin. */
  async echoBin(payload) {
    return todo("echoBin", payload);
  },

  /** A payload that is no struct. */
  async echoList(payload) {
    return todo("echoList", payload);
  },

  /** Every default as an argument; answers with what arrived. */
  async fill({ level, dpi, text, took, list, note }) {
    return todo("fill", level, dpi, text, took, list, note);
  },

  /** Takes nothing. */
  async ping() {
    return todo("ping");
  },

  /** Takes nothing, gives nothing but an answer. */
  async *countDown({ from, failAt }) {
    yield todo("countDown", from, failAt);
  },

  async *streamBlocks({ count }) {
    yield todo("streamBlocks", count);
  },

  async *streamRaw({ chunks }) {
    yield todo("streamRaw", chunks);
  },

  /** Answers when it has taken the job. */
  async take({ handle }) {
    return todo("take", handle);
  },

  /** Answers with a receipt when it has taken the job. */
  async takeWithReceipt({ handle }) {
    return todo("takeWithReceipt", handle);
  },

  async fail({ path }) {
    return todo("fail", path);
  },

  /** Never answers. */
  async setLevel({ level }) {
    return todo("setLevel", level);
  },

  /** @deprecated use `ping` */
  async old({ x }) {
    return todo("old", x);
  },
}));

/** Stands in for a handler that is not written yet. */
function todo(method: string, ..._args: readonly unknown[]): never {
  throw new Error(`${method} is not written yet`);
}
