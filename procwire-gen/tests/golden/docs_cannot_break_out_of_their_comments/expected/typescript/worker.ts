// The worker of `prose`. This file is yours: it was written once and is not touched again.
//
// Run by the parent as: node_modules/.bin/procwire-worker worker.ts

import { serveProse } from "./prose.ts";

// What is thrown reaches the caller; a handler may be `async` or not; `console.log` is safe.
// `events` sends events to the parent, from anywhere and at any time.
await serveProse((_events) => ({
  /**
   * Quotes: """ and ''' and " at the end"
   * Ends of comments: *\/ and --> and # and //
   * A backslash at the end \
   * Escapes: \n \u0041 \x41 \N{BULLET} {braces} ${dollar} `tick` %s %(name)s
   * Not ASCII: naïve ☃ 𝄞 Grüße, 日本語
   * \@deprecated {@link nothing} <b>html</b> &amp; [link](x) [Type] [`Type`]
   *
   *     indented code must not be run: panic!()
   *
   * ```
   * fn fenced() { panic!() }
   * ```
   * """
   * *\/
   * \
   */
  async find({ key, kind }) {
    return todo("find", key, kind);
  },
}));

/** Stands in for a handler that is not written yet. */
function todo(method: string, ..._args: readonly unknown[]): never {
  throw new Error(`${method} is not written yet`);
}
