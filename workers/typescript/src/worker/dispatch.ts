// Owns: one request from its frame to its one terminal frame.
// Siblings: procwire-runtime/src/worker/dispatch.rs, workers/python/src/procwire/worker/dispatch.py

import {
  cancelled,
  clean,
  encodeError,
  invalidArguments,
  thrown,
  unencodable,
  unknownMethod,
  type ErrorPayload,
} from "../codec/error.ts";
import { decode, encode } from "../codec/msgpack.ts";
import { NIL, noArgs, nothing, raw } from "../codec/raw.ts";
import { isMembers, located } from "../codec/shapes.ts";
import { tellsStart, type Contract, type Kind, type Reader, type Throws, type Writer } from "../contract.ts";
import type { Features } from "../control/features.ts";
import { ABORT_METHOD, AUTH_METHOD, CONTEXT_METHOD, CREDIT_METHOD, FIRST_ID, STARTED_METHOD, UNCORRELATED } from "../ids.ts";
import { log } from "../stdio.ts";
import type { Connection } from "../transport.ts";
import { ACK, CHUNK, END, ERROR, RESPONSE, STREAM_ERROR } from "../wire/flags.ts";
import type { FrameSink } from "../wire/frame.ts";
import { RequestContext, type Context, type Report } from "./context.ts";
import { Starts } from "./starts.ts";

/** A handler as this module calls it; generated code knows the real types. */
export type Handler = (args: unknown, context: Context) => unknown;

/** A method and its handler, made ready to be called. */
interface Route {
  readonly id: number;
  readonly name: string;
  readonly kind: Kind;
  /** Whether the parent is told before the handler begins, where it wants to be. */
  readonly announce: boolean;
  readonly read: (bytes: Buffer, start: number, end: number) => unknown;
  readonly write: (value: unknown) => Uint8Array;
  readonly throws: Throws | undefined;
  readonly handler: Handler;
}

/** Items of a stream after which other work gets its turn, whatever the socket says. */
const TURN = 256;
const EMPTY = new Uint8Array(0);

/** Serves requests. */
export class Dispatcher implements FrameSink {
  readonly #routes: readonly (Route | undefined)[];
  readonly #maxPayload: number;
  readonly #features: Features;
  readonly #report: Report;
  /** Requests whose handlers have not finished. */
  readonly #running = new Map<number, RequestContext>();
  /** One-way calls that have not finished: they have no id to be known by. */
  readonly #oneways = new Set<RequestContext>();
  #connection: Connection | undefined;
  /** Where handlers may have to wait for their beginning; undefined where the parent does not ask. */
  #starts: Starts | undefined;
  /** What the last CONTEXT said, and of which request. */
  #trace: { readonly request: number; readonly traceparent: string | undefined } | undefined;
  #whenIdle: (() => void) | undefined;
  #closing = false;

  /** @throws Error naming every handler that is missing. */
  constructor(contract: Contract, handlers: object, maxPayload: number, features: Features, report: Report) {
    this.#maxPayload = maxPayload;
    this.#features = features;
    this.#report = report;
    this.#routes = [undefined, ...routes(contract, handlers)];
  }

