// Owns: the life of a worker: handlers made, listening, announced, adopted, served, ended.
// Siblings: procwire-runtime/src/worker/worker.rs, workers/python/src/procwire/worker/worker.py

import type { Socket } from "node:net";
import process from "node:process";

import type { Awaitable, Contract } from "../contract.ts";
import { names, negotiate, type Features } from "../control/features.ts";
import { LineSplitter } from "../control/lines.ts";
import { errorLine, initLine, logLine, parse, pongLine } from "../control/message.ts";
import { environment } from "../environment.ts";
import { ABSOLUTE_MAX_PAYLOAD, DEFAULT_MAX_PAYLOAD } from "../ids.ts";
import { droppedControl, log, postControl, readControl, startedByHand, writeControl } from "../stdio.ts";
import { Connection, inheritedDescriptor, inheritedSocket, Listener, socketPath } from "../transport.ts";
import { VERSION } from "../version.ts";
import type { Report } from "./context.ts";
import { Dispatcher } from "./dispatch.ts";
import { EventSink } from "./events.ts";

/** After `$shutdown` requests may take this long to finish. A parent kills after five seconds. */
const DRAIN_MS = 4000;
/** After the end, what the program still does may take this long. */
const EXIT_MS = 1000;
/** The exit code after an uncaught exception, where that ends the worker. */
const EXIT_UNCAUGHT = 70;

/** How a worker is run. */
export interface ServeOptions {
  /** The longest payload accepted and sent, in bytes. Default 1 GiB, at most 2 GiB less one byte. */
  readonly maxPayload?: number;
  /**
   * What an exception does that nobody caught and that belongs to no request, such as one thrown by a timer.
   *
   * `"log"` (the default) writes it to stderr, which the parent keeps, and goes on. `"exit"` ends the worker with
   * code 70 after that, so that the parent's restart policy decides. Rejected promises that nobody awaits are
   * written to stderr either way. Neither is done where the program has a listener of its own for them.
   */
  readonly uncaught?: "log" | "exit";
}

let started = false;

/**
 * Serves a module until the parent ends it.
 *
 * `make` gets the sink of events and returns the handlers; it runs before the parent is told that the worker is
 * ready, so what it awaits counts as starting up, and what it throws reaches the parent as the reason.
 *
 * Resolves when the parent asked the worker to end or is gone; the process exits shortly after.
 */
export async function serve(
  contract: Contract,
  make: (events: EventSink) => Awaitable<object>,
  options: ServeOptions = {},
): Promise<void> {
  if (started) throw new Error("serve was called before: a worker serves one module");
  started = true;
  guard(options.uncaught ?? "log");
  const worker = new Worker(contract, Math.min(options.maxPayload ?? DEFAULT_MAX_PAYLOAD, ABSOLUTE_MAX_PAYLOAD));
  try {
    await worker.start(make);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log(`${contract.name} cannot start: ${error instanceof Error ? (error.stack ?? message) : message}`);
    writeControl(errorLine(`${contract.name} cannot start: ${message}`, worker.features.nonce));
    process.exit(1);
  }
  await worker.ended;
  setTimeout(() => process.exit(), EXIT_MS).unref();
}

class Worker {
  readonly ended: Promise<void>;
  readonly features: Features;
  /** The data channel, where the parent left one open. */
  readonly #inherited: number | undefined;
  /** Whether the parent was told that lines of its control channel are known by their nonce. */
  #announced = false;
  readonly #contract: Contract;
  readonly #maxPayload: number;
  readonly #events: EventSink;
  #end: () => void = () => {};
  #dispatcher: Dispatcher | undefined;
  #listener: Listener | undefined;
  #connection: Connection | undefined;
  #ending = false;

