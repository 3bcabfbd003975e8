// Owns: what is made of other values: lists, maps, tuples, structs, enums, unions, and the constraints on all of them.
// No sibling: in the other languages these are the language's own.

import type { Reader } from "../contract.ts";
import { NO_VALUE, wholeKey } from "./msgpack.ts";
import type { At } from "./values.ts";
import { invalid, refused, string, sub } from "./values.ts";

/** A way from one value to another, in either direction. */
type Step<T> = (value: unknown, at: At) => T;

/** The members of a map: of a struct on the wire, or of an object that a handler gave. */
export type Members = { readonly [name: string]: unknown };

/** A struct on its way out. */
export type Wire = { [name: string]: unknown };

/** A name of its own for an existing type: the same value, kept apart by the compiler. */
export type Brand<Base, Name extends string> = Base & { readonly [mark]: { readonly [_ in Name]: true } };
declare const mark: unique symbol;

/** A variant of an open union that this side does not know. It is sent back as it came. */
export interface Unknown {
  readonly type: "...";
  /** Its tag. */
  readonly tag: string;
  /** Everything it carried, tag included. */
  readonly raw: Members;
}

/** Marks a value as one of a newtype. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says which
export function brand<T>(value: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the mark exists for the compiler alone
  return value as T;
}

/** Whether an optional member is left out. */
export function absent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** A member of a name that every object has something for. */
export function own(members: Members, name: string): unknown {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

/** A plain object, as which structs and unions stand on both sides. */
export function object(value: unknown, at: At): Members {
  if (isMembers(value)) return value;
  if (value instanceof Map || value instanceof Set) {
    throw refused(`expected a plain object, got a ${value instanceof Map ? "Map" : "Set"}, which would be sent empty`, at);
  }
  throw invalid("a map", value, at);
}

/** Whether a value is one. */
export function isMembers(value: unknown): value is Members {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value === NO_VALUE) return false;
  return !(value instanceof Uint8Array || value instanceof Date || value instanceof Map || value instanceof Set);
}

export function optional<T>(value: unknown, at: At, step: Step<T>): T | null {
  return value == null ? null : step(value, at);
}

/** The same list where every value comes out as it went in, as numbers and strings do; else a new one. */
export function list<T>(value: unknown, at: At, step: Step<T>): readonly T[] {
  if (!Array.isArray(value)) throw invalid("a list", value, at);
  const length = value.length;
  for (let i = 0; i < length; i++) {
    const before: unknown = value[i];
    const after = step(before, at === undefined ? undefined : sub(at, i));
    if (!Object.is(after, before)) return changed(value, at, step, i, after);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every value came out as it was
  return value as readonly T[];
}

/** The rest of a list, from the first value that comes out as another one. */
function changed<T>(value: readonly unknown[], at: At, step: Step<T>, first: number, after: T): T[] {
  const length = value.length;
  const out = new Array<T>(length);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- those before came out as they were
  for (let i = 0; i < first; i++) out[i] = value[i] as T;
  out[first] = after;
  for (let i = first + 1; i < length; i++) out[i] = step(value[i], at === undefined ? undefined : sub(at, i));
  return out;
}

/** A list of exactly `length` values. */
export function array<T>(value: unknown, at: At, length: number, step: Step<T>): readonly T[] {
  if (!Array.isArray(value) || value.length !== length) throw invalid(`a list of exactly ${length}`, value, at);
  return list(value, at, step);
}

/** The parts of a tuple, unchecked. */
export function tuple(value: unknown, at: At, length: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length !== length) throw invalid(`a list of exactly ${length}`, value, at);
  return value;
}

/** A map as it is read. Handlers see its keys as strings, whatever they are. */
export function record<T>(value: unknown, at: At, key: Step<unknown>, step: Step<T>): Record<string, T> {
  const members = object(value, at);
  const out: Record<string, T> = {};
  const whole = numberKeys.has(key);
  for (const member of Object.keys(members)) {
    const number = wholeKey(member);
    const name = number ?? member;
    if (whole !== (number !== undefined)) throw refused(`the key ${JSON.stringify(name)} is ${whole ? "not a" : "a"} whole number`, at);
    key(name, at);
    out[name] = step(members[member], at === undefined ? undefined : sub(at, name));
  }
  return out;
}

