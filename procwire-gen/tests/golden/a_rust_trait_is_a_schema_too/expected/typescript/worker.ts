// The worker of `pdf`. This file is yours: it was written once and is not touched again.
//
// Run by the parent as: node_modules/.bin/procwire-worker worker.ts

import { servePdf } from "./pdf.ts";

// What is thrown reaches the caller; a handler may be `async` or not; `console.log` is safe.
// `events` sends events to the parent, from anywhere and at any time.
await servePdf((_events) => ({
  /** Opens a file and reads its metadata. */
  async open({ path, password }) {
    return todo("open", path, password);
  },

  /** Renders one page to an image. */
  async render({ document, page, dpi, format }) {
    return todo("render", document, page, dpi, format);
  },

  /** Everything on the page, in reading order. */
  async *blocks({ document, page }) {
    yield todo("blocks", document, page);
  },

  async index({ document }) {
    return todo("index", document);
  },

  async setLogLevel({ level }) {
    return todo("setLogLevel", level);
  },
}));

/** Stands in for a handler that is not written yet. */
function todo(method: string, ..._args: readonly unknown[]): never {
  throw new Error(`${method} is not written yet`);
}
