// Owns: the control messages, their exact text, and how a received line is understood. No I/O.
// Siblings: procwire-runtime/src/control/message.rs, workers/python/src/procwire/control/message.py

import { GENERATION, type Contract } from "../contract.ts";
import { FIRST_ID } from "../ids.ts";

/** The version of the protocol that `$init` states. */
export const VERSION = "1.0.0";

/** What a parent may say. */
export type ParentMessage = "ping" | "shutdown";

/** Understands a line from the parent. What is not a message to a worker is ignored, as is every other line. */
export function parse(text: string): ParentMessage | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof message !== "object" || message === null || !("method" in message)) return undefined;
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
export const PONG: string = line("$pong");

/** What `$init` announces beside the contract. */
export interface Announcement {
  /** Where the worker listens. */
  readonly path: string;
  /** Version of this package. */
  readonly runtime: string;
  readonly pid: number;
}

/** `$init`: the worker listens, and this is what it serves. */
export function initLine(contract: Contract, announcement: Announcement): string {
  const methods: Record<string, { id: number; response: string }> = {};
  const fingerprints: Record<string, string> = {};
  contract.methods.forEach((method, index) => {
    methods[method.name] = { id: FIRST_ID + index, response: method.kind };
    fingerprints[method.name] = method.fingerprint;
  });
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
      pid: announcement.pid,
      features: [],
    },
  });
}

/** `$error`: the worker cannot start, and why. */
export function errorLine(message: string): string {
  return line("$error", { message });
}

function line(method: string, params?: unknown): string {
  const message = params === undefined ? { jsonrpc: "2.0", method } : { jsonrpc: "2.0", method, params };
  // Some parents cut lines at these two as well, and JSON lets them stand in strings as they are.
  const text = JSON.stringify(message).replaceAll("\u2028", String.raw`\u2028`).replaceAll("\u2029", String.raw`\u2029`);
  return `${text}\n`;
}
