// A parent that does what it is told: starts a worker process, speaks the protocol byte by byte, and shares no code
// with the package under test.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";

import { decode, encode, ExtensionCodec } from "@msgpack/msgpack";

export const ABORT = 0xffff;
export const AUTH = 0xfffe;
export const STARTED = 0xfffd;
export const CREDIT = 0xfffc;
export const CONTEXT = 0xfffb;

export interface Frame {
  readonly method: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

interface Init {
  readonly pipe: string;
  readonly schema: {
    readonly methods: Record<string, { readonly id: number; readonly response: string }>;
    readonly events: Record<string, { readonly id: number }>;
  };
  readonly version: string;
  readonly procwire: Record<string, unknown>;
}

/** The JSON lines and the frames of a worker, each to be waited for. */
class Inbox<T> {
  readonly seen: T[] = [];
  #wakes = new Set<() => void>();
  #closed = false;

  put(item: T): void {
    this.seen.push(item);
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** Waits until no more can come. */
  async ended(): Promise<void> {
    while (!this.#closed) await new Promise<void>((resolve) => this.#wakes.add(resolve));
  }

  /** Waits until `find` gives something for what was seen. */
  async until<R>(find: (seen: readonly T[]) => R | undefined, what: string): Promise<R> {
    for (;;) {
      const found = find(this.seen);
      if (found !== undefined) return found;
      if (this.#closed) throw new Error(`closed before: ${what}`);
      await new Promise<void>((resolve) => this.#wakes.add(resolve));
    }
  }

  #wake(): void {
    const wakes = [...this.#wakes];
    this.#wakes.clear();
    for (const wake of wakes) wake();
  }
}

/** What the lab's handlers have done so far. */
export interface Counted {
  /** Items that its floods have made. */
  readonly produced: number;
  /** Requests of `raw` that were served. */
  readonly served: number;
}

export interface Start {
  readonly worker?: string;
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** `launcher` (default): through the package's command. `plain`: the runtime on the file, as it is. */
  readonly by?: "launcher" | "plain";
  /** Whether to connect once announced; default yes. */
  readonly connect?: boolean;
  readonly token?: string;
  /** Extensions to offer. With `inherited` the data channel is given as descriptor 3. */
  readonly features?: string;
  /** The nonce of control lines, given with the offer. */
  readonly nonce?: string;
  /** Whether its stdout is a pipe, as other parents make it: Node would make a socket. */
  readonly pipe?: boolean;
}

const BUN = process.env["WORKER_TEST_RUNTIME"] === "bun";
export const underBun: boolean = BUN;
const HERE = new URL(".", import.meta.url);
const PACKAGE = new URL("../../", HERE);

/** What starts a worker. */
export function command(file: string, by: "launcher" | "plain"): [string, string[]] {
  if (by === "launcher") {
    return [fileURLToPath(new URL("bin/procwire-worker.js", PACKAGE)), ["run", ...(BUN ? ["--bun"] : []), file]];
  }
  return BUN ? ["bun", [file]] : [process.execPath, ["--import", fileURLToPath(new URL("dist/launch/typescript.js", PACKAGE)), file]];
}

export class Parent {
  readonly child: ChildProcess;
  readonly nonce: string | undefined;
  readonly lines = new Inbox<string>();
  readonly frames = new Inbox<Frame>();
  readonly exit: Promise<{ code: number | null; signal: string | null }>;
  stderr = "";
  #stderrEnded = false;
  #onStderr = new Set<() => void>();
  init!: Init;
  socket!: Socket;
  #next = 1;
  #asked = 0;
  #pieces: Buffer[] = [];
  #got = 0;
  #want = 11;
  #outbox: Uint8Array[] = [];

  private constructor(child: ChildProcess, nonce: string | undefined) {
    this.child = child;
    this.nonce = nonce;
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      const pieces = (text + chunk.toString("utf8")).split("\n");
      text = pieces.pop() ?? "";
      for (const piece of pieces) this.lines.put(piece);
    });
    child.stdout?.on("close", () => this.lines.close());
    child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString("utf8");
      this.#heard();
    });
    child.stderr?.on("close", () => {
      this.#stderrEnded = true;
      this.#heard();
    });
    this.exit = once(child, "close").then(([code, signal]: unknown[]) => ({
      code: code as number | null,
      signal: signal as string | null,
    }));
  }

