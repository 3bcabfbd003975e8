// Owns: `procwire-worker FILE`: what is set up before a worker's own file is loaded.

import { resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

import "../stdio.ts"; // before anything can print
import "./typescript.ts";

const HELP = `Runs a worker, TypeScript as it is: procwire-worker [run] [--bun] FILE [ARGUMENT…]

It is made to be started by a parent; in a schema:

    [spawn]
    command = ["node_modules/.bin/procwire-worker", "worker.ts"]
`;

const args = process.argv.slice(2);
if (args[0] === "run") args.shift();
const [file, ...rest] = args;
if (file === undefined || file === "--help" || file === "-h") {
  process.stderr.write(HELP);
  process.exit(file === undefined ? 2 : 0);
}
const path = resolve(file);
process.argv.splice(1, process.argv.length, path, ...rest);
await import(pathToFileURL(path).href);
