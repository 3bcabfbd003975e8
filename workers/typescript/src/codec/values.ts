// Owns: the canonical values of every built-in type: how each is checked, read and written. No I/O.
// No twin of this name: procwire-runtime/src/codec/types.rs and the files beside it, workers/python/src/procwire/values.py

/**
 * Where in a payload a value stands, as `$.items[3].id`.
 *
 * Undefined while nothing is known to be wrong: values are first checked without keeping track, and only when
 * one is refused a second time with it.
 */
export type At = string | undefined;

/** A value is not what the schema says. */
export class Invalid extends Error {
  override readonly name: string = "Invalid";
  /** Where it stands, as `$.dpi`. */
  readonly path: string;

  constructor(message: string, path: string) {
    super(message);
    this.path = path;
  }
}

/** The place of a member. */
export function sub(at: At, key: string | number): At {
  if (at === undefined) return undefined;
  if (typeof key === "number") return `${at}[${key}]`;
  return /^[A-Za-z_]\w*$/.test(key) ? `${at}.${key}` : `${at}[${JSON.stringify(key)}]`;
}

/** The error for a value that is not `expected`. */
export function invalid(expected: string, value: unknown, at: At): Invalid {
  return refused(value === undefined ? `expected ${expected}, but it is missing` : `expected ${expected}, got ${describe(value)}`, at);
}

/** The error for a value with `what` wrong about it. */
export function refused(what: string, at: At): Invalid {
  const path = at ?? "$";
  return new Invalid(`${what} - at \`${path}\``, path);
}

function describe(value: unknown): string {
  if (value === null) return "nil";
  switch (typeof value) {
    case "string":
      return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value);
    case "bigint":
    case "number":
    case "boolean":
      return String(value);
    case "object":
      if (Array.isArray(value)) return `a list of ${value.length}`;
      if (value instanceof Uint8Array) return `${value.length} bytes`;
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : "a timestamp";
      return isPlain(value) ? "a map" : `a ${className(value)}`;
    default:
      return `a ${typeof value}`;
  }
}

function className(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "" ? name : "object";
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

// ── scalars: alike in both directions ────────────────────────────────────────

export function bool(value: unknown, at: At): boolean {
  if (typeof value === "boolean") return value;
  throw invalid("bool", value, at);
}

export function string(value: unknown, at: At): string {
  if (typeof value !== "string") throw invalid("string", value, at);
  if (!value.isWellFormed()) throw refused("the string has half of a surrogate pair, which UTF-8 cannot say", at);
  return value;
}

function integer(name: string, min: number, max: number): (value: unknown, at: At) => number {
  return (value, at) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    if (typeof value === "bigint" && value >= min && value <= max) return Number(value);
    throw invalid(typeof value === "number" || typeof value === "bigint" ? `${name} (${min}..=${max})` : name, value, at);
  };
}

export const i8: (value: unknown, at: At) => number = integer("i8", -0x80, 0x7f);
export const i16: (value: unknown, at: At) => number = integer("i16", -0x8000, 0x7fff);
export const i32: (value: unknown, at: At) => number = integer("i32", -0x8000_0000, 0x7fff_ffff);
export const u8: (value: unknown, at: At) => number = integer("u8", 0, 0xff);
export const u16: (value: unknown, at: At) => number = integer("u16", 0, 0xffff);
export const u32: (value: unknown, at: At) => number = integer("u32", 0, 0xffff_ffff);
/** A whole number that every language holds exactly. */
export const int: (value: unknown, at: At) => number = integer("int", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

/** The same on its way out: the library would make a float of what has more than 32 bits. */
export function writeInt(value: unknown, at: At): number | bigint {
  const whole = int(value, at);
  return whole > 0xffff_ffff || whole < -0x8000_0000 ? BigInt(whole) : whole;
}

function wide(name: string, min: bigint, max: bigint): (value: unknown, at: At) => bigint {
  return (value, at) => {
    const whole = typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value;
    if (typeof whole === "bigint" && whole >= min && whole <= max) return whole;
    throw invalid(typeof whole === "bigint" ? `${name} (${min}..=${max})` : name, value, at);
  };
}

export const i64: (value: unknown, at: At) => bigint = wide("i64", -(2n ** 63n), 2n ** 63n - 1n);
export const u64: (value: unknown, at: At) => bigint = wide("u64", 0n, 2n ** 64n - 1n);

/** Small ones in their short form, as every other language writes them. */
function shortest(value: bigint): number | bigint {
  return value <= 0xffff_ffffn && value >= -0x8000_0000n ? Number(value) : value;
}

export function writeI64(value: unknown, at: At): number | bigint {
  return shortest(i64(value, at));
}

export function writeU64(value: unknown, at: At): number | bigint {
  return shortest(u64(value, at));
}

export function f64(value: unknown, at: At): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  throw invalid("f64", value, at);
}

