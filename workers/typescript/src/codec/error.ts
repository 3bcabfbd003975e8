// Owns: what an error is on the wire, the errors that handlers throw, and how one becomes the other. No I/O.
// Siblings: procwire-runtime/src/codec/error.rs, workers/python/src/procwire/codec/error.py

import type { Throws } from "../contract.ts";
import { encode } from "./msgpack.ts";
import { Invalid } from "./values.ts";

/** What kind of failure the parent is told of. */
export type ErrorKind = "app" | "exception" | "invalid" | "cancelled" | "unsupported" | "encode" | "overloaded";

/** The text of an error is cut at this many characters, as are its stack and everything else that is text for people. */
const MAX_TEXT: number = 64 << 10;
/** What is left of a text where the whole error is too long for a frame. */
const SHORT_TEXT = 200;
/** A chain of causes is followed this far: it may lead back to its start. */
const MAX_CAUSES = 8;

/**
 * An error that the schema declares: thrown by a handler, it arrives at the parent as the typed value it is.
 *
 * Generated code derives one class for each variant of an error union.
 */
export abstract class DeclaredError<Data = unknown> extends Error {
  /** The union it belongs to. */
  abstract readonly union: string;
  /** The variant's name on the wire. */
  abstract readonly tag: string;
  /** What it carries. */
  readonly data: Data;

  /** `message` is for people; without one, the variant and what it carries are spelled out. */
  constructor(data: Data, message?: string, options?: ErrorOptions) {
    super(message, options);
    this.data = data;
  }
}

/** The map that every error frame carries. */
export interface ErrorPayload {
  readonly message: string;
  readonly kind: ErrorKind;
  /** Kind `app`: the tagged value. */
  readonly error?: unknown;
  /** Kind `exception`: the class. */
  readonly type?: string;
  readonly traceback?: string;
  /** Kind `invalid`: where in the arguments, as `$.dpi`. */
  readonly field?: string;
}

/** Writes an error in at most so many bytes; what cannot be written is left out rather than lost. */
export function encodeError(payload: ErrorPayload, limit: number): Uint8Array {
  const { message, kind } = payload;
  const plain: { [member: string]: unknown } = { ...payload, message: clean(message) };
  for (const member of ["type", "traceback", "field"]) {
    if (plain[member] !== undefined) plain[member] = clean(plain[member]);
  }
  try {
    const bytes = encode(plain);
    if (bytes.length <= limit) return bytes;
  } catch {
    // What it carries is no value that can be sent.
  }
  // Without what it declares, it is not the error that was declared.
  const short = clean(message, SHORT_TEXT);
  return encode(kind === "app" ? { message: `${short} (what it carries cannot be sent)`, kind: "encode" } : { message: short, kind });
}

/** What a handler threw, as the parent is told of it. */
export function thrown(error: unknown, throws: Throws | undefined): ErrorPayload {
  if (error instanceof DeclaredError) {
    if (throws !== undefined && throws.union === error.union) return declared(error, throws);
    const note = `\`${error.tag}\` of ${error.union} was thrown by a method that does not declare it`;
    return exception(error, error.message === "" ? note : `${note}: ${error.message}`);
  }
  return exception(error);
}

function declared(error: DeclaredError, throws: Throws): ErrorPayload {
  const value: object = typeof error.data === "object" && error.data !== null ? error.data : {};
  const tagged = throws.write({ ...value, type: error.tag }, "$");
  return { message: error.message === "" ? spelledOut(error.tag, value) : error.message, kind: "app", error: tagged };
}

function spelledOut(tag: string, data: object): string {
  const fields = Object.entries(data).map(([name, value]) => `${name}: ${show(value)}`);
  const words = tag.replaceAll("_", " ");
  return fields.length === 0 ? words : `${words} (${fields.join(", ")})`;
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "object" && value !== null) {
    try {
      const text: unknown = JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? part.toString() : part));
      return typeof text === "string" ? text : "…";
    } catch {
      return "…";
    }
  }
  return String(value);
}

function exception(error: unknown, message?: string): ErrorPayload {
  if (error instanceof Error) {
    // A class that does not set `name` is still told apart from `Error`.
    const type = error.name === "Error" || error.name === "" ? error.constructor.name : error.name;
    return { message: message ?? (error.message || type), kind: "exception", type, traceback: clean(traceback(error)) };
  }
  return { message: message ?? `a handler threw ${show(error)}, which is not an Error`, kind: "exception", type: typeof error };
}

/** The stack, and below it those of what caused it. */
function traceback(error: Error): string {
  const stacks: string[] = [];
  let next: unknown = error;
  while (next instanceof Error && stacks.length < MAX_CAUSES) {
    const stack: unknown = next.stack;
    stacks.push(typeof stack === "string" ? stack : said(next));
    next = next.cause;
  }
  return stacks.join("\ncaused by: ");
}

/** Arguments that are not what the schema says. */
export function invalidArguments(method: string, error: unknown): ErrorPayload {
  if (error instanceof Invalid) {
    return { message: `${method}: ${error.message}`, kind: "invalid", field: error.path };
  }
  const why = said(error);
  return { message: `${method}: the arguments are not readable MessagePack: ${why}`, kind: "invalid", field: "$" };
}

/** An answer that is not what the schema says, or that cannot be written. */
export function unencodable(method: string, error: unknown): ErrorPayload {
  const why = said(error);
  return { message: `${method}: the answer cannot be sent: ${why}`, kind: "encode" };
}

/** The request was aborted. */
export function cancelled(method: string): ErrorPayload {
  return { message: `${method}: cancelled`, kind: "cancelled" };
}

/** No method has this id. */
export function unknownMethod(id: number): ErrorPayload {
  return { message: `Unknown method ID: ${id}`, kind: "unsupported" };
}

/** What an error, or what stands in for one, says of itself. User code may have written that too, and may throw anything. */
function said(error: unknown): string {
  try {
    const text: unknown = error instanceof Error ? error.message : error;
    return String(text);
  } catch {
    return "(its message cannot be printed)";
  }
}

/** Text that is always UTF-8 and never endless, whatever a program has put in its place. */
export function clean(value: unknown, max: number = MAX_TEXT): string {
  const text = typeof value === "string" ? value : said(value);
  return (text.length > max ? `${text.slice(0, max)} …` : text).toWellFormed();
}
