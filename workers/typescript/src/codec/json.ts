// Owns: the built-in type `json`: anything that JSON can say. No I/O.
// No sibling: the other languages have a type for this.

import { wholeKey } from "./msgpack.ts";
import type { At } from "./values.ts";
import { invalid, refused, string, sub } from "./values.ts";

/** Anything that JSON can say. Whole numbers beyond 2^53 lose their last digits, as in `JSON.parse`. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export function json(value: unknown, at: At): JsonValue {
  if (value === null) return null;
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      return string(value, at);
    case "bigint":
      return Number(value);
    case "number":
      return finite(value, at);
    case "object": {
      if (Array.isArray(value)) return value.map((item, index) => json(item, sub(at, index)));
      if (!isRecord(value)) throw invalid("json", value, at);
      const out: Record<string, JsonValue> = {};
      for (const [key, item] of Object.entries(value)) {
        const whole = wholeKey(key);
        if (whole !== undefined) throw refused(`the key ${whole} is a number, and keys of json are text`, at);
        out[key] = json(item, sub(at, key));
      }
      return out;
    }
    default:
      throw invalid("json", value, at);
  }
}

export function writeJson(value: unknown, at: At): unknown {
  if (value === null) return null;
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      return string(value, at);
    case "number":
      return Number.isSafeInteger(finite(value, at)) && Math.abs(value) > 0x7fff_ffff ? BigInt(value) : value;
    case "object": {
      if (Array.isArray(value)) return value.map((item, index) => writeJson(item, sub(at, index)));
      if (!isRecord(value)) throw invalid("json (a plain object)", value, at);
      const out = new Map<string, unknown>();
      for (const [key, item] of Object.entries(value)) {
        if (item !== undefined) out.set(string(key, at), writeJson(item, sub(at, key)));
      }
      return out;
    }
    default:
      throw invalid("json", value, at);
  }
}

function finite(value: number, at: At): number {
  if (Number.isFinite(value)) return value;
  throw refused(`json has no ${value}`, at);
}

function isRecord(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