  static async start(options: Start = {}): Promise<Parent> {
    const file = fileURLToPath(new URL(`../workers/${options.worker ?? "lab"}.ts`, HERE));
    const [program, args] = command(file, options.by ?? "launcher");
    const path = `${fileURLToPath(new URL("node_modules/.bin", PACKAGE))}:${process.env["PATH"] ?? ""}`;
    const env: NodeJS.ProcessEnv = { ...process.env, PATH: path, PROCWIRE_MODULE_NAME: "lab", ...options.env };
    delete env["NODE_TEST_CONTEXT"]; // else Node takes the worker for a test
    if (options.token !== undefined) env["PROCWIRE_TOKEN"] = options.token;
    if (options.features !== undefined) env["PROCWIRE_FEATURES"] = options.features;
    if (options.nonce !== undefined) env["PROCWIRE_NONCE"] = options.nonce;
    const inherited = /\binherited\b/.test(options.features ?? "");
    // Only the shell knows the socket's inode before the worker starts.
    const script = 'PROCWIRE_FD="${PROCWIRE_FD:-3:$(stat -Lc %i /proc/self/fd/3)}"; export PROCWIRE_FD; exec "$0" "$@"';
    const piped = '("$0" "$@"; echo "exit code $?" >&2) | cat';
    const started = options.pipe === true
      ? spawn("sh", ["-c", piped, program, ...args], { env, stdio: ["pipe", "pipe", "pipe"], cwd: options.cwd })
      : inherited
      ? spawn("sh", ["-c", script, program, ...args], { env, stdio: ["pipe", "pipe", "pipe", "pipe"], cwd: options.cwd })
      : spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"], cwd: options.cwd });
    const parent = new Parent(started, options.nonce);
    if (options.connect !== false) {
      await parent.ready();
      await parent.open();
    }
    return parent;
  }

  /** Waits for `$init`. */
  async ready(): Promise<Init> {
    try {
      this.init = await this.lines.until(() => this.messages("$init")[0] as Init | undefined, "$init");
    } catch (error) {
      throw new Error(`no $init; stderr: ${this.stderr}`, { cause: error });
    }
    return this.init;
  }

  /** The parameters of the messages of this kind. */
  messages(method: string): unknown[] {
    return this.lines.seen.flatMap((line) => {
      if (!line.startsWith("{")) return [];
      const message = JSON.parse(line) as { method: string; params?: unknown };
      return message.method === method ? [message.params ?? {}] : [];
    });
  }

  /** Connects; the frames of this connection are those that are read from then on. */
  async open(): Promise<Socket> {
    const given = this.child.stdio[3] as Socket | undefined;
    const inherited = this.init.pipe === "inherited";
    if (!inherited) given?.destroy();
    const socket = inherited && given !== undefined ? given : connect(this.init.pipe);
    if (!inherited) await once(socket, "connect");
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("close", () => this.frames.close());
    return socket;
  }

