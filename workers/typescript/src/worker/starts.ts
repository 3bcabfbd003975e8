// Owns: requests whose handlers may not begin yet, because the parent cannot have heard that they do.
// No sibling file: elsewhere a thread waits, or a task.

import { STARTED_METHOD, UNCORRELATED } from "../ids.ts";
import type { Connection } from "../transport.ts";
import { TO_PARENT } from "../wire/flags.ts";

const EMPTY = new Uint8Array(0);
/** What a waiting request costs beside its payload. */
const OVERHEAD = 64;

interface Waiting {
  readonly request: number;
  readonly announce: boolean;
  readonly bytes: number;
  readonly run: () => void;
}

/**
 * Sends STARTED before a handler's first instruction, and means it: the bytes have left this process.
 *
 * A full socket cannot take them. Then this request waits, and so do those behind it: they begin in their order.
 */
export class Starts {
  readonly #connection: Connection;
  #waiting: Waiting[] = [];
  #next = 0;
  #bytes = 0;
  /** Whether STARTED of the first in line is among the bytes that the socket has not taken. */
  #announced = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Whether the handler may begin now. If not, `run` is called when it may. */
  pass(request: number, announce: boolean): boolean {
    if (this.#waiting.length > 0) return false;
    if (!announce || request === UNCORRELATED) return true;
    this.#announced = !this.#tell(request);
    return !this.#announced;
  }

  /** Puts a request that did not pass in line. It costs what its payload does. */
  wait(request: number, announce: boolean, length: number, run: () => void): void {
    const bytes = length + OVERHEAD;
    this.#waiting.push({ request, announce: announce && request !== UNCORRELATED, bytes, run });
    this.#bytes += bytes;
    this.#connection.hold(this.#bytes);
    if (this.#waiting.length === 1) this.#connection.whenFlushed(this.#release);
  }

  /** Forgets them all: nobody hears of them any more. */
  clear(): void {
    this.#waiting = [];
    this.#next = 0;
    this.#bytes = 0;
  }

  readonly #release = (): void => {
    for (;;) {
      const first = this.#waiting[this.#next];
      if (first === undefined) break;
      if (first.announce && !this.#announced && !this.#tell(first.request)) {
        this.#announced = true;
        this.#connection.whenFlushed(this.#release);
        return;
      }
      this.#announced = false;
      this.#next += 1;
      this.#bytes -= first.bytes;
      first.run();
    }
    this.clear();
    this.#connection.hold(0);
  };

  #tell(request: number): boolean {
    return this.#connection.sendNow(STARTED_METHOD, TO_PARENT, request, EMPTY);
  }
}
