// Owns: cutting the control channel into lines: LF, CRLF or CR, bounded. No I/O.
// Siblings: procwire-runtime/src/control/lines.rs, workers/python/src/procwire/control/lines.py

import { StringDecoder } from "node:string_decoder";

/** A longer line is no message; its text is let go. */
export const MAX_LINE: number = 64 << 10;

/** Collects lines from chunks that may end anywhere, inside a character too. */
export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  readonly #onLine: (line: string) => void;
  #rest = "";
  #tooLong = false;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    const pieces = (this.#rest + this.#decoder.write(chunk)).split(/\r\n|\n|\r/);
    this.#rest = pieces.pop() ?? "";
    for (const piece of pieces) {
      if (!this.#tooLong && piece.length > 0) this.#onLine(piece);
      this.#tooLong = false;
    }
    if (this.#rest.length > MAX_LINE) {
      this.#rest = "";
      this.#tooLong = true;
    }
  }
}
