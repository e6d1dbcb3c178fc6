import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
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
  const onExit = (code: number): void => {
    if (code === UNSETTLED_AWAIT || process.exitCode === UNSETTLED_AWAIT) failUnfinished(path);
    else failExited(path, code);
  };
  // What was thrown while it waits ends the process too, and Node prints it.
  const onThrown = (): unknown => process.off("exit", onExit);
  process.once("exit", onExit);
  process.once("uncaughtExceptionMonitor", onThrown);
  try {
    return tsx === undefined ? await import(url) : await tsx.tsImport(url, import.meta.url);
  } catch (error) {
    const limit = isTypeScript(path) && tsx === undefined ? limitOfNode(error) : undefined;
    if (limit === undefined)
      throw new Error(`expected ${path} to be imported, got an error:\n${inspect(error)}`);
    throw new Error(
      `expected a Node that loads ${limit.what}, or tsx beside ${path}, got Node ${process.versions.node} alone; install it: npm install --save-dev tsx${limit.isAll ? "" : `\n${inspect(error)}`}`,
    );
  } finally {
    process.off("exit", onExit);
    process.off("uncaughtExceptionMonitor", onThrown);
  }
}

/** The exit code with which Node ends, without a word, when all that is left is an await for nothing. */
const UNSETTLED_AWAIT = 13;

function failUnfinished(path: string): void {
  process.stderr.write(
    `slither: expected ${path} to finish loading, got a top-level await that nothing resolves\n`,
  );
  process.exitCode = 1;
}

function failExited(path: string, code: number): void {
  process.stderr.write(
    `slither: expected ${path} to be imported, got an end of the process with exit code ${code}; call process.exit() where the module is run, not where it is imported\n`,
  );
  process.exitCode = 1;
}

/** What of TypeScript tsx loads and Node alone does not, and whether there is no more to say than that; undefined when the error is none of that kind. */
function limitOfNode(error: unknown): { readonly what: string; readonly isAll: boolean } | undefined {
  const { code, url } = (error ?? {}) as { readonly code?: unknown; readonly url?: unknown };
  if (code === "ERR_UNKNOWN_FILE_EXTENSION") return { what: "TypeScript", isAll: true };
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX")
    return { what: "all of TypeScript, also enums, namespaces and parameter properties", isAll: false };
  if (code === "ERR_MODULE_NOT_FOUND" && typeof url === "string" && isInTypeScript(url))
    return { what: "TypeScript that imports a file by the name that it will be compiled to", isAll: false };
  return undefined;
}

/** Whether the file that is not there is there in TypeScript. */
function isInTypeScript(url: string): boolean {
  if (!url.startsWith("file:")) return false;
  const path = fileURLToPath(url);
  const compiled = /\.([cm]?)js(x?)$/;
  return compiled.test(path)
    ? existsSync(path.replace(compiled, ".$1ts$2")) || existsSync(path.replace(compiled, ".$1tsx"))
    : existsSync(`${path}.ts`);
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
