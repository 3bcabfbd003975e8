// Owns: the socket: where it is bound, whom it accepts, how bytes leave it.
// Siblings: procwire-runtime/src/transport/mod.rs, workers/python/src/procwire/transport.py

import { randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, fstatSync, rmSync } from "node:fs";
import { createServer, Socket, type Server } from "node:net";
import process from "node:process";

import { AUTH_METHOD } from "./ids.ts";
import { FrameDecoder } from "./wire/decode.ts";
import { FrameEncoder } from "./wire/encode.ts";
import type { FrameSink } from "./wire/frame.ts";
import { HEADER_SIZE } from "./wire/header.ts";

/** The longest path a Unix socket can have on Linux. Node binds a cut-off one without a word. */
const MAX_PATH = 107;
/** How long a connection may take to prove itself. */
const AUTH_MS = 5000;
/** How many may be trying at once. */
const MAX_STRANGERS = 16;
/** Frames collected beyond this are written at once instead of at the end of the turn. */
const FLUSH_AT = 64 << 10;
/** Bytes the socket holds before those who can wait are asked to. */
const HIGH_WATER = 256 << 10;
/** Bytes of replies that nobody reads, after which no more requests are read: their answers would only add to them. */
const TOO_MUCH = 64 << 20;

/**
 * The descriptor of the data channel that the parent left open, named as `DESCRIPTOR:INODE`.
 *
 * A launcher in between may have closed it and something else may have taken its number, hence the inode. Node has set
 * it to be closed in the processes that the program starts.
 */
export function inheritedDescriptor(named: string | undefined): number | undefined {
  const [, number, inode] = /^(\d{1,6}):(\d{1,20})$/.exec(named ?? "") ?? [];
  if (number === undefined || inode === undefined) return undefined;
  const fd = Number(number);
  try {
    const found = fstatSync(fd, { bigint: true });
    if (fd < 3 || !found.isSocket() || found.ino !== BigInt(inode)) return undefined;
    if (process.versions["bun"] === undefined) return fd;
    // Bun makes no socket of a descriptor. Nobody else shall hold it open.
    closeSync(fd);
  } catch {
    // It is not open, and the parent will connect.
  }
  return undefined;
}

/** The socket on it. */
export function inheritedSocket(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: true });
}

/** Where a worker listens: unguessable, in the parent's folder, or in one of the user's own where there is one. */
export function socketPath(folder: string | undefined, env: NodeJS.ProcessEnv, pid: number, platform: NodeJS.Platform): string {
  const name = `procwire-${pid}-${randomBytes(16).toString("hex")}`;
  if (platform === "win32") return `\\\\.\\pipe\\${name}`;
  const base = folder || env["XDG_RUNTIME_DIR"] || env["TMPDIR"] || "/tmp";
  const path = `${base.replace(/\/+$/, "")}/${name}.sock`;
  const length = Buffer.byteLength(path);
  if (length > MAX_PATH) {
    throw new Error(
      `the socket path ${path} has ${length} bytes and at most ${MAX_PATH} are possible: ` +
        `set XDG_RUNTIME_DIR or TMPDIR to a shorter folder`,
    );
  }
  return path;
}

/** Listens until one connection is adopted; then nobody can connect any more. */
export class Listener {
  readonly path: string;
  readonly #token: Buffer | undefined;
  readonly #server: Server;
  readonly #strangers = new Set<Socket>();
  readonly #adopt: (socket: Socket, rest: Buffer) => void;
  #closed = false;

  /** With a token, only a connection that begins with it is adopted. */
  constructor(path: string, token: string | undefined, adopt: (socket: Socket, rest: Buffer) => void) {
    this.path = path;
    this.#token = token === undefined ? undefined : Buffer.from(token, "utf8");
    this.#adopt = adopt;
    this.#server = createServer({ highWaterMark: HIGH_WATER }, (socket) => this.#accept(socket));
  }

  /** Resolves once connections are accepted. */
  async listen(): Promise<void> {
    this.#unlink();
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.once("listening", resolve);
      // Only the user may connect. The mask is the process's, so it is narrowed for the bind alone.
      const mask = process.umask(0o177);
      try {
        this.#server.listen(this.path);
      } finally {
        process.umask(mask);
      }
    });
    this.#server.on("error", () => {}); // a connection that failed before it was accepted concerns nobody
  }

  /** Stops listening and removes the socket file. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#server.close();
    for (const stranger of this.#strangers) stranger.destroy();
    this.#strangers.clear();
    this.#unlink();
  }

  #accept(socket: Socket): void {
    if (this.#closed) {
      socket.destroy();
    } else if (this.#token === undefined) {
      this.#take(socket, Buffer.alloc(0));
    } else if (this.#strangers.size >= MAX_STRANGERS) {
      socket.destroy();
    } else {
      this.#challenge(socket, this.#token);
    }
  }

  #challenge(socket: Socket, token: Buffer): void {
    this.#strangers.add(socket);
    let got: Buffer = Buffer.alloc(0);
    const turnAway = (): void => {
      clearTimeout(timer);
      this.#strangers.delete(socket);
      socket.destroy();
    };
    const timer = setTimeout(turnAway, AUTH_MS).unref();
    const onData = (chunk: Buffer): void => {
      got = Buffer.concat([got, chunk]);
      if (got.length < HEADER_SIZE) return;
      if (got.readUInt16BE(0) !== AUTH_METHOD || got.readUInt32BE(7) !== token.length) return turnAway();
      const end = HEADER_SIZE + token.length;
      if (got.length < end) return;
      if (!timingSafeEqual(got.subarray(HEADER_SIZE, end), token)) return turnAway();
      clearTimeout(timer);
      socket.removeListener("data", onData);
      socket.removeListener("error", turnAway);
      socket.removeListener("close", turnAway);
      this.#strangers.delete(socket);
      this.#take(socket, got.subarray(end));
    };
    socket.on("data", onData);
    socket.once("error", turnAway);
    socket.once("close", turnAway);
  }

  #take(socket: Socket, rest: Buffer): void {
    this.close();
    this.#adopt(socket, rest);
  }

  #unlink(): void {
    if (!this.path.startsWith("\\\\")) rmSync(this.path, { force: true });
  }
}

/** The one connection: frames in, frames out. */
export class Connection {
  readonly #socket: Socket;
  readonly #decoder: FrameDecoder;
  readonly #encoder = new FrameEncoder();
  readonly #onLost: (why: Error | undefined) => void;
  #waiting: (() => void)[] = [];
  #whenFlushed: (() => void) | undefined;
  /** Bytes of requests that wait to begin. */
  #held = 0;
  /** While received frames are handled, and until the end of the turn after others, nothing needs to be scheduled. */
  #collecting = false;
  #lost = false;

