// Owns: the worker's standard streams: keeps the control channel apart from whatever the program prints.
// No sibling file: the other runtimes move a descriptor, which Node cannot.

import { constants, fstatSync, openSync, write, writeSync } from "node:fs";
import process from "node:process";

import { environment } from "./environment.ts";

/** Set by the launcher, which has moved the control channel to this descriptor and put stderr in place of stdout. */
const CONTROL_FD = "PROCWIRE_CONTROL_FD";

const CLAIMED = Symbol.for("procwire.control");

/** The descriptor of the control channel. */
const controlFd: number = claim();

// A parent that is gone reads no stderr either. Unheard, the failure to tell it something would be one more uncaught
// exception to tell it of, for ever.
process.stderr.on("error", () => {});

// Node sets what it writes to not to wait, and that holds for everybody who shares the descriptor: native code, child
// processes, and under the launcher whatever writes to descriptor 1 would find a full pipe to be an error. As it is now
// they wait for the parent, which reads; and what was printed is not lost when the process exits.
const stderrHandle: unknown = Reflect.get(process.stderr, "_handle");
if (typeof stderrHandle === "object" && stderrHandle !== null && "setBlocking" in stderrHandle && typeof stderrHandle.setBlocking === "function") {
  Reflect.apply(stderrHandle.setBlocking, stderrHandle, [true]);
}

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
  const moved = Number(environment.get(CONTROL_FD));
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

/** Bytes of lines that wait for a parent that does not read, after which more are dropped. */
const MAX_WAITING = 1 << 20;
/** How long after the parent did not read it is tried again. */
const AGAIN_MS = 10;

/** A descriptor of the control channel that never waits, where one can be had; else a thread of the pool does the waiting. */
let patient: number | undefined;
let opened = false;
const lines: Buffer[] = [];
let waiting = 0;
let dropped = 0;
let under = false;

/**
 * Writes a line without waiting for a parent that does not read: then it is kept, and dropped where too much is.
 *
 * Most have left this process when this returns, so that one before an exit is not lost.
 */
export function postControl(line: string): void {
  const bytes = Buffer.from(line, "utf8");
  if (waiting + bytes.length > MAX_WAITING) {
    dropped += 1;
    return;
  }
  lines.push(bytes);
  waiting += bytes.length;
  if (!under) flush();
}

/** How many lines were dropped since this was last asked. */
export function droppedControl(): number {
  const count = dropped;
  dropped = 0;
  return count;
}

function flush(): void {
  if (!opened) {
    opened = true;
    patient = reopen();
  }
  under = false;
  while (lines.length > 0) {
    const [line] = lines;
    if (line === undefined) return;
    if (patient === undefined) {
      under = true;
      write(controlFd, line, (error, written) => {
        under = false;
        if (error === null) advance(line, written);
        else if (codeOf(error) === "EAGAIN") return later();
        else advance(line, line.length); // nobody listens any more: end of stdin says so as well
        flush();
      });
      return;
    }
    try {
      advance(line, writeSync(patient, line));
    } catch (error) {
      if (codeOf(error) === "EAGAIN") return later();
      advance(line, line.length);
    }
  }
}

function later(): void {
  under = true;
  setTimeout(flush, AGAIN_MS).unref();
}

function advance(line: Buffer, written: number): void {
  waiting -= written;
  if (written < line.length) lines[0] = line.subarray(written);
  else lines.shift();
}

/** A pipe can be opened once more, and how that one is set concerns nobody else. */
function reopen(): number | undefined {
  try {
    if (process.platform !== "linux" || !fstatSync(controlFd).isFIFO()) return undefined;
    return openSync(`/proc/self/fd/${controlFd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
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
