import type { Page } from "./pages.js";

/** A fenced block of a page. */
export interface Block {
  readonly language: string;
  readonly lines: readonly string[];
  /** Where its first line stands in the page, from 1. */
  readonly line: number;
}

/** A TypeScript file that a page's blocks make up, and what it prints when it is run. */
export interface Module {
  readonly page: string;
  /** Relative to the page's folder. */
  readonly file: string;
  /** Where it begins in the page. */
  readonly line: number;
  /** Every line at the place that it has in the page, so that the compiler's messages name lines of the page. */
  readonly lines: string[];
  /** What its text blocks say; undefined when it has none: then it is only compiled. */
  expected: string | undefined;
}

export interface PageCode {
  readonly page: string;
  readonly modules: readonly Module[];
  /** Python files by path, relative to the page's folder. */
  readonly python: ReadonlyMap<string, string>;
}

/**
 * The code of a page. A `ts` block is a module; one whose first line is `// continued` goes on with the module before it; a first line `// name.ts`
 * names the file. A `text` block is what the module before it prints. A `python` block whose first line is `# name.py` is written beside it.
 */
export function codeOf(page: Page): PageCode {
  const modules: Module[] = [];
  const python = new Map<string, string>();
  for (const block of blocksOf(page.text)) {
    const [first = ""] = block.lines;
    const current = modules.at(-1);
    if (block.language === "ts" && first === "// continued") extend(current, block, page);
    else if (block.language === "ts") modules.push(moduleOf(block, page));
    else if (block.language === "text") expectOutput(current, block, page);
    else if (block.language === "python") {
      const name = /^# (\S+\.py)$/.exec(first)?.[1];
      if (name !== undefined) python.set(name, `${block.lines.join("\n")}\n`);
    }
  }
  return { page: page.path, modules, python };
}

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    if (open === undefined) {
      const fence = /^```(\w*)/.exec(line);
      if (fence !== null) open = { language: fence[1] as string, line: index + 2, lines: [] };
    } else if (line === "```") {
      blocks.push(open);
      open = undefined;
    } else {
      open.lines.push(line);
    }
  }
  return blocks;
}

function moduleOf(block: Block, page: Page): Module {
  const named = /^\/\/ (\S+\.ts)$/.exec(block.lines[0] ?? "")?.[1];
  const module = {
    page: page.path,
    file: named ?? `line-${block.line}.ts`,
    line: block.line,
    lines: [],
    expected: undefined,
  };
  extend(module, block, page);
  return module;
}

function extend(module: Module | undefined, block: Block, page: Page): void {
  if (module === undefined) throw new Error(`${page.path}:${block.line}: there is nothing to continue`);
  while (module.lines.length < block.line - 1) module.lines.push("");
  module.lines.push(...block.lines);
}

function expectOutput(module: Module | undefined, block: Block, page: Page): void {
  if (module === undefined) throw new Error(`${page.path}:${block.line}: there is no code that prints this`);
  module.expected = `${module.expected ?? ""}${block.lines.join("\n")}\n`;
}

/** What may stand in an expected output for what differs from run to run. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  "<pid>": "[1-9]\\d*",
  "<ms>": "\\d+(?:\\.\\d+)?",
  "<number>": "\\d+(?:\\.\\d+)?",
  "<path>": "/[^\\s\"'`]*",
  "<id>": "[0-9a-f]{16,32}",
};

/** Whether `actual` is `expected`, with anything fitting in place of its placeholders. */
export function printsAs(expected: string, actual: string): boolean {
  const pattern = expected
    .split(/(<pid>|<ms>|<number>|<path>|<id>)/)
    .map((part) => PLACEHOLDERS[part] ?? part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"))
    .join("");
  return new RegExp(`^${pattern}$`).test(actual);
}
