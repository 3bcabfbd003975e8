/**
 * What generated code is made of. Not for use by hand: it changes with the generator.
 *
 * @module
 */

export * from "./index.ts";
export * from "./codec/json.ts";
export { type NoArgs, noArgs, nothing, raw } from "./codec/raw.ts";
export * from "./codec/shapes.ts";
export * from "./codec/values.ts";
export { requireGeneration } from "./contract.ts";

/** What the constructor of an error takes last; under a name that no schema can hide. */
export type ErrorOptions = globalThis.ErrorOptions;
