// The worker of `ticker`. This file is yours: it was written once and is not touched again.
//
// Run by the parent as: node_modules/.bin/procwire-worker worker.ts

import { serveTicker } from "./ticker.ts";

// What is thrown reaches the caller; a handler may be `async` or not; `console.log` is safe.
// `events` sends events to the parent, from anywhere and at any time.
await serveTicker((_events) => ({
}));
