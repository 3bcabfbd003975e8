// Measures workers against the floor: `npm run bench -- [SECONDS]`. Linux, with `taskset` where there is one.
//
// The parent is the same for all of them and not fast; what tells workers apart is `cpu`, the time that the worker's
// threads were on a core for one call, as the kernel counts it. Both processes share core 0 in `latency`.

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { encode } from "@msgpack/msgpack";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const SECONDS = Number(process.argv[2] ?? 2);
const launch = here("../bin/procwire-worker.js");
const strip = here("../dist/launch/typescript.js");
const bun = here("../node_modules/.bin/bun");
const WORKERS: Record<string, Command> = {
  floor: [process.execPath, ["--import", strip, here("floor.ts")]],
  "procwire, plain handlers": [launch, [here("worker.ts")]],
  "procwire, STARTED before each": [launch, [here("worker.ts")], "started"],
  "procwire, async handlers": [launch, [here("async_worker.ts")]],
  "floor under Bun": [bun, [here("floor.ts")]],
  "procwire under Bun": [launch, ["--bun", here("worker.ts")]],
};
/** What starts a worker, and what it is offered. */
type Command = readonly [program: string, args: readonly string[], features?: string];
const SAMPLE = Buffer.from(encode({ id: 1_000_042, name: "sensor-000042", values: [0.5, -1.25, 3.75, 1e9, 2.5e-3, 42.0, -7.125, 0.1] }));

function frame(method: number, id: number, body: Uint8Array): Buffer {
  const out = Buffer.alloc(11 + body.length);
  out.writeUInt16BE(method, 0);
  out.writeUInt32BE(id, 3);
  out.writeUInt32BE(body.length, 7);
  out.set(body, 11);
  return out;
}

/** Nanoseconds that the threads of a process were on a core. */
function onCpu(pid: number): number {
  let sum = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
  }
  return sum;
}

interface Worker {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly socket: Socket;
  onReply: (flags: number) => void;
}

async function start([program, args, features = ""]: Command): Promise<Worker> {
  const env = { ...process.env, PATH: `${here("../node_modules/.bin")}:${process.env["PATH"] ?? ""}`, PROCWIRE_FEATURES: features };
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], env });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const { params } = JSON.parse(line.toString()) as { params: { pipe: string } };
  const socket = connect(params.pipe);
  await once(socket, "connect");
  let pieces: Buffer[] = [];
  let got = 0;
  let want = 11;
  const worker: Worker = { pid: child.pid ?? 0, child, socket, onReply: () => {} };
  socket.on("data", (chunk: Buffer) => {
    pieces.push(chunk);
    got += chunk.length;
    if (got < want) return;
    const all = pieces.length === 1 ? chunk : Buffer.concat(pieces, got);
    let at = 0;
    want = 11;
    while (all.length - at >= 11) {
      want = 11 + all.readUInt32BE(at + 7);
      if (all.length - at < want) break;
      if (all[at + 2] !== 0x01) worker.onReply(all[at + 2] ?? 0); // else it is STARTED
      at += want;
      want = 11;
    }
    const rest = all.subarray(at);
    pieces = rest.length === 0 ? [] : [rest];
    got = rest.length;
  });
  return worker;
}

function pin(pid: number, cores: string): void {
  spawnSync("taskset", ["-a", "-p", "-c", cores, String(pid)], { stdio: "ignore" });
}

interface Result {
  readonly perSecond: number;
  /** Microseconds of the worker for one call. */
  readonly cpu: number;
  /** Microseconds, where one call at a time was made. */
  readonly p50: number;
}

/** Calls at a fixed number in flight. */
async function calls(worker: Worker, request: Buffer, inFlight: number, seconds: number): Promise<Result> {
  let left = inFlight;
  let done = 0;
  let stop = false;
  const times: number[] = [];
  let before = performance.now();
  const finished = new Promise<void>((resolve) => {
    worker.onReply = () => {
      done += 1;
      if (inFlight === 1) {
        const now = performance.now();
        times.push(now - before);
        before = now;
      }
      if (!stop) worker.socket.write(request);
      else if (--left === 0) resolve();
    };
  });
  const begin = performance.now();
  const cpu = onCpu(worker.pid);
  worker.socket.write(Buffer.concat(Array.from({ length: inFlight }, () => request)));
  setTimeout(() => (stop = true), seconds * 1000);
  await finished;
  const spent = onCpu(worker.pid) - cpu;
  const took = (performance.now() - begin) / 1000;
  times.sort((a, b) => a - b);
  return { perSecond: done / took, cpu: spent / done / 1000, p50: (times[times.length >> 1] ?? 0) * 1000 };
}

async function chunks(worker: Worker, n: number): Promise<Omit<Result, "p50">> {
  const cpu = onCpu(worker.pid);
  const begin = performance.now();
  let items = 0;
  await new Promise<void>((resolve) => {
    worker.onReply = (flags) => {
      if (flags === 0x1b) resolve();
      else items += 1;
    };
    worker.socket.write(frame(3, 9, Buffer.from(encode({ n }))));
  });
  return { perSecond: (items / (performance.now() - begin)) * 1000, cpu: (onCpu(worker.pid) - cpu) / items / 1000 };
}

const rows: Record<string, string | number>[] = [];
for (const [name, command] of Object.entries(WORKERS)) {
  const worker = await start(command);
  const echo = frame(1, 7, SAMPLE);
  pin(process.pid, "0");
  pin(worker.pid, "0");
  await calls(worker, echo, 1, 0.5);
  const latency = await calls(worker, echo, 1, SECONDS);
  pin(process.pid, "0,1");
  pin(worker.pid, "0,1");
  await calls(worker, echo, 64, 1);
  const many = await calls(worker, echo, 64, SECONDS);
  await chunks(worker, 100_000);
  const stream = await chunks(worker, 300_000);
  const blob = frame(2, 8, Buffer.alloc(64 << 20, 1));
  await calls(worker, blob, 1, 0.5);
  const big = await calls(worker, blob, 1, SECONDS);
  rows.push({
    worker: name,
    "latency p50 µs": latency.p50.toFixed(1),
    "cpu µs": latency.cpu.toFixed(2),
    "64 in flight /s": Math.round(many.perSecond),
    "cpu µs ": many.cpu.toFixed(2),
    "stream items/s": Math.round(stream.perSecond),
    "cpu µs  ": stream.cpu.toFixed(2),
    "64 MiB MB/s": Math.round((big.perSecond * 2 * (64 << 20)) / 1e6),
  });
  worker.child.kill();
}
console.table(rows);
process.exit(0);