export function f32(value: unknown, at: At): number {
  const wideValue = typeof value === "bigint" ? Number(value) : value;
  if (typeof wideValue !== "number") throw invalid("f32", value, at);
  const narrow = Math.fround(wideValue);
  if (Number.isFinite(wideValue) && !Number.isFinite(narrow)) throw invalid("f32", value, at);
  return narrow;
}

/** Bytes as a plain `Uint8Array`, over the same memory: `Buffer` differs in what `slice` does. */
export function plainBytes(value: Uint8Array): Uint8Array {
  return Buffer.isBuffer(value) ? new Uint8Array(value.buffer, value.byteOffset, value.length) : value;
}

export function bytes(value: unknown, at: At): Uint8Array {
  if (value instanceof Uint8Array) return plainBytes(value);
  throw invalid("bytes (a Uint8Array)", value, at);
}

// ── time ─────────────────────────────────────────────────────────────────────

/** An instant, to the millisecond: what `Date` holds. Finer parts are dropped on reading. */
export function timestamp(value: unknown, at: At): Date {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
  throw invalid("timestamp (a Date)", value, at);
}

const DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d+))?S)?)?$/i;

/** A length of time in milliseconds, which may have a fraction: the number nearest to what was written. */
export function duration(value: unknown, at: At): number {
  const parts = typeof value === "string" ? DURATION.exec(value)?.slice(1) : undefined;
  if (parts === undefined || parts.every((part) => part === undefined)) {
    throw invalid('duration (as "PT1.5S", never negative)', value, at);
  }
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(0, 5).map((part) => Number(part ?? 0));
  const whole = (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds;
  const fraction = (parts[5] ?? "").padEnd(3, "0");
  // Moving the point in the text is exact, multiplying would not be.
  return Number(`${whole}${fraction.slice(0, 3)}.${fraction.slice(3)}`);
}

export function writeDuration(value: unknown, at: At): string {
  if (typeof value !== "number" || !(value >= 0) || value > 8.64e15) {
    throw invalid("duration (milliseconds, never negative)", value, at);
  }
  const spelled = String(value);
  const text = /^\d+(?:\.\d{1,6})?$/.test(spelled) ? spelled : value.toFixed(6);
  const [millis = "0", finer = ""] = text.split(".");
  const days = Math.floor(Number(millis) / 86_400_000);
  const rest = Number(millis) % 86_400_000;
  const fraction = `${String(rest % 1000).padStart(3, "0")}${finer}`.replace(/0+$/, "");
  const seconds = `${Math.floor(rest / 1000)}${fraction === "" ? "" : `.${fraction}`}`;
  const time = seconds === "0" && days > 0 ? "" : `T${seconds}S`;
  return `P${days > 0 ? `${days}D` : ""}${time}`;
}

// ── text with a meaning ──────────────────────────────────────────────────────

const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** An exact decimal number, as a string. */
export function decimal(value: unknown, at: At): string {
  if (typeof value === "string" && DECIMAL.test(value)) return value;
  throw invalid('decimal (a string such as "12.50")', value, at);
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A UUID in its usual spelling, lower case; sixteen bytes on the wire. */
export function uuid(value: unknown, at: At): string {
  if (value instanceof Uint8Array && value.length === 16) {
    const hex = Buffer.from(value.buffer, value.byteOffset, 16).toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
  if (typeof value === "string" && UUID.test(value)) return value.toLowerCase();
  throw invalid("uuid", value, at);
}

export function writeUuid(value: unknown, at: At): Uint8Array {
  if (typeof value !== "string" || !UUID.test(value)) throw invalid('uuid (as "67e55044-10b1-426f-9247-bb680e5fe0c8")', value, at);
  return Buffer.from(value.replaceAll("-", ""), "hex");
}
