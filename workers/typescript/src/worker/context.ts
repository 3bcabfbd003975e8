// Owns: what a handler may know and ask about the request it serves.
// Siblings: procwire-runtime/src/worker/context.rs, workers/python/src/procwire/worker/context.py

import type { LogLevel } from "../control/message.ts";
import { UNCORRELATED } from "../ids.ts";

/** What a chunk costs beside its payload: its header, and what peers keep for it. */
const CHUNK_COST = 64;

/** The second parameter of every handler. */
export interface Context {
  /** Aborted when the caller gave up, or the parent is gone. Stop then: nobody waits for the answer. */
  readonly signal: AbortSignal;
  /** The method's name, as in the schema. */
  readonly method: string;
  /** The request's number on this connection; 0 for one-way calls. */
  readonly requestId: number;
  /** The `traceparent` of W3C Trace Context under which the caller called, where it said. */
  readonly traceparent: string | undefined;
  /** Tells the parent something about this request, for its log. Without a parent that takes it: a line on stderr. */
  log(level: LogLevel, message: string): void;
}

/** Where messages for the parent's log go. */
export type Report = (level: LogLevel, message: string, request: number | undefined, target: string) => void;

/** A request that is being served. */
export class RequestContext implements Context {
  readonly method: string;
  readonly requestId: number;
  readonly traceparent: string | undefined;
  readonly #report: Report;
  /** Bytes that a stream may still send. One chunk may take it below zero. */
  #balance = Infinity;
  #creditEnded = false;
  #onCredit: (() => void) | undefined;
  #aborted = false;
  /** Made when a handler first asks: most never do. */
  #controller: AbortController | undefined;
  #wakes: (() => void)[] | undefined;

  constructor(method: string, requestId: number, traceparent: string | undefined, report: Report) {
    this.method = method;
    this.requestId = requestId;
    this.traceparent = traceparent;
    this.#report = report;
  }

  log(level: LogLevel, message: string): void {
    const text = typeof message === "string" ? message : String(message); // not every caller is checked by a compiler
    this.#report(level, text, this.requestId === UNCORRELATED ? undefined : this.requestId, this.method);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(reason(this.method));
    }
    return this.#controller.signal;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#controller?.abort(reason(this.method));
    for (const wake of this.#wakes ?? []) wake();
    this.#wakes = undefined;
    this.#wakeCredit();
  }

  /** From now on a chunk is sent only while there is credit, of which this is the first. */
  limit(window: number): void {
    this.#balance = window;
  }

  /** The parent lets the stream send so much more. */
  grant(bytes: number): void {
    this.#balance = Math.min(this.#balance + bytes, Number.MAX_SAFE_INTEGER);
    if (this.#balance > 0) this.#wakeCredit();
  }

  /** Counts a chunk of so many bytes. */
  spend(bytes: number): void {
    this.#balance -= bytes + CHUNK_COST;
  }

  get credited(): boolean {
    return this.#balance > 0;
  }

  /** Waits for credit, and not for ever: nor for what is aborted, nor when none is waited for any more. */
  async credit(): Promise<void> {
    while (!this.credited && !this.#aborted && !this.#creditEnded) {
      await new Promise<void>((resolve) => (this.#onCredit = resolve));
    }
  }

  /** From now on nobody waits for credit. */
  endCredit(): void {
    this.#creditEnded = true;
    this.#wakeCredit();
  }

  #wakeCredit(): void {
    const wake = this.#onCredit;
    this.#onCredit = undefined;
    wake?.();
  }

  /** Calls `wake` when the request is aborted, or now if it was. */
  whenAborted(wake: () => void): void {
    if (this.#aborted) wake();
    else (this.#wakes ??= []).push(wake);
  }

  /** Forgets those who wait for the abort. */
  calm(): void {
    this.#wakes = undefined;
  }
}

function reason(method: string): DOMException {
  return new DOMException(`the call of ${method} was cancelled`, "AbortError");
}