  constructor(socket: Socket, sink: FrameSink, maxPayload: number, onLost: (why: Error | undefined) => void) {
    this.#socket = socket;
    this.#decoder = new FrameDecoder(sink, maxPayload);
    this.#onLost = onLost;
    socket.on("drain", this.#relieve);
    socket.once("error", (error) => this.#lose(error));
    socket.once("close", () => this.#lose(undefined));
    socket.once("end", () => this.#lose(undefined));
  }

  /** Handles what arrived with the adoption, and then what arrives. */
  start(rest: Buffer): void {
    if (rest.length > 0) this.#receive(rest);
    this.#socket.on("data", this.#receive);
  }

  /** Adds a frame; it is written with those around it. Nothing is kept of a connection that is lost. */
  send(method: number, flags: number, request: number, payload: Uint8Array): void {
    if (this.#lost) return;
    this.#encoder.frame(method, flags, request, payload);
    if (this.#encoder.pending >= FLUSH_AT) this.#write();
    else if (!this.#collecting) {
      this.#collecting = true;
      process.nextTick(this.#flush);
    }
  }

  /**
   * Adds a frame and writes it, with what waits before it. Whether every byte has left this process.
   *
   * A socket whose queue is empty is written to at once: what is not in its queue after that, the system has.
   */
  sendNow(method: number, flags: number, request: number, payload: Uint8Array): boolean {
    if (this.#lost) return false;
    this.#encoder.frame(method, flags, request, payload);
    this.#write();
    return this.#flushed;
  }

  /** Calls `wake` once every byte has left this process. Never, when the connection is lost before. */
  whenFlushed(wake: () => void): void {
    this.#whenFlushed = wake;
  }

  /** States how many bytes of received requests wait to begin: too many, and no more are read. */
  hold(bytes: number): void {
    this.#held = bytes;
    if (bytes > TOO_MUCH) this.#socket.pause();
    else if (bytes === 0 && this.#socket.isPaused() && !this.pressed) this.#socket.resume();
  }

  get #flushed(): boolean {
    const socket = this.#socket;
    // A write that failed leaves nothing in the queue either.
    return socket.writableLength === 0 && socket.errored == null && !socket.destroyed && !this.#lost;
  }

  /** Whether those who can wait before they send more should. */
  get pressed(): boolean {
    return this.#socket.writableNeedDrain && !this.#lost;
  }

  /** Calls `wake` once there is room again, or the connection is lost. */
  whenRelieved(wake: () => void): void {
    if (this.pressed) this.#waiting.push(wake);
    else wake();
  }

  /** Writes what there is and closes; resolves when the parent has it all or is gone. */
  async end(): Promise<void> {
    if (this.#lost) return;
    this.#write();
    await new Promise<void>((resolve) => {
      this.#socket.once("close", resolve);
      this.#socket.end(resolve);
    });
  }

  /** Closes without another word. */
  destroy(): void {
    this.#socket.destroy();
  }

  readonly #receive = (chunk: Buffer): void => {
    // Replies given while this runs leave in one write.
    const nested = this.#collecting;
    this.#collecting = true;
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      this.#lose(error instanceof Error ? error : new Error(String(error)));
      this.#socket.destroy();
    }
    if (nested) return;
    this.#collecting = false;
    if (this.#encoder.pending > 0) this.#write();
  };

  readonly #flush = (): void => {
    this.#collecting = false;
    if (this.#encoder.pending > 0) this.#write();
  };

  #write(): void {
    const pieces = this.#encoder.take();
    const [first] = pieces;
    if (first === undefined || this.#lost) return;
    if (pieces.length === 1) this.#socket.write(first, this.#written);
    else {
      this.#socket.cork();
      for (const piece of pieces) this.#socket.write(piece, this.#written);
      this.#socket.uncork();
    }
    if (this.#socket.writableLength > TOO_MUCH) this.#socket.pause();
  }

  /** One function for all writes: those that end together cost one call. */
  readonly #written = (): void => {
    const wake = this.#whenFlushed;
    if (wake === undefined || !this.#flushed) return;
    this.#whenFlushed = undefined;
    wake();
  };

  readonly #relieve = (): void => {
    if (this.#socket.isPaused() && this.#held <= TOO_MUCH) this.#socket.resume();
    this.#wake();
  };

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #lose(why: Error | undefined): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#wake();
    this.#onLost(why);
  }
}
