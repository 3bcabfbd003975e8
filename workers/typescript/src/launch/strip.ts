// Owns: the loader that takes the types out of a TypeScript module. Runs on Node's loader thread.

import { readFile } from "node:fs/promises";
import type { LoadHook } from "node:module";
import { fileURLToPath } from "node:url";

import { transformSync } from "@swc/wasm-typescript";

/** Loads `.ts` and `.mts` files as modules without their types; leaves everything else to the next loader. */
export const load: LoadHook = async (url, context, next) => {
  if (!/^file:.*\.m?ts$/.test(url)) return next(url, context);
  const file = fileURLToPath(url);
  const text = await readFile(file, "utf8");
  let code: string;
  try {
    ({ code } = transformSync(text, { filename: file, mode: "strip-only", module: true }));
  } catch (error) {
    throw new SyntaxError(`${file}${place(error)}: ${reason(error)}`);
  }
  return { format: "module", source: code, shortCircuit: true };
};

/** `:line:column`, where the stripper says. */
function place(error: unknown): string {
  if (typeof error !== "object" || error === null || !("startLine" in error)) return "";
  return `:${String(error.startLine)}${"startColumn" in error ? `:${String(error.startColumn)}` : ""}`;
}

function reason(error: unknown): string {
  if (typeof error === "string") return error;
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}