/** The same on its way out: a `Map`, since only there a key is what it is and not always a string. */
export function writeRecord(value: unknown, at: At, key: Step<unknown>, step: Step<unknown>): Map<unknown, unknown> {
  const members = object(value, at);
  const out = new Map<unknown, unknown>();
  for (const name of Object.keys(members)) {
    out.set(key(name, at), step(members[name], at === undefined ? undefined : sub(at, name)));
  }
  return out;
}

/** What reads keys that are numbers on the wire. */
const numberKeys = new WeakSet<Step<unknown>>();

/** A whole number as the key of an object, which is always a string. */
export function numberKey<T>(step: Step<T>): Step<T> {
  const key: Step<T> = (value, at) => {
    if (typeof value === "string" && /^-?\d{1,20}$/.test(value)) return step(BigInt(value), at);
    throw refused(`the key ${JSON.stringify(value)} is not a whole number`, at);
  };
  numberKeys.add(key);
  return key;
}

/** One of the values of a closed enum. */
export function oneOf<T extends string>(value: unknown, at: At, values: ReadonlySet<T>): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `has` is the check
  if (values.has(value as T)) return value as T;
  throw invalid(`one of ${names(values)}`, value, at);
}

/** The tag of a union's value. */
export function tag(members: Members, at: At): string {
  return string(members["type"], sub(at, "type"));
}

/** The error for a variant that a closed union does not have. */
export function unknownVariant(name: string, at: At, known: readonly string[]): Error {
  return invalid(`one of ${names(known)}`, name, sub(at, "type"));
}

/** A variant of an open union that is kept as it came. */
export function unknown(members: Members, name: string): Unknown {
  return { type: "...", tag: name, raw: plain(members) };
}

/** With the keys that an object can have. */
function plain(members: Members): Members {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [wholeKey(name) ?? name, plainValue(value)]));
}

function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainValue);
  return isMembers(value) ? plain(value) : value;
}

/** … and on its way back. */
export function writeUnknown(members: Members, at: At): unknown {
  return object(members["raw"], sub(at, "raw"));
}

function names(values: Iterable<string>): string {
  return Array.from(values, (value) => `\`${value}\``).join(", ");
}

// ── constraints: they hold, or the value is refused ──────────────────────────

/** The least and greatest value; `text` is the schema's own spelling. */
export function range<T extends number | bigint>(
  value: T,
  at: At,
  min: number | bigint | undefined,
  max: number | bigint | undefined,
  inclusive: boolean,
  text: string,
): T {
  if ((min === undefined || value >= min) && (max === undefined || (inclusive ? value <= max : value < max))) return value;
  throw refused(`${value} is outside ${text}`, at);
}

/** The least and greatest size: of strings in code points, of bytes, lists and maps in members. */
export function len<T extends string | Uint8Array | readonly unknown[] | object>(value: T, at: At, min: number, max: number, text: string): T {
  const size = sizeOf(value);
  if (size >= min && size <= max) return value;
  throw refused(`its length ${size} is outside ${text}`, at);
}

function sizeOf(value: string | Uint8Array | readonly unknown[] | object): number {
  if (typeof value === "string") {
    let size = value.length;
    for (let i = 0; i < value.length - 1; i++) if ((value.charCodeAt(i) & 0xfc00) === 0xd800) size--;
    return size;
  }
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length;
  return value instanceof Map ? value.size : Object.keys(value).length;
}

/** A regular expression that must match somewhere in the string. */
export function pattern<T extends string>(value: T, at: At, expression: RegExp): T {
  if (expression.test(value)) return value;
  throw refused(`${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)} does not match ${expression.source}`, at);
}

/** Runs a reader the fast way, and only when it refuses once more to learn where. */
export function located<T>(read: Reader<T>, value: unknown): T {
  try {
    return read(value, undefined);
  } catch {
    return read(value, "$");
  }
}
