// The worker that is measured: generated code and this package.

import { serveEcho } from "./echo.ts";

const VALUES = [0.5, -1.25, 3.75, 1e9, 2.5e-3, 42.0, -7.125, 0.1];

await serveEcho(() => ({
  echo: (payload) => payload,
  blob: (payload) => payload,
  *samples({ n }) {
    for (let i = 0; i < n; i++) yield { id: 1_000_000 + i, name: "sensor-000042", values: VALUES };
  },
}));
