// Owns: what a handler may know and ask about the request it serves.
// Siblings: procwire-runtime/src/worker/context.rs, workers/python/src/procwire/worker/context.py

/** The second parameter of every handler. */
export interface Context {
  /** Aborted when the caller gave up, or the parent is gone. Stop then: nobody waits for the answer. */
  readonly signal: AbortSignal;
  /** The method's name, as in the schema. */
  readonly method: string;
  /** The request's number on this connection; 0 for one-way calls. */
  readonly requestId: number;
}

/** A request that is being served. */
export class RequestContext implements Context {
  readonly method: string;
  readonly requestId: number;
  #aborted = false;
  /** Made when a handler first asks: most never do. */
  #controller: AbortController | undefined;
  #wakes: (() => void)[] | undefined;

  constructor(method: string, requestId: number) {
    this.method = method;
    this.requestId = requestId;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(reason(this.method));
    }
    return this.#controller.signal;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#controller?.abort(reason(this.method));
    for (const wake of this.#wakes ?? []) wake();
    this.#wakes = undefined;
  }

  /** Calls `wake` when the request is aborted, or now if it was. */
  whenAborted(wake: () => void): void {
    if (this.#aborted) wake();
    else (this.#wakes ??= []).push(wake);
  }

  /** Forgets those who wait for the abort. */
  calm(): void {
    this.#wakes = undefined;
  }
}

function reason(method: string): DOMException {
  return new DOMException(`the call of ${method} was cancelled`, "AbortError");
}
