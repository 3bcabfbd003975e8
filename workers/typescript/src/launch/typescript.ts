/**
 * Lets a Node that cannot run TypeScript itself do so: `node --import procwire-worker/typescript worker.ts`.
 *
 * Types are taken out and nothing else is changed; lines stay where they are. Newer versions of Node, and Bun, do
 * that themselves, and then this does nothing.
 *
 * @module
 */

import { register } from "node:module";
import process from "node:process";

const native: unknown = Reflect.get(process.features, "typescript");
if ((native === undefined || native === false) && process.versions["bun"] === undefined) {
  register("./strip.js", import.meta.url);
}
