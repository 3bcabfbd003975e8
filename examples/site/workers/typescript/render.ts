/**
 * One Markdown document to HTML: headings with ids, code in colours, links turned into links between pages, scripts left out.
 *
 * Knows nothing of Procwire; `worker.ts` offers it to the parent.
 */
import { posix } from "node:path";
import rehypeShiki from "@shikijs/rehype";
import type { Element, Properties, Root } from "hast";
import { toString } from "hast-util-to-string";
import MarkdownIt from "markdown-it";
import rehypeParse from "rehype-parse";
import rehypeSanitize, { defaultSchema } from "rehype-sanitize";
import rehypeSlug from "rehype-slug";
import rehypeStringify from "rehype-stringify";
import { unified } from "unified";
import { visit } from "unist-util-visit";
import { LineCounter, parseDocument } from "yaml";
import { follow } from "./links.ts";

export interface Rendered {
  title: string;
  html: string;
  headings: { level: number; text: string; anchor: string }[];
  /** Documents and other files of the folder that this one points to. */
  documents: string[];
  files: string[];
}

/** The YAML at the head of a document cannot be read. */
export class BrokenFrontMatter extends Error {
  readonly line: number;

  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}

/** Renders the document at `path`, which is relative to the folder, with `/`. */
export async function render(path: string, markdown: string): Promise<Rendered> {
  const { body, title } = splitFrontMatter(markdown);
  const page: Rendered = { title: title ?? "", html: "", headings: [], documents: [], files: [] };
  const file = await toPage.process({ value: md.render(body), data: { path, page } });
  page.title ||= page.headings.find(({ level }) => level === 1)?.text || nameOf(path);
  page.html = String(file);
  return page;
}

/** Of a document that does not say: its file's name, and for a README that of its folder. */
function nameOf(path: string): string {
  const name = posix.basename(path, ".md");
  return /^readme$/i.test(name) && path.includes("/") ? posix.basename(posix.dirname(path)) : name;
}

const md = new MarkdownIt({ html: true, linkify: true, typographer: false });

// GitHub's rules of what HTML a document may hold, and what our own Markdown needs beside them.
const allowed = {
  ...defaultSchema,
  clobberPrefix: "",
  attributes: {
    ...defaultSchema.attributes,
    th: [["style", /^text-align:(left|center|right)$/] as [string, RegExp]],
    td: [["style", /^text-align:(left|center|right)$/] as [string, RegExp]],
  },
  protocols: { ...defaultSchema.protocols, src: ["http", "https", "data"] },
};

const toPage = unified()
  .use(rehypeParse, { fragment: true })
  .use(rehypeSanitize, allowed)
  .use(rehypeSlug)
  .use(survey)
  .use(rehypeShiki, {
    themes: { light: "github-light", dark: "github-dark" },
    defaultColor: false, // the site's style sheet chooses
    langs: [],
    lazy: true,
    fallbackLanguage: "text",
    tokenizeMaxLineLength: 2_000,
  })
  .use(rehypeStringify)
  .freeze();

declare module "vfile" {
  interface DataMap {
    path: string;
    page: Rendered;
  }
}

/** Notes headings and links in the page, and points the links at pages. */
function survey() {
  return (tree: Root, file: { data: { path?: string; page?: Rendered } }): void => {
    const { path, page } = file.data;
    if (path === undefined || page === undefined) return;
    visit(tree, "element", (node: Element) => {
      const heading = /^h([1-6])$/.exec(node.tagName)?.[1];
      if (heading !== undefined) {
        page.headings.push({ level: Number(heading), text: toString(node).trim(), anchor: String(node.properties["id"] ?? "") });
      } else if (node.tagName === "a") {
        point(node.properties, "href", path, page);
      } else if (node.tagName === "img") {
        point(node.properties, "src", path, page);
        node.properties["loading"] = "lazy";
      } else if (node.tagName === "source") {
        point(node.properties, "srcSet", path, page);
      } else if (node.tagName === "code") {
        plainLanguage(node.properties);
      }
    });
  };
}

function point(properties: Properties, key: "href" | "src" | "srcSet", path: string, page: Rendered): void {
  const found = properties[key];
  if (typeof found !== "string") return;
  const target = follow(path, found);
  if (target.kind === "elsewhere") return;
  const list = target.kind === "document" ? page.documents : page.files;
  if (!list.includes(target.path)) list.push(target.path);
  properties[key] = target.href;
}

/** A fence may say more than its language: of "rust,no_run" only "rust" picks the colours. */
function plainLanguage(properties: Properties): void {
  const classes = properties["className"];
  if (Array.isArray(classes)) properties["className"] = classes.map((name) => String(name).replace(/[^\w#+-].*$/, ""));
}

function splitFrontMatter(markdown: string): { body: string; title?: string } {
  const text = markdown.replace(/^\uFEFF/, "");
  const [head, yaml] = /^---\r?\n(.*?\r?\n)?---[ \t]*(?:\r?\n|$)/s.exec(text) ?? [];
  if (head === undefined || yaml === undefined) return { body: text };

  const lines = new LineCounter();
  const front = parseDocument(yaml, { lineCounter: lines, prettyErrors: false });
  const [error] = front.errors;
  if (error !== undefined) throw new BrokenFrontMatter(lines.linePos(error.pos[0]).line + 1, error.message);

  const title: unknown = front.get("title");
  return { body: text.slice(head.length), ...(typeof title === "string" ? { title } : {}) };
}
