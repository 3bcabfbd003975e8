// The interop module by a worker that prints whatever it is given, in every way there is, between its answers.

import { execFileSync } from "node:child_process";
import { writeSync } from "node:fs";

import { serveInterop } from "./interop.ts";

await serveInterop(() => ({
  echo(payload) {
    const text = String((payload as { print: unknown }).print);
    console.log(text);
    process.stdout.write(text);
    writeSync(1, text);
    execFileSync("cat", { input: text, stdio: ["pipe", "inherit", "inherit"] });
    return payload;
  },
  raw: (payload) => payload,
  async *count() {},
  async *countThenFail() {},
  async note() {},
  async fire() {},
  fail: ({ message }) => message,
  slow: () => "done",
  cancelled: () => 0,
  pid: () => process.pid,
}));
