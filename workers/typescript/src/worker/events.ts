// Owns: events on their way out: what may be sent when, and who waits.
// Siblings: procwire-runtime/src/worker/events.rs, workers/python/src/procwire/worker/events.py

import { encode } from "../codec/msgpack.ts";
import { raw } from "../codec/raw.ts";
import { located } from "../codec/shapes.ts";
import type { Contract, Event } from "../contract.ts";
import { FIRST_ID, UNCORRELATED } from "../ids.ts";
import type { Connection } from "../transport.ts";
import { EVENT } from "../wire/flags.ts";

/** Events kept until the parent has connected; more are refused. */
const MAX_EARLY = 1024;

/** Where generated code hands in events. */
export class EventSink {
  readonly #events: readonly Event[];
  #connection: Connection | undefined;
  #early: (() => void)[] | undefined = [];

  constructor(contract: Contract) {
    this.#events = contract.events;
  }

  /**
   * Sends the event at `index` of the contract, from anywhere and at any time.
   *
   * The promise resolves when there is room for more, so a loop that awaits it never runs ahead of a slow parent.
   * It rejects with `Invalid` when the payload is not what the schema says. Events after the parent is gone vanish.
   */
  async emit(index: number, payload: unknown): Promise<void> {
    const event = this.#events[index];
    if (event === undefined) throw new RangeError(`the contract has no event ${index}`);
    const body = located(event.payload, payload);
    const bytes = event.payload === raw && body instanceof Uint8Array ? body : encode(body);
    if (this.#early !== undefined) await this.#adoption(event.name);
    const connection = this.#connection;
    if (connection === undefined) return;
    connection.send(FIRST_ID + index, EVENT, UNCORRELATED, bytes);
    if (connection.pressed) await new Promise<void>((resolve) => connection.whenRelieved(resolve));
  }

  /** From now on events are sent. Without a connection: from now on they vanish. */
  open(connection: Connection | undefined): void {
    this.#connection = connection;
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const go of early) go();
  }

  async #adoption(name: string): Promise<void> {
    const early = this.#early;
    if (early === undefined) return;
    if (early.length >= MAX_EARLY) throw new Error(`${name}: ${MAX_EARLY} events wait already and no parent has connected`);
    await new Promise<void>((resolve) => early.push(resolve));
  }
}
