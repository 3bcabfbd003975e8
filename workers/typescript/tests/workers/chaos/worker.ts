// schemas/chaos.toml on this package.

import { spawn } from "node:child_process";
import { fstatSync, openSync, readdirSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { type Done, serveChaos, type Task } from "./chaos.ts";

const journal = openSync(`${process.env["CHAOS_JOURNAL"]}/${process.pid}`, "a");
const eight = Buffer.alloc(8);
let ticks = 0n;

function entered(call: bigint): void {
  eight.writeBigUInt64LE(call);
  writeSync(journal, eight);
}

function work(task: Task): Done | Promise<Done> {
  entered(task.call);
  const done = { call: task.call, data: task.data, pid: process.pid };
  return task.ms > 0 ? sleep(task.ms, done) : done;
}

/** What no worker runtime does: writes to the data channel past it, in the middle of whatever goes on there. */
function writeToParent(bytes: Uint8Array): never {
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      if (fstatSync(Number(name)).isSocket()) writeSync(Number(name), bytes);
    } catch {
      // one that the listing itself had open
    }
  }
  process.exit(9);
}

await serveChaos((events) => ({
  once: ({ task }) => work(task),
  again: ({ task }) => work(task),
  *items({ call, n }) {
    entered(call);
    for (let i = 0n; i < BigInt(n); i++) yield call + i;
  },
  tick({ times }) {
    for (let i = 0; i < times; i++) void events.ticked({ pid: process.pid, number: ticks++ });
  },
  breed: () => spawn("sleep", ["3600"]).pid ?? 0,
  die({ how }) {
    if (how === "exit") process.exit(0);
    if (how === "fail") process.exit(3);
    if (how === "abort") process.abort();
    if (how === "segv") process.kill(process.pid, "SIGSEGV");
    if (how === "half") writeToParent(Uint8Array.of(0, 1, 3, 0, 0));
    if (how === "garbage") writeToParent(new Uint8Array(64).fill(0xff));
    return sleep(3_600_000, 0);
  },
}));
