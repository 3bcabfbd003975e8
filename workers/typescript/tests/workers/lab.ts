// A worker whose handlers misbehave in every way there is. Its contract is written by hand, so that the runtime is
// tested apart from the generator.

import { execSync, spawnSync } from "node:child_process";
import { closeSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import * as pw from "procwire-worker/generated";

interface NotFoundData {
  readonly path: string;
}

class NotFound extends pw.DeclaredError<NotFoundData> {
  override readonly name: string = "NotFound";
  readonly union = "LabError";
  readonly tag = "not_found";
}

class Foreign extends pw.DeclaredError<object> {
  override readonly name: string = "Foreign";
  readonly union = "OtherError";
  readonly tag = "foreign";
}

const any: pw.Reader = (value) => value;

function member(name: string, step: pw.Reader): pw.Reader {
  return (value, at) => step(pw.object(value, at)[name], pw.sub(at, name));
}

function writeLabError(value: unknown, at: pw.At): unknown {
  const members = pw.object(value, at);
  return { type: "not_found", path: pw.string(members["path"], pw.sub(at, "path")) };
}

const n = member("n", pw.u32);
const throws: pw.Throws = { union: "LabError", write: writeLabError };

type Options = Partial<pw.Method>;
function method(name: string, kind: pw.Kind, args: pw.Reader, answer: pw.Writer, more: Options = {}): pw.Method {
  return { name, handler: name, kind, fingerprint: "0123456789abcdef", args, answer, ...more };
}

const contract: pw.Contract = {
  name: "lab",
  version: "1.0.0",
  fingerprint: "fedcba9876543210",
  methods: [
    method("echo", "result", any, any),
    method("raw", "result", pw.raw, pw.raw),
    method("count", "stream", n, pw.u32),
    method("flood", "stream", n, pw.raw),
    method("count_then_fail", "stream", n, pw.u32, { throws }),
    method("note", "ack", member("text", pw.string), pw.nothing),
    method("receipt", "ack", pw.noArgs, pw.u32),
    method("fire", "none", member("tag", pw.string), pw.nothing),
    method("fail", "result", member("how", pw.string), any, { throws }),
    method("wait", "result", pw.noArgs, pw.string),
    method("wait_stream", "stream", pw.noArgs, pw.u32),
    method("deaf", "result", n, pw.string),
    method("hold", "result", pw.noArgs, pw.string),
    method("let_go", "result", pw.noArgs, pw.u32),
    method("print", "result", pw.noArgs, pw.u32),
    method("busy", "result", n, pw.u32),
    method("narrow", "result", member("dpi", (value, at) => pw.range(pw.u32(value, at), at, 36, 1200, true, "36..=1200")), pw.u8),
    method("bad_answer", "result", member("what", pw.string), pw.writeJson),
    method("bad_item", "stream", pw.noArgs, pw.u8),
    method("sync_stream", "stream", n, pw.u32),
    method("state", "result", pw.noArgs, any),
    method("env", "result", pw.noArgs, any),
    method("later", "result", pw.noArgs, pw.u32),
    method("events", "result", n, pw.u32),
    method("not_iterable", "stream", pw.noArgs, pw.u32),
    method("exit", "result", pw.noArgs, pw.u32),
    method("die", "result", pw.noArgs, pw.u32),
    method("again", "result", any, any, { idempotent: true }),
    method("trace", "result", pw.noArgs, any),
    method("tell", "result", member("text", pw.string), pw.u32),
    method("tell_and_exit", "result", pw.noArgs, pw.u32),
    method("sync_flood", "stream", n, pw.raw),
    method("child", "result", pw.noArgs, pw.string),
    method("twice", "result", pw.noArgs, pw.u32),
    method("nothing", "result", pw.noArgs, pw.u32),
    method("odd", "result", member("what", pw.string), pw.u32),
    method("bad_end", "stream", pw.noArgs, pw.u32, { throws }),
    method("rearrange", "result", pw.noArgs, pw.u32),
    method("close", "result", n, pw.u32),
    method("throw_later", "result", pw.noArgs, pw.u32),
    method("reject_later", "result", pw.noArgs, pw.u32),
    method("print_a_lot", "result", n, pw.u32),
  ],
  events: [
    { name: "noted", payload: any },
    { name: "bytes", payload: pw.raw },
    { name: "small", payload: pw.u8 },
  ],
};

let aborted = 0;
let returned = 0;
let produced = 0;
let served = 0;
let fired = "";
let held: (() => void)[] = [];

let asked = 0;
process.on("SIGUSR2", () => console.error(`counted ${asked++} ${JSON.stringify({ produced, served })}`));

if (process.env["LAB_PRINT_EARLY"] !== undefined) {
  console.log('{"jsonrpc":"2.0","method":"$init","params":{"pipe":"/nowhere"}}');
  process.stdout.write("no end of line");
}

await pw.serve(
  contract,
  async (events) => {
    if (process.env["LAB_FAIL_TO_START"] !== undefined) throw new Error("no model on disk");
    if (process.env["LAB_EARLY_EVENT"] !== undefined) void events.emit(0, "early");
    await sleep(0);
    return {
      echo: (value: unknown) => value,
      raw(value: Uint8Array) {
        served += 1;
        return value;
      },
      async *count(upTo: number) {
        for (let i = 0; i < upTo; i++) yield i;
      },
      async *flood(chunks: number) {
        const chunk = new Uint8Array(8192);
        try {
          for (let i = 0; i < chunks; i++) {
            produced = i + 1;
            yield chunk;
          }
        } finally {
          returned += 1;
        }
      },
      async *count_then_fail(upTo: number) {
        for (let i = 0; i < upTo; i++) yield i;
        throw new NotFound({ path: "/x" });
      },
      async note(text: string) {
        await events.emit(0, text);
      },
      receipt: () => 7,
      fire(tag: string) {
        fired = tag;
        if (tag === "throw") throw new Error("one-way trouble");
        void events.emit(0, tag);
      },
      fail(how: string) {
        switch (how) {
          case "declared":
            throw new NotFound({ path: "/etc/x" });
          case "declared with text":
            throw new NotFound({ path: "/etc/x" }, "nothing there");
          case "async declared":
            return Promise.reject(new NotFound({ path: "later" }));
          case "foreign":
            throw new Foreign({});
          case "string":
            throw "just text"; // oxlint-disable-line typescript/only-throw-error -- what it is about
          case "async":
            return sleep(1).then(() => {
              throw new RangeError("out of it");
            });
          case "own class": {
            class Own extends Error {}
            throw new Own("mine", { cause: new RangeError("the cause of it") });
          }
          case "long declared":
            throw new NotFound({ path: "é".repeat(4 << 20) });
          case "long declared text":
            throw new NotFound({ path: "/x" }, "é".repeat(4 << 20));
          case "long":
            throw Object.assign(new Error("é".repeat(4 << 20)), { name: "N".repeat(4 << 20) });
          case "numbers":
            throw Object.assign(new Error("x"), { message: 5, name: 6, stack: 7 });
          case "symbols":
            throw Object.assign(new Error("x"), { message: Symbol("m"), name: Symbol("n"), stack: Symbol("s") });
          case "unprintable":
            throw Object.defineProperty(new Error("x"), "message", {
              get() {
                throw this; // oxlint-disable-line typescript/only-throw-error -- what it is about
              },
            });
          case "bad declared":
            throw new NotFound(JSON.parse('{"path":5}') as NotFoundData);
          default:
            throw new TypeError(`no ${how}`);
        }
      },
      async wait(_: unknown, { signal }: pw.Context) {
        try {
          await sleep(60_000, undefined, { signal });
        } finally {
          aborted += 1;
        }
        return "never";
      },
      async *wait_stream(_: unknown, { signal }: pw.Context) {
        try {
          yield 1;
          await sleep(60_000, undefined, { signal });
          yield 2;
        } finally {
          returned += 1;
        }
      },
      async deaf(ms: number) {
        await sleep(ms);
        return "done all the same";
      },
      hold: () => new Promise<string>((resolve) => held.push(() => resolve("held until now"))),
      let_go() {
        const before = held;
        held = [];
        for (const go of before) go();
        return before.length;
      },
      print() {
        // First, since a full pipe refuses what is written to it past Node's own stream.
        if (process.env["LAB_RAW_STDOUT"] !== undefined) {
          writeSync(1, '{"jsonrpc":"2.0","method":"$pong"}\n');
          execSync("echo '{\"method\":\"$pong\"}'; echo child", { stdio: "inherit" });
        }
        console.log('{"jsonrpc":"2.0","method":"$pong"}');
        process.stdout.write('{"jsonrpc":"2.0","method":"$init","params":{}}\n');
        for (let i = 0; i < 1000; i++) console.info("noise", i, "x".repeat(100));
        return 1;
      },
      busy(ms: number) {
        const end = performance.now() + ms;
        while (performance.now() < end);
        return ms;
      },
      narrow: (dpi: number) => dpi,
      bad_answer(what: string) {
        switch (what) {
          case "function":
            return () => 1;
          case "cycle": {
            const cycle: { self?: unknown } = {};
            cycle.self = cycle;
            return cycle;
          }
          case "symbol":
            return Symbol("x");
          default:
            return { toJSON: 1, big: 2n ** 80n };
        }
      },
      async *bad_item() {
        try {
          yield 1;
          yield 256;
        } finally {
          returned += 1;
        }
      },
      *sync_stream(upTo: number) {
        for (let i = 0; i < upTo; i++) yield i;
      },
      state: () => ({ aborted, returned, produced, fired }),
      env: () => ({ left: Object.keys(process.env).filter((name) => name.startsWith("PROCWIRE_")) }),
      later() {
        setTimeout(() => void Promise.reject(new Error("nobody awaits this")), 0);
        setTimeout(() => {
          throw new Error("nobody catches this");
        }, 1);
        return 1;
      },
      async events(count: number) {
        for (let i = 0; i < count; i++) await events.emit(0, i);
        await events.emit(1, new Uint8Array([1, 2, 3]));
        const bad = await events.emit(2, 256).then(
          () => 0,
          (error: unknown) => (error instanceof pw.Invalid ? 1 : 2),
        );
        return bad;
      },
      not_iterable: () => 5,
      exit: () => process.exit(3),
      die: () => void process.kill(process.pid, "SIGKILL"),
      again: (value: unknown) => value,
      trace: (_: unknown, { traceparent }: pw.Context) => traceparent ?? null,
      tell(text: string, context: pw.Context) {
        for (const level of ["debug", "info", "warn", "error"] as const) context.log(level, text);
        return 1;
      },
      tell_and_exit(_: unknown, context: pw.Context) {
        context.log("error", "the last word");
        process.exit(4);
      },
      *sync_flood(chunks: number) {
        const chunk = new Uint8Array(8192);
        try {
          for (let i = 0; i < chunks; i++) {
            produced = i + 1;
            yield chunk;
          }
        } finally {
          returned += 1;
        }
      },
      child: () => spawnSync("ls", ["-l", "/proc/self/fd"], { encoding: "utf8" }).stdout,
      twice: () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- what it is about
        then(resolve: (value: number) => void) {
          resolve(1);
          resolve(2);
        },
      }),
      nothing: () => {},
      odd(what: string) {
        if (what === "a getter") {
          return {
            // oxlint-disable-next-line unicorn/no-thenable -- what it is about
            get then(): unknown {
              throw new Error("no then");
            },
          };
        }
        if (what === "a revoked proxy") {
          const { proxy, revoke } = Proxy.revocable({}, {});
          revoke();
          return proxy;
        }
        return { bigint: 2n ** 70n, infinity: Infinity, nan: Number.NaN }[what];
      },
      async *bad_end() {
        yield 1;
        throw new NotFound({ path: 5 } as unknown as NotFoundData);
      },
      rearrange() {
        process.chdir("/");
        process.umask(0);
        process.removeAllListeners("SIGTERM");
        process.on("SIGTERM", () => {});
        process.title = "someone else";
        return 1;
      },
      close(fd: number) {
        closeSync(fd);
        return 1;
      },
      throw_later() {
        setImmediate(() => {
          throw new Error("too late to throw");
        });
        return 1;
      },
      reject_later() {
        setImmediate(() => void Promise.reject(new Error("too late to reject")));
        return 1;
      },
      print_a_lot(lines: number) {
        const line = `${"y".repeat(999)}\n`;
        for (let i = 0; i < lines; i++) {
          process.stderr.write(line);
          writeSync(1, line);
        }
        execSync("echo enough", { stdio: "inherit" });
        return lines;
      },
    };
  },
  {
    maxPayload: Number(process.env["LAB_MAX_PAYLOAD"] ?? 2 ** 30),
    uncaught: process.env["LAB_UNCAUGHT"] === "exit" ? "exit" : "log",
  },
);
