/**
 * Where a link in a document leads, once documents are pages.
 *
 * A page stands where its document stood, so relative links keep their shape: only `.md` becomes `.html`.
 */
import { posix } from "node:path";

export type Target =
  | { kind: "document"; path: string; href: string }
  | { kind: "file"; path: string; href: string }
  | { kind: "elsewhere" };

/** Follows `href`, found in the document `from`. Paths are relative to the folder, with `/`. */
export function follow(from: string, href: string): Target {
  const [, rawPath = "", suffix = ""] = /^([^?#]*)(.*)$/s.exec(href) ?? [];
  if (rawPath === "" || rawPath.startsWith("//") || /^[a-z][a-z0-9+.-]*:/i.test(rawPath)) return { kind: "elsewhere" };

  const folder = posix.dirname(from);
  const path = posix.normalize(rawPath.startsWith("/") ? decoded(rawPath).slice(1) : posix.join(folder, decoded(rawPath)));
  if (path === ".." || path.startsWith("../")) return { kind: "elsewhere" };

  const kind = path.endsWith(".md") ? "document" : "file";
  const target = posix.relative(folder, kind === "document" ? pageOf(path) : path);
  return { kind, path, href: encodeURI(target).replaceAll("#", "%23").replaceAll("?", "%3F") + suffix };
}

/** The page of a document: `guide/start.md` becomes `guide/start.html`. */
function pageOf(path: string): string {
  return path.replace(/\.md$/, ".html");
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // a stray `%` is part of a name
  }
}
