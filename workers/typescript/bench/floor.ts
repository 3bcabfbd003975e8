// The least that a worker can do: the same library, no checks, no types, no life. What the others are compared with.

import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

import { Packr } from "msgpackr";

const HEAD = 11;
const VALUES = [0.5, -1.25, 3.75, 1e9, 2.5e-3, 42.0, -7.125, 0.1];
const packr = new Packr({ useRecords: false });

function head(out: Buffer, method: number, flags: number, id: number, length: number): Buffer {
  out.writeUInt16BE(method, 0);
  out[2] = flags;
  out.writeUInt32BE(id, 3);
  out.writeUInt32BE(length, 7);
  return out;
}

function frame(method: number, flags: number, id: number, body: Uint8Array): Buffer {
  const out = head(Buffer.allocUnsafe(HEAD + body.length), method, flags, id, body.length);
  out.set(body, HEAD);
  return out;
}

async function stream(socket: Socket, id: number, n: number): Promise<void> {
  let out: Buffer[] = [];
  let size = 0;
  for (let i = 0; i < n; i++) {
    const one = frame(3, 0x0b, id, packr.pack({ id: 1_000_000 + i, name: "sensor-000042", values: VALUES }));
    out.push(one);
    size += one.length;
    if (size < 64 << 10) continue;
    if (!socket.write(Buffer.concat(out))) await new Promise((resolve) => socket.once("drain", resolve));
    out = [];
    size = 0;
  }
  out.push(frame(3, 0x1b, id, Buffer.alloc(0)));
  socket.write(Buffer.concat(out));
}

const path = join(tmpdir(), `floor-${process.pid}.sock`);
const server = createServer((socket) => {
  server.close();
  let pieces: Buffer[] = [];
  let got = 0;
  let want = HEAD;
  socket.on("close", () => process.exit(0));
  socket.on("data", (chunk: Buffer) => {
    pieces.push(chunk);
    got += chunk.length;
    if (got < want) return;
    let rest = pieces.length === 1 ? chunk : Buffer.concat(pieces, got);
    let at = 0;
    const out: Uint8Array[] = [];
    want = HEAD;
    while (rest.length - at >= HEAD) {
      const length = rest.readUInt32BE(at + 7);
      want = HEAD + length;
      if (rest.length - at < want) break;
      const method = rest.readUInt16BE(at);
      const id = rest.readUInt32BE(at + 3);
      const body = rest.subarray(at + HEAD, at + want);
      if (method === 1) out.push(frame(1, 3, id, packr.pack(packr.unpack(body))));
      else if (method === 2) out.push(head(Buffer.allocUnsafe(HEAD), 2, 3, id, body.length), body);
      else void stream(socket, id, (packr.unpack(body) as { n: number }).n);
      at += want;
      want = HEAD;
    }
    rest = rest.subarray(at);
    pieces = [rest];
    got = rest.length;
    if (out.length === 0) return;
    socket.cork();
    if (out.some((piece) => piece.length > 16 << 10)) for (const piece of out) socket.write(piece);
    else socket.write(Buffer.concat(out));
    socket.uncork();
  });
});
server.listen(path, () => {
  const methods = { echo: { id: 1, response: "result" }, blob: { id: 2, response: "result" }, samples: { id: 3, response: "stream" } };
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", method: "$init", params: { pipe: path, schema: { methods, events: {} }, version: "1.0.0" } })}\n`);
});
process.stdin.on("end", () => process.exit(0)).resume();
