// Owns: the numbers both ends agree on: reserved method ids, and the bounds of ids and payloads.
// Siblings: procwire-runtime/src/ids.rs, workers/python/src/procwire/ids.py

/** Methods and events are numbered from here, each in a space of its own. */
export const FIRST_ID = 1;

/** Tells the parent that a handler is about to begin. This and the next two are reserved only where they were agreed on. */
export const STARTED_METHOD = 0xfffd;

/** Lets a stream send so many bytes more. */
export const CREDIT_METHOD = 0xfffc;

/** What surrounds the request that follows it. */
export const CONTEXT_METHOD = 0xfffb;

/** The frame that carries the token, before anything else, when the parent asks for it. */
export const AUTH_METHOD = 0xfffe;

/** The frame that gives up on the request whose id it carries. */
export const ABORT_METHOD = 0xffff;

/** The request id of frames that nobody answers: one-way calls, events, AUTH. */
export const UNCORRELATED = 0;

/** The longest payload accepted unless told otherwise: 1 GiB. */
export const DEFAULT_MAX_PAYLOAD: number = 1 << 30;

/** No peer accepts a longer payload, whatever it is told: 2 GiB less one byte. */
export const ABSOLUTE_MAX_PAYLOAD = 0x7fff_ffff;
