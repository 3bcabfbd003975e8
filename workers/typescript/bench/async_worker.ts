// The same with handlers that are `async` and never wait.

import { serveEcho } from "./echo.ts";

const VALUES = [0.5, -1.25, 3.75, 1e9, 2.5e-3, 42.0, -7.125, 0.1];

await serveEcho(() => ({
  async echo(payload) {
    return payload;
  },
  async blob(payload) {
    return payload;
  },
  async *samples({ n }) {
    for (let i = 0; i < n; i++) yield { id: 1_000_000 + i, name: "sensor-000042", values: VALUES };
  },
}));