  constructor(contract: Contract, maxPayload: number) {
    this.#contract = contract;
    this.#maxPayload = maxPayload;
    this.#events = new EventSink(contract);
    const offer = environment.get("PROCWIRE_FEATURES");
    const offered = negotiate(offer, undefined, true).inherited;
    this.#inherited = offered ? inheritedDescriptor(environment.get("PROCWIRE_FD")) : undefined;
    this.features = negotiate(offer, environment.get("PROCWIRE_NONCE"), this.#inherited !== undefined);
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  async start(make: (events: EventSink) => Awaitable<object>): Promise<void> {
    this.#readControl();
    const handlers = await make(this.#events);
    const dispatcher = new Dispatcher(this.#contract, handlers, this.#maxPayload, this.features, this.#report);
    this.#dispatcher = dispatcher;
    if (this.#ending) return;
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      // Once: who sends a second one does not want to wait.
      if (process.listenerCount(signal) === 0) process.once(signal, () => void this.#shutdown());
    }
    if (this.#inherited === undefined) await this.#listen(dispatcher);
    else {
      const socket = inheritedSocket(this.#inherited);
      this.#announce("inherited");
      this.#adopt(dispatcher, socket, Buffer.alloc(0));
    }
  }

  async #listen(dispatcher: Dispatcher): Promise<void> {
    const path = socketPath(environment.get("PROCWIRE_DIR"), process.env, process.pid, process.platform);
    const listener = new Listener(path, environment.get("PROCWIRE_TOKEN"), (socket, rest) => this.#adopt(dispatcher, socket, rest));
    this.#listener = listener;
    process.once("exit", () => listener.close());
    await listener.listen();
    if (startedByHand()) log(`${this.#contract.name} is a worker: a parent process starts it and speaks to it`);
    this.#announce(path);
  }

  #announce(path: string): void {
    const { nonce } = this.features;
    this.#announced = true;
    writeControl(initLine(this.#contract, { path, runtime: VERSION, pid: process.pid, features: names(this.features), nonce }));
  }

  #adopt(dispatcher: Dispatcher, socket: Socket, rest: Buffer): void {
    const connection = new Connection(socket, dispatcher, this.#maxPayload, (why) => this.#lost(why));
    this.#connection = connection;
    dispatcher.connect(connection);
    this.#events.open(connection);
    connection.start(rest);
  }

  readonly #report: Report = (level, message, request, target) => {
    if (!this.features.log) {
      log(`${level}: ${target}${request === undefined ? "" : ` (request ${request})`}: ${message}`);
      return;
    }
    const lost = droppedControl();
    if (lost > 0) postControl(logLine("warn", `${lost} lines were dropped: the parent did not read`, undefined, "procwire", this.features.nonce));
    postControl(logLine(level, message, request, target, this.features.nonce));
  };

  #readControl(): void {
    const lines = new LineSplitter((line) => {
      const { nonce } = this.features;
      const message = parse(line, this.#announced ? nonce : undefined);
      if (message === "ping") postControl(pongLine(nonce));
      else if (message === "shutdown") void this.#shutdown();
    });
    readControl(
      (chunk) => lines.push(chunk),
      () => this.#stop(),
    );
  }

  /** The parent asks for the end: what runs may finish, and its answers are delivered. */
  async #shutdown(): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    this.#listener?.close();
    const drained = this.#dispatcher?.idle();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, DRAIN_MS)));
    await Promise.race([drained, late]);
    await Promise.race([this.#connection?.end(), late]);
    clearTimeout(timer);
    this.#stop();
  }

  /** The parent is gone: nobody wants an answer any more. */
  #stop(): void {
    this.#ending = true;
    this.#listener?.close();
    this.#dispatcher?.disconnect();
    this.#events.open(undefined);
    this.#connection?.destroy();
    this.#end();
  }

  #lost(why: Error | undefined): void {
    if (why !== undefined && !this.#ending) {
      log(`the connection to the parent is lost: ${why.message}`);
      process.exitCode = 1;
    }
    this.#stop();
  }
}

/** Sees to it that an exception outside of every request is neither silent nor, unless wanted, the end. */
function guard(uncaught: "log" | "exit"): void {
  if (process.listenerCount("unhandledRejection") === 0) {
    process.on("unhandledRejection", (reason) => log(`unhandled rejection: ${stackOf(reason)}`));
  }
  if (process.listenerCount("uncaughtException") === 0) {
    process.on("uncaughtException", (error) => {
      log(`uncaught exception: ${stackOf(error)}`);
      if (uncaught === "exit") process.exit(EXIT_UNCAUGHT);
    });
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
