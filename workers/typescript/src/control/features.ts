// Owns: what a parent offers beyond the plain protocol, and what of it a worker takes. No I/O.
// Siblings: procwire-runtime/src/control/features.rs; in Python it stands where the offer is used.

/** The extensions in use on a connection. Without an offer there are none, and the plain protocol is spoken. */
export interface Features {
  /** STARTED is sent before a handler begins. */
  readonly started: boolean;
  /** The bytes that a stream may be ahead of its reader; undefined: as many as the socket takes. */
  readonly credit: number | undefined;
  /** The data channel is a descriptor that the parent left open. */
  readonly inherited: boolean;
  /** What every control line carries in both directions; undefined: nothing. */
  readonly nonce: string | undefined;
  /** CONTEXT may come before a request. */
  readonly context: boolean;
  /** `$log` lines may be sent. */
  readonly log: boolean;
}

/** Takes everything from the offer that this worker can use; unknown tokens and bad values are left alone. */
export function negotiate(offer: string | undefined, nonce: string | undefined, inherited: boolean): Features {
  const offered = new Map<string, string>();
  for (const token of (offer ?? "").split(",")) {
    const [name = "", value = ""] = token.trim().split("=", 2);
    offered.set(name, value);
  }
  const window = Number(offered.get("credit") || "0");
  return {
    started: offered.has("started"),
    credit: Number.isSafeInteger(window) && window > 0 ? window : undefined,
    inherited: offered.has("inherited") && inherited,
    nonce: offered.has("tagged") && /^[0-9a-f]{32}$/.test(nonce ?? "") ? nonce : undefined,
    context: offered.has("context"),
    log: offered.has("log"),
  };
}

/** The names that `$init` announces. */
export function names(features: Features): string[] {
  const { nonce, credit, ...flags } = features;
  const all = { started: flags.started, credit: credit !== undefined, inherited: flags.inherited, tagged: nonce !== undefined, context: flags.context, log: flags.log };
  return Object.entries(all).flatMap(([name, used]) => (used ? [name] : []));
}
