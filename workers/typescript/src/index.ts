/**
 * Write a Procwire worker in TypeScript.
 *
 * Everything that is specific to a module is in the file generated from its schema: `servePdf` and the types around
 * it. This package adds what is the same for all of them.
 *
 * @example
 * ```ts
 * import { servePdf } from "./pdf.ts";
 *
 * await servePdf((events) => ({
 *   async open({ path }, { signal }) { … },
 * }));
 * ```
 *
 * @module
 */

import "./stdio.ts"; // before anything can print

export { DeclaredError, type ErrorKind } from "./codec/error.ts";
export type { JsonValue } from "./codec/json.ts";
export type { Brand, Unknown } from "./codec/shapes.ts";
export { Invalid } from "./codec/values.ts";
export {
  GENERATION,
  type Awaitable,
  type Contract,
  type Event,
  type Items,
  type Kind,
  type Method,
  type Reader,
  type Throws,
  type Writer,
} from "./contract.ts";
export type { LogLevel } from "./control/message.ts";
export { VERSION } from "./version.ts";
export type { Context } from "./worker/context.ts";
export type { EventSink } from "./worker/events.ts";
export { serve, type ServeOptions } from "./worker/worker.ts";
