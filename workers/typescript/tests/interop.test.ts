// The published @procwire/core parent drives a worker on this package; see tests/interop/npm-parent.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { command } from "./support/parent.ts";

const INTEROP = new URL("../../../tests/interop/", import.meta.url);

test("the published npm parent gets all it asks for", { timeout: 120_000 }, () => {
  const script = fileURLToPath(new URL("npm-parent/parent.mjs", INTEROP));
  const modules = new URL("npm-parent/node_modules/@procwire/core", INTEROP);
  assert.ok(existsSync(modules), "run `npm ci` in tests/interop/npm-parent first");
  const [program, args] = command(fileURLToPath(new URL("workers/interop/worker.ts", import.meta.url)), "launcher");
  const path = `${fileURLToPath(new URL("../node_modules/.bin", import.meta.url))}:${process.env["PATH"] ?? ""}`;
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: path };
  delete env["NODE_TEST_CONTEXT"];
  const run = spawnSync("node", [script, program, ...args], { encoding: "utf8", env });
  assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
  assert.match(run.stdout, /^12 passed, 0 failed$/m);
});
