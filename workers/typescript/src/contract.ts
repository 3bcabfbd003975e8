// Owns: the static description of a module that generated code hands to the runtime. Knows no wire.
// Siblings: procwire-runtime/src/contract/mod.rs, workers/python/src/procwire/contract.py

import type { At } from "./codec/values.ts";

/** The agreement between generated code and this package. Both must be of the same one. */
export const GENERATION = 1;

/** How a method answers: one value, a stream of them, "taken", or not at all. */
export type Kind = "result" | "stream" | "ack" | "none";

/** From the value that MessagePack gave to the checked one that a handler gets; throws `Invalid`. */
export type Reader<T = unknown> = (value: unknown, at: At) => T;

/** From a handler's value to one that MessagePack takes; throws `Invalid`. */
export type Writer = (value: unknown, at: At) => unknown;

/** The union of errors that a method declares. */
export interface Throws {
  /** The union's name, by which thrown errors are recognised. */
  readonly union: string;
  /** Writes the tagged value. */
  readonly write: Writer;
}

/** A method. Its id is its place in the contract, from 1. */
export interface Method {
  /** The name on the wire. */
  readonly name: string;
  /** The name of its handler. */
  readonly handler: string;
  readonly kind: Kind;
  /** Sixteen hexadecimal digits: the shape of what it takes and answers. */
  readonly fingerprint: string;
  /** `raw` when the payload is bytes and nothing else. */
  readonly args: Reader;
  /** `raw` likewise; `nothing` where there is no value. */
  readonly answer: Writer;
  readonly throws?: Throws;
  /** Whether it may run twice as well as once, so that nobody needs to know whether it began. Default no. */
  readonly idempotent?: boolean;
}

/** An event. Its id is its place in the contract, from 1. */
export interface Event {
  /** The name on the wire. */
  readonly name: string;
  readonly payload: Writer;
}

/** A module. */
export interface Contract {
  readonly name: string;
  readonly version: string;
  /** Sixteen hexadecimal digits over every method and event. */
  readonly fingerprint: string;
  readonly methods: readonly Method[];
  readonly events: readonly Event[];
}

/** Whether a parent that wants to know is told that a handler of it begins. `$init` says of which methods. */
export function tellsStart(method: Method): boolean {
  return method.idempotent !== true;
}

/** What a handler may return: the value, or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

/** What the handler of a stream may return: an async generator, a generator, or anything else to iterate over. */
export type Items<T> = AsyncIterable<T> | Iterable<T>;

/** Stops a build that generated code and runtime do not share. Called by generated code when it loads. */
export function requireGeneration(generation: number): void {
  if (generation !== GENERATION) {
    throw new Error(
      `this file was generated for generation ${generation} of procwire-worker, and the one installed is of ` +
        `generation ${GENERATION}: ${generation > GENERATION ? "update procwire-worker" : "run procwire-gen again"}`,
    );
  }
}
