import { show, unknownName } from "../options/parse.js";
import type { PipeExplanation } from "../plan/explain/explanation.js";
import type { PipeGraph } from "../plan/graph/graph.js";

/** What makes a pipe, also one of another installed copy of this package. */
export interface Drawable {
  readonly graph: () => PipeGraph;
  readonly explain: () => PipeExplanation;
}

type Exports = Readonly<Record<string, unknown>>;

/**
 * The pipe among what a module exports: the named one, else the default export, else the only one.
 *
 * @param path for messages.
 * @throws Error when there is none, or more than one.
 */
export function exportedPipe(path: string, module: Exports, name: string | undefined): Drawable {
  const exports = exportsOf(module);
  const pipes = Object.keys(exports).filter((each) => isPipe(exports[each]));
  if (name !== undefined) return named(path, exports, name, pipes);
  if (isPipe(exports.default)) return exports.default;
  const [only, ...others] = new Set(pipes.map((each) => exports[each] as Drawable));
  if (only === undefined) {
    const names = Object.keys(exports).join(", ");
    throw new Error(
      `expected ${path} to export a pipe, got ${names === "" ? "no exports" : `these, which are none: ${names}`}; of a function that makes one, export what it gives back`,
    );
  }
  if (others.length > 0) {
    throw new Error(
      `expected --export to say which pipe of ${path} is meant, got nothing; it exports ${pipes.join(", ")}`,
    );
  }
  return only;
}

function named(path: string, exports: Exports, name: string, pipes: readonly string[]): Drawable {
  if (!Object.hasOwn(exports, name)) throw new Error(`${path}: ${unknownName("export", name, name, pipes)}`);
  const value = exports[name];
  if (isPipe(value)) return value;
  throw new Error(`expected export ${name} of ${path} to be a pipe, got ${show(value)}`);
}

/** What a CommonJS module exports comes as its default export. */
function exportsOf(module: Exports): Exports {
  const inner = module.default;
  return typeof inner === "object" && inner !== null && !isPipe(inner) ? { ...module, ...inner } : module;
}

function isPipe(value: unknown): value is Drawable {
  const pipe = value as Partial<Record<"plan" | "graph", unknown>> | null | undefined;
  const plan = pipe?.plan as { stages?: unknown } | undefined;
  return typeof pipe?.graph === "function" && Array.isArray(plan?.stages);
}
