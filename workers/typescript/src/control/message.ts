// Owns: the control messages, their exact text, and how a received line is understood. No I/O.
// Siblings: procwire-runtime/src/control/message.rs, workers/python/src/procwire/control/message.py

import { GENERATION, tellsStart, type Contract } from "../contract.ts";
import { FIRST_ID } from "../ids.ts";

/** The version of the protocol that `$init` states. */
export const VERSION = "1.0.0";

/** What a parent may say. */
export type ParentMessage = "ping" | "shutdown";

/**
 * Understands a line from the parent. What is not a message to a worker is ignored, as is every other line; with a
 * nonce, so is every line without it.
 */
export function parse(text: string, nonce?: string): ParentMessage | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof message !== "object" || message === null || !("method" in message)) return undefined;
  if (nonce !== undefined && !("nonce" in message && message.nonce === nonce)) return undefined;
  switch (message.method) {
    case "$ping":
      return "ping";
    case "$shutdown":
      return "shutdown";
    default:
      return undefined;
  }
}

/** `$pong`. */
export const PONG: string = line("$pong", undefined, undefined);

/** … to a parent that knows its own by a nonce. */
export function pongLine(nonce: string | undefined): string {
  return nonce === undefined ? PONG : line("$pong", undefined, nonce);
}

/** How much a message of the log matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** The text of one is cut at so many bytes. */
export const MAX_LOG: number = 16 << 10;

/** `$log`: something that a handler wants the parent to keep. */
export function logLine(level: LogLevel, message: string, request: number | undefined, target: string, nonce: string | undefined): string {
  return line("$log", { level, message: cut(message), ...(request === undefined ? {} : { request }), target }, nonce);
}

/** At most `MAX_LOG` bytes of it, and no half of a character. */
function cut(message: string): string {
  const text = message.toWellFormed();
  if (text.length * 6 <= MAX_LOG) return text;
  const into = Buffer.allocUnsafe(MAX_LOG);
  let short = into.toString("utf8", 0, into.write(text));
  // What JSON spells out may take six times as much, and a line that is too long is lost whole.
  while (JSON.stringify(short).length > 2 * MAX_LOG) short = short.slice(0, short.length >> 1).toWellFormed();
  return short;
}

/** What `$init` announces beside the contract. */
export interface Announcement {
  /** Where the worker listens. */
  readonly path: string;
  /** Version of this package. */
  readonly runtime: string;
  readonly pid: number;
  /** The extensions that the worker uses from now on. */
  readonly features: readonly string[];
  /** What this line and all that follow carry. */
  readonly nonce: string | undefined;
}

/** `$init`: the worker listens, and this is what it serves. */
export function initLine(contract: Contract, announcement: Announcement): string {
  const methods: Record<string, { id: number; response: string }> = {};
  const fingerprints: Record<string, string> = {};
  contract.methods.forEach((method, index) => {
    methods[method.name] = { id: FIRST_ID + index, response: method.kind };
    fingerprints[method.name] = method.fingerprint;
  });
  const starts = announcement.features.includes("started") ? contract.methods.filter(tellsStart).map((method) => method.name) : [];
  const events: Record<string, { id: number }> = {};
  contract.events.forEach((event, index) => {
    events[event.name] = { id: FIRST_ID + index };
  });
  return line("$init", {
    pipe: announcement.path,
    schema: { methods, events },
    version: VERSION,
    procwire: {
      generation: GENERATION,
      language: "typescript",
      runtime: announcement.runtime,
      module: contract.name,
      version: contract.version,
      fingerprint: contract.fingerprint,
      methods: fingerprints,
      starts,
      pid: announcement.pid,
      features: announcement.features,
    },
  }, announcement.nonce);
}

/** `$error`: the worker cannot start, and why. */
export function errorLine(message: string, nonce?: string): string {
  return line("$error", { message }, nonce);
}

function line(method: string, params: unknown, nonce: string | undefined): string {
  const message = { jsonrpc: "2.0", method, params, nonce }; // what is undefined is left out
  // Some parents cut lines at these two as well, and JSON lets them stand in strings as they are.
  const text = JSON.stringify(message).replaceAll("\u2028", String.raw`\u2028`).replaceAll("\u2029", String.raw`\u2029`);
  return `${text}\n`;
}
