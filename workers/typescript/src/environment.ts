// Owns: the variables that the parent sets for this package, taken out of the environment before the program sees them.
// No sibling file: the other runtimes read them where they are used.

import process from "node:process";

const TAKEN = Symbol.for("procwire.environment");

/** The variables by their whole names. Neither the program nor the processes that it starts see any of them. */
export const environment: ReadonlyMap<string, string> = take();

function take(): ReadonlyMap<string, string> {
  // Launcher and program may each have a copy of this package: who comes second is told by the first.
  const before: unknown = Reflect.get(globalThis, TAKEN);
  if (before instanceof Map) return before;
  const taken = new Map<string, string>();
  for (const [name, value] of Object.entries(process.env)) {
    if (!name.startsWith("PROCWIRE_")) continue;
    taken.set(name, value ?? "");
    Reflect.deleteProperty(process.env, name);
  }
  Reflect.set(globalThis, TAKEN, taken);
  return taken;
}
