import { Empty, serveWords } from "./words.ts";

await serveWords(() => ({
  count({ text, top }) {
    const times = new Map<string, number>();
    for (const word of text.toLowerCase().split(/\s+/).filter(Boolean)) {
      times.set(word, (times.get(word) ?? 0) + 1);
    }
    if (times.size === 0) throw new Empty();
    return [...times]
      .sort(([, a], [, b]) => b - a)
      .slice(0, top)
      .map(([word, times]) => ({ word, times }));
  },

  *split({ text }) {
    yield* text.split(/\s+/).filter(Boolean);
  },
}));
