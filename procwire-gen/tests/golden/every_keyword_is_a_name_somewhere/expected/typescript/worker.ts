// The worker of `keywords`. This file is yours: it was written once and is not touched again.
//
// Run by the parent as: node_modules/.bin/procwire-worker worker.ts

import { serveKeywords } from "./keywords.ts";

// What is thrown reaches the caller; a handler may be `async` or not; `console.log` is safe.
// `events` sends events to the parent, from anywhere and at any time.
await serveKeywords((_events) => ({
  async call({ fields, optionals, word, choice }) {
    return todo("call", fields, optionals, word, choice);
  },

  async spread({ abstract, and, any, arguments: arguments_, as, assert, async, auto, await: await_, become, box, break: break_, bytes, case: case_, catch: catch_, class: class_, const: const_, constructor, continue: continue_, crate, debugger: debugger_, def, default: default_, del, delete: delete_, dict, do: do_, dyn, elif, else: else_, enum: enum_, eval: eval_, except, export: export_, extends: extends_, extern, false: false_, final, finally: finally_, fn, for: for_, from, function: function_, gen, get, global, if: if_, impl, implements: implements_, import: import_, in: in_, instanceof: instanceof_, int, interface: interface_, is, lambda, let: let_, list, loop, macro, match, mod, move, mut, new: new_, nonlocal, not, null: null_, number, object, of, or, override, package: package_, pass, print, priv, private: private_, protected: protected_, prototype, pub, public: public_, raise, raw, ref, return: return_, safe, self, set, static: static_, str, string, struct, super: super_, switch: switch_, symbol, this: this_, throw: throw_, trait, true: true_, try: try_, type, typeof: typeof_, undefined: undefined_, union, unsafe, unsized, use, var: var_, virtual, void: void_, where, while: while_, with: with_, yield: yield_ }) {
    return todo("spread", abstract, and, any, arguments_, as, assert, async, auto, await_, become, box, break_, bytes, case_, catch_, class_, const_, constructor, continue_, crate, debugger_, def, default_, del, delete_, dict, do_, dyn, elif, else_, enum_, eval_, except, export_, extends_, extern, false_, final, finally_, fn, for_, from, function_, gen, get, global, if_, impl, implements_, import_, in_, instanceof_, int, interface_, is, lambda, let_, list, loop, macro, match, mod, move, mut, new_, nonlocal, not, null_, number, object, of, or, override, package_, pass, print, priv, private_, protected_, prototype, pub, public_, raise, raw, ref, return_, safe, self, set, static_, str, string, struct, super_, switch_, symbol, this_, throw_, trait, true_, try_, type, typeof_, undefined_, union, unsafe, unsized, use, var_, virtual, void_, where, while_, with_, yield_);
  },

  async spreadOptionals({ abstract, and, any, arguments: arguments_, as, assert, async, auto, await: await_, become, box, break: break_, bytes, case: case_, catch: catch_, class: class_, const: const_, constructor, continue: continue_, crate, debugger: debugger_, def, default: default_, del, delete: delete_, dict, do: do_, dyn, elif, else: else_, enum: enum_, eval: eval_, except, export: export_, extends: extends_, extern, false: false_, final, finally: finally_, fn, for: for_, from, function: function_, gen, get, global, if: if_, impl, implements: implements_, import: import_, in: in_, instanceof: instanceof_, int, interface: interface_, is, lambda, let: let_, list, loop, macro, match, mod, move, mut, new: new_, nonlocal, not, null: null_, number, object, of, or, override, package: package_, pass, print, priv, private: private_, protected: protected_, prototype, pub, public: public_, raise, raw, ref, return: return_, safe, self, set, static: static_, str, string, struct, super: super_, switch: switch_, symbol, this: this_, throw: throw_, trait, true: true_, try: try_, type, typeof: typeof_, undefined: undefined_, union, unsafe, unsized, use, var: var_, virtual, void: void_, where, while: while_, with: with_, yield: yield_ }) {
    return todo("spreadOptionals", abstract, and, any, arguments_, as, assert, async, auto, await_, become, box, break_, bytes, case_, catch_, class_, const_, constructor, continue_, crate, debugger_, def, default_, del, delete_, dict, do_, dyn, elif, else_, enum_, eval_, except, export_, extends_, extern, false_, final, finally_, fn, for_, from, function_, gen, get, global, if_, impl, implements_, import_, in_, instanceof_, int, interface_, is, lambda, let_, list, loop, macro, match, mod, move, mut, new_, nonlocal, not, null_, number, object, of, or, override, package_, pass, print, priv, private_, protected_, prototype, pub, public_, raise, raw, ref, return_, safe, self, set, static_, str, string, struct, super_, switch_, symbol, this_, throw_, trait, true_, try_, type, typeof_, undefined_, union, unsafe, unsized, use, var_, virtual, void_, where, while_, with_, yield_);
  },

  async async({ async }) {
    return todo("async", async);
  },

  async await({ await: await_ }) {
    return todo("await", await_);
  },

  async class({ class: class_ }) {
    return todo("class", class_);
  },

  async crate({ crate }) {
    return todo("crate", crate);
  },

  async default({ default: default_ }) {
    return todo("default", default_);
  },

  async delete({ delete: delete_ }) {
    return todo("delete", delete_);
  },

  async dyn({ dyn }) {
    return todo("dyn", dyn);
  },

  async fn({ fn }) {
    return todo("fn", fn);
  },

  async from({ from }) {
    return todo("from", from);
  },

  async function({ function: function_ }) {
    return todo("function", function_);
  },

  async get({ get }) {
    return todo("get", get);
  },

  async import({ import: import_ }) {
    return todo("import", import_);
  },

  async impl({ impl }) {
    return todo("impl", impl);
  },

  async lambda({ lambda }) {
    return todo("lambda", lambda);
  },

  async match({ match }) {
    return todo("match", match);
  },

  async move({ move }) {
    return todo("move", move);
  },

  async new_({ new: new_ }) {
    return todo("new_", new_);
  },

  async of({ of }) {
    return todo("of", of);
  },

  async return({ return: return_ }) {
    return todo("return", return_);
  },

  async self({ self }) {
    return todo("self", self);
  },

  async set({ set }) {
    return todo("set", set);
  },

  async super({ super: super_ }) {
    return todo("super", super_);
  },

  async this({ this: this_ }) {
    return todo("this", this_);
  },

  async try({ try: try_ }) {
    return todo("try", try_);
  },

  async type({ type }) {
    return todo("type", type);
  },

  async yield({ yield: yield_ }) {
    return todo("yield", yield_);
  },
}));

/** Stands in for a handler that is not written yet. */
function todo(method: string, ..._args: readonly unknown[]): never {
  throw new Error(`${method} is not written yet`);
}
