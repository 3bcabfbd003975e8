// The command that starts a worker, and what it says when it cannot.

import assert from "node:assert/strict";
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { underBun } from "./support/parent.ts";

const BIN = fileURLToPath(new URL("../bin/procwire-worker.js", import.meta.url));
const MODULES = fileURLToPath(new URL("../node_modules/.bin", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "launch-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function run(text: string, ...args: string[]): SpawnSyncReturns<string> {
  const file = join(folder, "worker.ts");
  writeFileSync(file, text);
  writeFileSync(join(folder, "other.ts"), "export const other: number = 5;\nexport type Other = string;\n");
  return launch(BIN, ...(underBun ? ["--bun"] : []), file, ...args);
}

function launch(bin: string, ...args: string[]): SpawnSyncReturns<string> {
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: `${MODULES}:${process.env["PATH"] ?? ""}` };
  delete env["NODE_TEST_CONTEXT"];
  return spawnSync(bin, args, { encoding: "utf8", env, cwd: folder });
}

describe("procwire-worker", () => {
  test("runs TypeScript as it is, with its arguments; stdout is stderr", () => {
    const { stdout, stderr, status } = run(
      'import { other, type Other } from "./other.ts";\nconst x: Other = "x";\nconsole.log(x, other, process.argv.slice(2).join("+"));\n',
      "a",
      "b c",
    );
    assert.equal(stdout, "");
    assert.equal(stderr, "x 5 a+b c\n");
    assert.equal(status, 0);
  });

  test("works through a link, as npm installs it", () => {
    const link = join(folder, "linked");
    symlinkSync(BIN, link);
    writeFileSync(join(folder, "worker.ts"), 'console.log("here" as string);\n');
    assert.equal(launch(link, "run", "worker.ts").stderr, "here\n");
  });

  test("names the file and the line of a syntax error", () => {
    const { stderr, status } = run("const a = 1;\nconst b: = 2;\n");
    assert.notEqual(status, 0);
    assert.match(stderr, /worker\.ts:2/);
  });

  test("keeps the lines of an error where they are in the source", () => {
    const { stderr } = run("interface A {\n  x: number;\n}\nconst a: A = { x: 1 };\nif (a.x === 1) throw new Error('line five');\n");
    assert.match(stderr, /worker\.ts:5/);
  });

  test("without a file it says how it is used", () => {
    const { status, stderr } = launch(BIN);
    assert.equal(status, 2);
    assert.match(stderr, /procwire-worker .*FILE[\s\S]*\[spawn\]/);
    assert.equal(launch(BIN, "--help").status, 0);
  });

  test("the exit code is the program's", () => {
    assert.equal(run("process.exit(7);\n").status, 7);
  });
});
