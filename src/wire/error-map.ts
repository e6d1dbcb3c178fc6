import {
  BatchResultError,
  type CallSite,
  describeSite,
  PythonError,
  PythonFunctionError,
  PythonImportError,
} from "../errors/python.js";
import { CancelledError, ForkRefusedError, ProtocolError, RefError } from "../errors/session.js";
import type { SlitherError } from "../errors/slither-error.js";
import { ValueNotSupportedError } from "../errors/value.js";

/** The body of an ERROR message: see "Errors" in protocol/PROTOCOL.md. */
export type ErrorMap =
  | ExceptionMap
  | { code: "module_not_found"; message: string; module: string; missing: string; traceback: string }
  | { code: "module_failed"; message: string; module: string; traceback: string; cause: ExceptionMap }
  | { code: "function_not_found"; message: string; target: string; reason: string; suggestions: string[] }
  | {
      code: "batch_result";
      message: string;
      expected: number;
      got: number | null;
      type: string;
      problem?: string;
    }
  | {
      code: "value";
      message: string;
      direction: "argument" | "result";
      path: string;
      type: string;
      hint: string;
    }
  | { code: "ref"; message: string; ref: number }
  | { code: "cancelled"; message: string; traceback: string }
  | { code: "fork_refused"; message: string }
  | { code: "protocol"; message: string };

export interface ExceptionMap {
  code: "exception";
  message: string;
  type: string;
  module: string;
  bases: string[];
  traceback: string;
  cause: ExceptionMap | null;
}

/** Packages whose import name is not the name they are installed by. */
const DISTRIBUTIONS = new Map([
  ["sklearn", "scikit-learn"],
  ["cv2", "opencv-python"],
  ["PIL", "pillow"],
  ["yaml", "pyyaml"],
  ["bs4", "beautifulsoup4"],
  ["dateutil", "python-dateutil"],
]);

/** The typed error for an error map. */
export function errorFromMap(map: ErrorMap, site: CallSite): SlitherError {
  switch (map.code) {
    case "exception":
      return pythonError(map, site);
    case "module_not_found":
    case "module_failed":
      return importError(
        map,
        site.session,
        `${describeSite(site)}: ${importProblem(map)}`,
        importCause(map, site),
      );
    case "function_not_found": {
      const what = map.reason === "missing" ? "does not exist" : "cannot be called";
      const meant = map.suggestions.length > 0 ? `, did you mean ${map.suggestions.join(" or ")}?` : "";
      return new PythonFunctionError(`${describeSite({ ...site, target: map.target })} ${what}${meant}`, {
        target: map.target,
        suggestions: map.suggestions,
        session: site.session,
      });
    }
    case "batch_result":
      return new BatchResultError(site, {
        expected: map.expected,
        got: map.got ?? undefined,
        type: map.type,
        problem: map.problem,
      });
    case "value":
      return valueError(map, site);
    case "cancelled":
      return new CancelledError(`${describeSite(site)}: ${map.message}`, map.traceback);
    case "fork_refused":
      return new ForkRefusedError(site.session, map.message);
    case "ref":
      return new RefError(`${describeSite(site)}: ${map.message}`, site.session);
    default:
      return new ProtocolError(`${describeSite(site)}: ${map.message}`);
  }
}

/**
 * The error for a module that a forkserver cannot import.
 *
 * @param lastLines what the forkserver printed last.
 */
export function preloadError(map: ErrorMap, lastLines: readonly string[]): SlitherError {
  if (map.code !== "module_not_found" && map.code !== "module_failed")
    return new ProtocolError(`preload: ${map.message}`);
  const printed =
    lastLines.length === 0 ? "" : `; it last wrote:\n${lastLines.map((line) => `  ${line}`).join("\n")}`;
  const cause = importCause(map, { session: "forkserver", target: "preload" });
  return importError(map, undefined, `preload: ${importProblem(map)}${printed}`, cause);
}

type ImportMap = Extract<ErrorMap, { code: "module_not_found" | "module_failed" }>;

function importError(
  map: ImportMap,
  session: string | undefined,
  message: string,
  cause: PythonError | undefined,
): PythonImportError {
  const missing = map.code === "module_failed" ? undefined : map.missing;
  const { module, traceback } = map;
  return new PythonImportError(message, { module, missing, traceback, session }, cause);
}

function importCause(map: ImportMap, site: CallSite): PythonError | undefined {
  return map.code === "module_failed" ? pythonError(map.cause, site) : undefined;
}

function importProblem(map: ImportMap): string {
  if (map.code === "module_not_found") return notFound(map.module, map.missing);
  return `module ${map.module} failed while it was imported: ${map.cause.type}: ${map.cause.message}`;
}

function pythonError(map: ExceptionMap, site: CallSite): PythonError {
  return new PythonError(site, map, map.cause === null ? undefined : pythonError(map.cause, site));
}

function notFound(module: string, missing: string): string {
  const name = missing.split(".")[0] as string;
  const isItself = module.split(".")[0] === name;
  if (isItself && isPath(module)) return notDotted(module);
  const distribution = DISTRIBUTIONS.get(name) ?? name;
  const install = `\`npx slither setup ${distribution}\` or \`pip install ${distribution}\``;
  return isItself
    ? `there is no Python module ${missing}; if it is yours, name its folder in pythonPath; if it is a package, install it: ${install}`
    : `module ${module} needs ${missing}, which is not installed: ${install}`;
}

function isPath(module: string): boolean {
  return /[/\\]|^\.|\.py$/.test(module);
}

function notDotted(module: string): string {
  const file = module.split(/[/\\]/).findLast((part) => part !== "");
  const name = file?.replace(/^\.+|\.py$/g, "");
  const example = name ? ` (\`${name}\`)` : "";
  return `expected the dotted name of a module${example}, got a path or file name (\`${module}\`); name its folder in pythonPath`;
}

function valueError(map: Extract<ErrorMap, { code: "value" }>, site: CallSite): ValueNotSupportedError {
  const wanted =
    map.direction === "result"
      ? "a value that can be sent to JavaScript"
      : "a value that this Python can be given";
  const path = `${map.direction}${map.path}`;
  return new ValueNotSupportedError({
    path,
    typeName: map.type,
    direction: map.direction,
    message: `${describeSite(site)}: expected ${path} to be ${wanted}, got ${map.type}${map.hint ? ` (${map.hint})` : ""}`,
  });
}
