import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./pages.js";

/** The text of every file of src/, by path relative to it. */
export const sources: ReadonlyMap<string, string> = new Map(
  readdirSync(join(ROOT, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path.slice(join(ROOT, "src").length + 1), readFileSync(path, "utf8")]),
);

/** What is declared as `interface NAME …`: what it extends, and its body without comments. */
export function interfaceOf(name: string): { extends: string | undefined; body: string } {
  const declaration = new RegExp(
    `interface ${name}(?:<[^>]*>)?(?:\\s+extends (\\w+)(?:<[^>]*>)?)? \\{\\n(.*?)\\n\\}`,
    "s",
  );
  for (const text of sources.values()) {
    const found = declaration.exec(text);
    if (found) return { extends: found[1], body: withoutComments(found[2] as string) };
  }
  throw new Error(`there is no interface ${name} in src/`);
}

/** The names of the fields in the body of an interface or in `{ … }`, at its outermost level; one that can only be undefined is none. */
export function fieldsIn(body: string): string[] {
  let outermost = body;
  for (let before = ""; before !== outermost; ) {
    before = outermost;
    outermost = outermost.replace(/\{[^{}]*\}|\([^()]*\)/g, "");
  }
  return [
    ...outermost.matchAll(/(?:^|[;\n])\s*(?:readonly )?"?([\w-]+)"?\??:(?! undefined\s*(?:[;\n}]|$))/g),
  ].map((match) => match[1] as string);
}

export function withoutComments(text: string): string {
  return text.replace(/\/\*.*?\*\//gs, "").replace(/^\s*\/\/.*$/gm, "");
}
