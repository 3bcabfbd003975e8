/** The TypeScript worker: what `schemas/pages.toml` promises, kept with markdown-it, rehype and shiki. */
import { FrontMatter, servePages } from "./pages.ts";
import { BrokenFrontMatter, render } from "./render.ts";

await servePages((events) => ({
  async render({ path, markdown }) {
    const started = performance.now();
    try {
      return await render(path, markdown);
    } catch (error) {
      if (error instanceof BrokenFrontMatter) throw new FrontMatter({ line: error.line, reason: error.message });
      throw error;
    } finally {
      void events.rendered({ path, took: performance.now() - started });
    }
  },
}));
