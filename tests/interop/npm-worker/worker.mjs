// schemas/interop.toml on the published @procwire/client: a peer that knows nothing of ours.
import { Client } from "@procwire/client";
import { rawCodec } from "@procwire/codecs";

let cancelled = 0;

const client = new Client()
  .handle("echo", (value, ctx) => ctx.respond(value), { response: "result" })
  .handle("raw", (bytes, ctx) => ctx.respond(bytes), { response: "result", codec: rawCodec })
  .handle(
    "count",
    async ({ n }, ctx) => {
      for (let i = 0; i < n && !ctx.aborted; i++) await ctx.chunk(i);
      await ctx.end();
    },
    { response: "stream", cancellable: true },
  )
  .handle(
    "count_then_fail",
    async ({ n }, ctx) => {
      for (let i = 0; i < n; i++) await ctx.chunk(i);
      throw new Error("after the items");
    },
    { response: "stream" },
  )
  .handle(
    "note",
    async ({ text }, ctx) => {
      await ctx.ack();
      await client.emitEvent("noted", { text });
    },
    { response: "ack" },
  )
  .handle("fire", ({ tag }) => client.emitEvent("fired", { tag }), { response: "none" })
  .handle("fail", ({ message }) => { throw new Error(message); }, { response: "result" })
  .handle(
    "slow",
    ({ ms }, ctx) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(ctx.respond("done")), ms);
        ctx.onAbort(() => {
          cancelled += 1;
          clearTimeout(timer);
          resolve();
        });
      }),
    { response: "result", cancellable: true },
  )
  .handle("cancelled", (_nothing, ctx) => ctx.respond(cancelled), { response: "result" })
  .handle("pid", (_nothing, ctx) => ctx.respond(process.pid), { response: "result" })
  .event("noted")
  .event("fired");

await client.start();
