// Owns: the worker's standard streams: keeps the control channel apart from whatever the program prints.
// No sibling file: the other runtimes move a descriptor, which Node cannot.

import { write, writeSync } from "node:fs";
import process from "node:process";

/** Set by the launcher, which has moved the control channel to this descriptor and put stderr in place of stdout. */
const CONTROL_FD = "PROCWIRE_CONTROL_FD";

const CLAIMED = Symbol.for("procwire.control");

/** The descriptor of the control channel. */
const controlFd: number = claim();

// A parent that is gone reads no stderr either. Unheard, the failure to tell it something would be one more uncaught
// exception to tell it of, for ever.
process.stderr.on("error", () => {});

/**
 * Takes stdout away from the program, as early as this package is imported.
 *
 * Under the launcher descriptor 1 already is stderr, and nothing can reach the control channel. Without it, what
 * goes through `process.stdout` and `console` is sent to stderr; native code, `fs.writeSync(1)` and child processes
 * that inherit stdout still write to the real one. A parent ignores such lines unless they look like its messages.
 */
function claim(): number {
  // Launcher and program may each have a copy of this package: who comes second is told by the first.
  const before: unknown = Reflect.get(globalThis, CLAIMED);
  if (typeof before === "number") return before;
  const moved = Number(process.env[CONTROL_FD]);
  Reflect.deleteProperty(process.env, CONTROL_FD);
  const fd = Number.isInteger(moved) && moved > 2 ? moved : 1;
  Reflect.set(globalThis, CLAIMED, fd);
  if (fd !== 1) return fd;
  // A getter, so that the real stream is never made: making it would set descriptor 1 to non-blocking.
  Object.defineProperty(process, "stdout", { configurable: true, enumerable: true, get: () => process.stderr });
  Reflect.set(console, "_stdout", process.stderr);
  if (process.versions["bun"] !== undefined) {
    // Bun's console does not go through `process.stdout`.
    for (const method of ["log", "info", "debug", "dir", "table", "group"] as const) {
      Reflect.set(console, method, console.error.bind(console));
    }
  }
  return fd;
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes a line to the control channel before going on. For the one line before the worker serves, or gives up. */
export function writeControl(line: string): void {
  let rest: Uint8Array = Buffer.from(line, "utf8");
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(controlFd, rest));
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") return; // nobody listens any more: end of stdin says so as well
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

let busy = false;
let again: string | undefined;

/** Writes a line without waiting for a parent that does not read; of several that cannot be written the last stays. */
export function postControl(line: string): void {
  if (busy) {
    again = line;
    return;
  }
  busy = true;
  write(controlFd, line, (error) => {
    busy = false;
    const next = again ?? (codeOf(error) === "EAGAIN" ? line : undefined);
    again = undefined;
    if (next !== undefined) setTimeout(postControl, codeOf(error) === "EAGAIN" ? 10 : 0, next).unref();
  });
}

function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}

/** Reads the parent's end of the control channel. `onEnd` means that the parent is gone. */
export function readControl(onData: (chunk: Buffer) => void, onEnd: () => void): void {
  const { stdin } = process;
  stdin.on("data", onData);
  stdin.once("end", onEnd);
  stdin.once("close", onEnd);
  stdin.once("error", onEnd);
  // A worker with nothing else to live for ends, whether or not stdin is open.
  if ("unref" in stdin && typeof stdin.unref === "function") stdin.unref();
}

/** Whether a person, not a parent, started this program. */
export function startedByHand(): boolean {
  return process.stdin.isTTY;
}

/** Writes a line for people. */
export function log(text: string): void {
  process.stderr.write(`procwire-worker: ${text}\n`);
}