  /** Replies go there. */
  connect(connection: Connection): void {
    this.#connection = connection;
    if (this.#features.started) this.#starts = new Starts(connection);
  }

  /** Aborts every request, and forgets the connection. */
  disconnect(): void {
    this.#connection = undefined;
    this.#starts?.clear();
    for (const context of [...this.#running.values(), ...this.#oneways]) context.abort();
  }

  /** Resolves when nothing runs any more. Requests that come after this are refused. */
  async idle(): Promise<void> {
    this.#closing = true;
    for (const context of this.#running.values()) context.endCredit();
    if (this.#running.size + this.#oneways.size === 0) return;
    await new Promise<void>((resolve) => (this.#whenIdle = resolve));
  }

  frame(method: number, _flags: number, request: number, bytes: Buffer, start: number, end: number): void {
    if (method >= CONTEXT_METHOD && this.#reserved(method, request, bytes, start, end)) return;
    const route = this.#routes[method];
    const trace = this.#trace;
    this.#trace = undefined;
    if (route === undefined) {
      this.#connection?.send(method, ERROR, request, encodeError(unknownMethod(method), this.#maxPayload));
      return;
    }
    const context = new RequestContext(route.name, request, trace?.request === request ? trace.traceparent : undefined, this.#report);
    if (this.#closing) {
      this.#fail(route, context, { message: `${route.name}: the worker is shutting down`, kind: "overloaded" });
      return;
    }
    let args: unknown;
    try {
      args = route.read(bytes, start, end);
    } catch (error) {
      this.#fail(route, context, invalidArguments(route.name, error));
      return;
    }
    if (this.#starts === undefined || this.#starts.pass(request, route.announce)) {
      this.#run(route, context, args);
      return;
    }
    this.#begin(context);
    this.#starts.wait(request, route.announce, end - start, () => {
      if (context.aborted) this.#fail(route, context, cancelled(route.name));
      else if (this.#run(route, context, args)) return;
      this.#finish(context);
    });
  }

  /** Takes the frames that are no requests; whether it was one. */
  #reserved(method: number, request: number, bytes: Buffer, start: number, end: number): boolean {
    switch (method) {
      case ABORT_METHOD:
        this.#running.get(request)?.abort();
        return true;
      case AUTH_METHOD:
        return true;
      case STARTED_METHOD:
        return this.#features.started;
      case CREDIT_METHOD:
        if (this.#features.credit === undefined) return false;
        if (end - start === 4) this.#running.get(request)?.grant(bytes.readUInt32BE(start));
        return true;
      case CONTEXT_METHOD:
        if (!this.#features.context) return false;
        this.#trace = { request, traceparent: traceparent(bytes, start, end) };
        return true;
      default:
        return false;
    }
  }

  /** Whether the request is still served when this returns. */
  #run(route: Route, context: RequestContext, args: unknown): boolean {
    let outcome: unknown;
    let later: boolean;
    try {
      outcome = route.handler(args, context);
      later = route.kind === "stream" || isPromise(outcome);
    } catch (error) {
      this.#threw(route, context, error);
      return false;
    }
    if (!later) this.#answer(route, context, outcome);
    else if (route.kind === "stream") void this.#stream(route, context, outcome);
    else this.#await(route, context, outcome);
    return later;
  }

  #await(route: Route, context: RequestContext, outcome: unknown): void {
    this.#begin(context);
    // A promise stays what it is; anything else that has a `then` may call back twice, or throw.
    Promise.resolve(outcome).then(
      (value) => {
        this.#finish(context);
        this.#answer(route, context, value);
      },
      (error: unknown) => {
        this.#finish(context);
        this.#threw(route, context, error);
      },
    );
  }

  #answer(route: Route, context: RequestContext, value: unknown): void {
    if (context.aborted) {
      this.#fail(route, context, cancelled(route.name));
      return;
    }
    if (context.requestId === UNCORRELATED) return;
    let payload: Uint8Array;
    try {
      payload = this.#write(route, value);
    } catch (error) {
      this.#fail(route, context, unencodable(route.name, error));
      return;
    }
    const flags = route.kind === "result" ? RESPONSE : ACK;
    this.#connection?.send(route.id, flags, context.requestId, payload);
  }

  async #stream(route: Route, context: RequestContext, items: unknown): Promise<void> {
    if (this.#features.credit !== undefined && context.requestId !== UNCORRELATED) context.limit(this.#features.credit);
    this.#begin(context);
    let failure: ErrorPayload | undefined;
    try {
      failure = await this.#pump(route, context, items);
    } catch (error) {
      failure = failureOf(route, error);
    }
    if (context.aborted) failure = cancelled(route.name);
    this.#finish(context);
    if (failure !== undefined) this.#fail(route, context, failure);
    else if (context.requestId !== UNCORRELATED) this.#connection?.send(route.id, END, context.requestId, EMPTY);
  }

  /** Sends items for as long as there are any and somebody wants them. What the iteration throws is thrown on. */
  async #pump(route: Route, context: RequestContext, items: unknown): Promise<ErrorPayload | undefined> {
    const iterator = iterate(await items);
    if (iterator === undefined) {
      return unencodable(route.name, new TypeError("a stream's handler must return something to iterate over"));
    }
    for (let sent = 1; ; sent++) {
      const next = iterator.next();
      const step = isPromise(next) ? await next : next;
      if (step.done === true) return undefined;
      if (!context.aborted) {
        let payload: Uint8Array;
        try {
          payload = this.#write(route, step.value);
        } catch (error) {
          await iterator.return?.();
          return unencodable(route.name, error);
        }
        if (!context.credited) {
          if (this.#closing) context.endCredit();
          await context.credit();
          if (!context.credited && !context.aborted) {
            await iterator.return?.();
            return { message: `${route.name}: the worker is shutting down`, kind: "cancelled" };
          }
          if (context.aborted) {
            await iterator.return?.();
            return undefined;
          }
        }
        context.spend(payload.length);
        const connection = this.#connection;
        if (context.requestId !== UNCORRELATED) connection?.send(route.id, CHUNK, context.requestId, payload);
        if (connection?.pressed === true) await relief(connection, context);
        else if (sent % TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      }
      if (context.aborted) {
        await iterator.return?.();
        return undefined;
      }
    }
  }

  #write(route: Route, value: unknown): Uint8Array {
    const payload = route.write(value);
    if (payload.length > this.#maxPayload) {
      throw new RangeError(`it takes ${payload.length} bytes, more than the limit of ${this.#maxPayload}`);
    }
    return payload;
  }

  #threw(route: Route, context: RequestContext, error: unknown): void {
    if (context.aborted) {
      this.#fail(route, context, cancelled(route.name));
      return;
    }
    this.#fail(route, context, failureOf(route, error));
  }

  #fail(route: Route, context: RequestContext, payload: ErrorPayload): void {
    if (context.requestId === UNCORRELATED) {
      log(`${route.name} (one-way) failed: ${clean(payload.traceback ?? payload.message)}`);
      return;
    }
    const flags = route.kind === "stream" ? STREAM_ERROR : ERROR;
    this.#connection?.send(route.id, flags, context.requestId, encodeError(payload, this.#maxPayload));
  }

  #begin(context: RequestContext): void {
    if (context.requestId === UNCORRELATED) this.#oneways.add(context);
    else this.#running.set(context.requestId, context);
  }

  #finish(context: RequestContext): void {
    if (context.requestId === UNCORRELATED) this.#oneways.delete(context);
    else if (this.#running.get(context.requestId) === context) this.#running.delete(context.requestId);
    if (this.#running.size + this.#oneways.size === 0) this.#whenIdle?.();
  }
}

/** What the parent is told of what a handler threw; always something. */
function failureOf(route: Route, error: unknown): ErrorPayload {
  try {
    return thrown(error, route.throws);
  } catch (second) {
    return unencodable(route.name, second);
  }
}

/** Waits until the socket takes more, or nobody wants it any more. */
async function relief(connection: Connection, context: RequestContext): Promise<void> {
  await new Promise<void>((resolve) => {
    connection.whenRelieved(resolve);
    context.whenAborted(resolve);
  });
  context.calm();
}

/** What a CONTEXT frame says, if it can be read. It is no reason to refuse a request. */
function traceparent(bytes: Buffer, start: number, end: number): string | undefined {
  try {
    const members = decode(bytes, start, end);
    const value = isMembers(members) ? members["traceparent"] : undefined;
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

function isPromise<T>(value: unknown): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** An iterator, synchronous or not. */
interface Iteration {
  next(): IteratorResult<unknown> | PromiseLike<IteratorResult<unknown>>;
  return?(): unknown;
}

function iterate(items: unknown): Iteration | undefined {
  if (typeof items !== "object" || items === null) return undefined;
  const make: unknown =
    Reflect.get(items, Symbol.asyncIterator) ?? Reflect.get(items, Symbol.iterator);
  if (typeof make !== "function") return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the iteration protocol promises
  return Reflect.apply(make, items, []) as Iteration;
}

function routes(contract: Contract, handlers: object): Route[] {
  const missing: string[] = [];
  const found = contract.methods.map((method, index): Route => {
    const handler: unknown = Reflect.get(handlers, method.handler);
    if (!isHandler(handler)) missing.push(method.handler);
    const call: Handler = isHandler(handler) ? handler : nothing;
    const { args, answer } = method;
    return {
      id: FIRST_ID + index,
      name: method.name,
      kind: method.kind,
      announce: tellsStart(method),
      throws: method.throws,
      handler: (value, context) => call.call(handlers, value, context),
      read: args === raw ? (bytes, start, end) => new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start) : reading(args),
      write: answer === raw ? (value) => raw(value, "$") : writing(answer),
    };
  });
  if (missing.length > 0) {
    throw new Error(`${contract.name}: no handler for ${missing.join(", ")}; add one for each method of the schema`);
  }
  return found;
}

function isHandler(value: unknown): value is Handler {
  return typeof value === "function";
}

function reading(read: Reader): Route["read"] {
  if (read === noArgs) return (bytes, start, end) => located(read, start === end ? null : decode(bytes, start, end));
  return (bytes, start, end) => located(read, decode(bytes, start, end));
}

function writing(write: Writer): (value: unknown) => Uint8Array {
  if (write === nothing) return () => NIL;
  return (value) => encode(located(write, value));
}