  #read(chunk: Buffer): void {
    this.#pieces.push(chunk);
    this.#got += chunk.length;
    if (this.#got < this.#want) return;
    const all = Buffer.concat(this.#pieces);
    let at = 0;
    this.#want = 11;
    while (all.length - at >= 11) {
      const length = all.readUInt32BE(at + 7);
      this.#want = 11 + length;
      if (all.length - at < this.#want) break;
      this.frames.put({
        method: all.readUInt16BE(at),
        flags: all.readUInt8(at + 2),
        id: all.readUInt32BE(at + 3),
        payload: all.subarray(at + 11, at + 11 + length),
      });
      at += 11 + length;
      this.#want = 11;
    }
    const rest = all.subarray(at);
    this.#pieces = [rest];
    this.#got = rest.length;
  }

  /** Waits until stderr has this. */
  async said(what: RegExp): Promise<void> {
    while (!what.test(this.stderr)) {
      if (this.#stderrEnded) throw new Error(`stderr ended without ${what}: ${this.stderr.slice(-4000)}`);
      await new Promise<void>((resolve) => this.#onStderr.add(resolve));
    }
  }

  #heard(): void {
    const wakes = [...this.#onStderr];
    this.#onStderr.clear();
    for (const wake of wakes) wake();
  }

  /** What the lab has counted. Asked and told past both channels, so that it may be known while they are full. */
  async counted(): Promise<Counted> {
    const number = this.#asked++;
    process.kill(this.init.procwire["pid"] as number, "SIGUSR2");
    const line = new RegExp(`^counted ${number} (.*)\\n`, "m");
    await this.said(line);
    return JSON.parse(line.exec(this.stderr)?.[1] ?? "") as Counted;
  }

  id(method: string): number {
    const found = this.init.schema.methods[method];
    if (found === undefined) throw new Error(`no method ${method}`);
    return found.id;
  }

  /** Sends bytes. Those of one turn leave in one write, so that a worker that dies of the first has got them all. */
  write(bytes: Uint8Array): void {
    if (this.#outbox.push(bytes) > 1) return;
    process.nextTick(() => {
      const all = this.#outbox;
      this.#outbox = [];
      const size = all.reduce((sum, one) => sum + one.length, 0);
      for (const one of size < 1 << 20 ? [Buffer.concat(all)] : all) this.socket.write(one);
    });
  }

  /** Sends a request and gives its id. */
  send(method: string | number, payload: unknown = null, id?: number): number {
    const request = id ?? this.#next++;
    const body = payload instanceof Uint8Array ? payload : pack(payload);
    this.write(frame(typeof method === "number" ? method : this.id(method), 0, request, body));
    return request;
  }

  abort(id: number): void {
    this.write(frame(ABORT, 0, id, new Uint8Array(0)));
  }

  /** Waits for the frame that ends a request. */
  async terminal(id: number): Promise<Frame> {
    return this.frames.until((seen) => seen.find((f) => f.id === id && f.flags !== 0x0b && f.flags !== 0x01), `the end of ${id}`);
  }

  /** Asks, and gives the frame that answers. */
  async ask(method: string | number, payload?: unknown): Promise<Frame> {
    return this.terminal(this.send(method, payload));
  }

  /** Asks, and gives the decoded answer. */
  async call(method: string, payload?: unknown): Promise<unknown> {
    const answer = await this.ask(method, payload);
    if ((answer.flags & 4) !== 0) throw new Error(`${method}: ${JSON.stringify(unpack(answer.payload))}`);
    return unpack(answer.payload);
  }

  /** Asks, and gives the decoded error. */
  async failure(method: string | number, payload?: unknown): Promise<Record<string, unknown>> {
    const answer = await this.ask(method, payload);
    if ((answer.flags & 4) === 0) throw new Error(`${method} did not fail`);
    return unpack(answer.payload) as Record<string, unknown>;
  }

  items(id: number): Frame[] {
    return this.frames.seen.filter((f) => f.id === id && f.flags === 0x0b);
  }

  /** The decoded payloads of an event that came so far. */
  events(name: string): unknown[] {
    const id = this.init.schema.events[name]?.id;
    return this.frames.seen.filter((f) => f.flags === 0x01 && f.id === 0 && f.method === id).map((f) => f.payload);
  }

  /** A control line, with the nonce if there is one. */
  order(method: string): string {
    return JSON.stringify({ jsonrpc: "2.0", method, nonce: this.nonce });
  }

  /** The ids of the requests whose handlers have begun, in order. */
  starts(): number[] {
    return this.frames.seen.filter((f) => f.method === STARTED && f.flags === 0x01).map((f) => f.id);
  }

  grant(id: number, bytes: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(bytes);
    this.write(frame(CREDIT, 0, id, payload));
  }

  say(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** Asks for a sign of life, and waits for it. */
  async ping(): Promise<void> {
    const before = this.messages("$pong").length;
    this.say(this.order("$ping"));
    await this.lines.until(() => (this.messages("$pong").length > before ? true : undefined), "$pong");
  }

  /** Ends the worker in the usual way. */
  async stop(): Promise<{ code: number | null; signal: string | null }> {
    this.say(this.order("$shutdown"));
    return this.exit;
  }

  /** For the end of a test, whatever happened. */
  async end(): Promise<void> {
    this.child.kill("SIGKILL");
    this.socket?.destroy();
    await this.exit;
  }
}

export function frame(method: number, flags: number, id: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(11);
  head.writeUInt16BE(method, 0);
  head.writeUInt8(flags, 2);
  head.writeUInt32BE(id, 3);
  head.writeUInt32BE(payload.length, 7);
  return Buffer.concat([head, payload]);
}

const extensions = new ExtensionCodec();

export function pack(value: unknown): Uint8Array {
  return encode(value, { extensionCodec: extensions });
}

export function unpack(bytes: Uint8Array): unknown {
  return decode(bytes, { extensionCodec: extensions });
}
