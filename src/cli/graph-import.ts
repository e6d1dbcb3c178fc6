import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";

/** What this uses of tsx, which loads TypeScript. */
interface Tsx {
  readonly tsImport: (url: string, parent: string) => Promise<Record<string, unknown>>;
}

/**
 * What a module exports. TypeScript is loaded with the tsx that is installed where the file is, or in the current folder; else by Node, if that can do it.
 *
 * @throws Error with what the module has thrown, or for TypeScript that nothing here loads.
 */
export async function importModule(path: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(path).href;
  const tsx = isTypeScript(path) ? await findTsx(path) : undefined;
  try {
    return tsx === undefined ? await import(url) : await tsx.tsImport(url, import.meta.url);
  } catch (error) {
    if (isTypeScript(path) && (error as { code?: unknown } | null)?.code === "ERR_UNKNOWN_FILE_EXTENSION") {
      throw new Error(
        `expected a Node that loads TypeScript, or tsx beside ${path}, got Node ${process.versions.node} alone; install it: npm install --save-dev tsx`,
      );
    }
    throw new Error(`expected ${path} to be imported, got an error:\n${inspect(error)}`);
  }
}

function isTypeScript(path: string): boolean {
  return /\.[cm]?tsx?$/.test(path);
}

async function findTsx(path: string): Promise<Tsx | undefined> {
  for (const from of [path, join(process.cwd(), "package.json")]) {
    const found = resolved("tsx/esm/api", from);
    // Its build for require() looks for its own files in the wrong place; the one for import stands beside it.
    if (found !== undefined) return import(pathToFileURL(found.replace(/\.cjs$/, ".mjs")).href);
  }
  return undefined;
}

function resolved(name: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}
