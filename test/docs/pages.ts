import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Folders that hold nothing of ours, beside those that begin with a dot. */
const NOT_OURS = new Set(["node_modules", "dist"]);

export interface Page {
  /** Relative to the root, for example `docs/guides/pipe.md`. */
  readonly path: string;
  readonly text: string;
}

export function page(path: string): Page {
  return { path, text: readFileSync(join(ROOT, path), "utf8") };
}

/** Every Markdown page of the repository. */
export function allPages(): Page[] {
  return markdownUnder(ROOT).map(page);
}

/** The pages whose code is run: what a user reads first and looks things up in. */
export function guidePages(): Page[] {
  return [page("README.md"), ...markdownUnder(join(ROOT, "docs/guides")).map(page)];
}

function markdownUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return isOurs(entry.name) ? markdownUnder(path) : [];
      return entry.name.endsWith(".md") ? [relative(ROOT, path)] : [];
    })
    .sort();
}

function isOurs(folder: string): boolean {
  return !NOT_OURS.has(folder) && !folder.startsWith(".");
}

/** The text with fenced code blanked, so that nothing in code is taken for Markdown; lines keep their numbers. */
export function withoutCode(text: string): string {
  return text.replace(/^```.*?^```$/gms, (block) => block.replace(/[^\n]/g, ""));
}

/** The rows of a Markdown table as arrays of cells, without its head. `start` is where the table, or text before it, begins. */
export function tableAt(text: string, start: number): string[][] {
  const lines = text.slice(start).split("\n");
  const first = lines.findIndex((line) => line.startsWith("|"));
  const end = lines.findIndex((line, index) => index > first && !line.startsWith("|"));
  return lines.slice(first + 2, end === -1 ? undefined : end).map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

/** What stands in backticks in a cell. */
export function codeIn(cell: string | undefined): string[] {
  return [...(cell ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1] as string);
}
