/** What a page says of its document: title, headings, links, code; what it keeps out; what it refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { follow } from "./links.ts";
import { BrokenFrontMatter, render } from "./render.ts";

test("the first heading is the title, and every heading has its own anchor", async () => {
  const page = await render("guide.md", "# Getting *started*\n\n## Install\n\n## Install\n");
  assert.equal(page.title, "Getting started");
  assert.deepEqual(page.headings, [
    { level: 1, text: "Getting started", anchor: "getting-started" },
    { level: 2, text: "Install", anchor: "install" },
    { level: 2, text: "Install", anchor: "install-1" },
  ]);
});

test("front matter names the page and is not shown; without either the file does", async () => {
  const page = await render("a.md", "---\ntitle: From above\n---\n# Heading\n");
  assert.equal(page.title, "From above");
  assert.doesNotMatch(page.html, /From above/);
  assert.equal((await render("notes/plain.md", "words")).title, "plain");
});

test("broken front matter is refused with its line", async () => {
  await assert.rejects(render("a.md", "---\ntitle: x\nlist: [1,\n---\nwords\n"), (error) => {
    assert.ok(error instanceof BrokenFrontMatter);
    assert.ok(error.line >= 3 && error.line <= 4, `line ${error.line}`);
    return true;
  });
});

test("links between documents become links between pages; other files are named for copying", async () => {
  const page = await render("docs/a.md", "[b](../b.md#part) [out](https://example.org/x.md) ![i](img/one%20two.png)");
  assert.match(page.html, /href="\.\.\/b\.html#part"/);
  assert.match(page.html, /href="https:\/\/example\.org\/x\.md"/);
  assert.deepEqual(page.documents, ["b.md"]);
  assert.deepEqual(page.files, ["docs/img/one two.png"]);
});

test("links are followed within the folder and no further", () => {
  assert.deepEqual(follow("docs/a.md", "/top.md"), { kind: "document", path: "top.md", href: "../top.html" });
  assert.deepEqual(follow("a.md", "50%.txt?raw"), { kind: "file", path: "50%.txt", href: "50%25.txt?raw" });
  for (const href of ["../up.md", "/../up.md", "#here", "mailto:a@b.c", "//host/a.md", ""]) {
    assert.deepEqual(follow("a.md", href), { kind: "elsewhere" }, href);
  }
});

test("code is coloured for light and dark, in a known language or none", async () => {
  const page = await render("a.md", "```rust,no_run\nfn main() {}\n```\n\n```klingon\nqapla\n```\n");
  assert.match(page.html, /--shiki-light:#[0-9a-f]{6};--shiki-dark:#[0-9a-f]{6}/i);
  assert.match(page.html, /qapla/);
});

test("raw HTML is kept as far as it is harmless", async () => {
  const page = await render("a.md", '<details><summary>More</summary><img src="a.png" onerror="alert(1)"></details><script>alert(2)</script>\n');
  assert.match(page.html, /<details><summary>More<\/summary>/);
  assert.doesNotMatch(page.html, /alert/);
  assert.deepEqual(page.files, ["a.png"]);
});
