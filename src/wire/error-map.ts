import {
  BatchResultError,
  type CallSite,
  describeSite,
  PythonError,
  PythonFunctionError,
  PythonImportError,
} from "../errors/python.js";
import { ProtocolError, RefError } from "../errors/session.js";
import type { SlitherError } from "../errors/slither-error.js";
import { ValueNotSupportedError } from "../errors/value.js";

/** The body of an ERROR message: see "Errors" in protocol/PROTOCOL.md. */
export type ErrorMap =
  | ExceptionMap
  | { code: "module_not_found"; message: string; module: string; missing: string; traceback: string }
  | { code: "module_failed"; message: string; module: string; traceback: string; cause: ExceptionMap }
  | { code: "function_not_found"; message: string; target: string; reason: string; suggestions: string[] }
  | { code: "batch_result"; message: string; expected: number; got: number | null; type: string }
  | {
      code: "value";
      message: string;
      direction: "argument" | "result";
      path: string;
      type: string;
      hint: string;
    }
  | { code: "ref"; message: string; ref: number }
  | { code: "protocol"; message: string };

export interface ExceptionMap {
  code: "exception";
  message: string;
  type: string;
  module: string;
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
      return new PythonImportError(`${describeSite(site)}: ${notFound(map.module, map.missing)}`, {
        module: map.module,
        missing: map.missing,
        traceback: map.traceback,
        session: site.session,
      });
    case "module_failed":
      return new PythonImportError(
        `${describeSite(site)}: module ${map.module} failed while it was imported: ${map.cause.type}: ${map.cause.message}`,
        { module: map.module, missing: undefined, traceback: map.traceback, session: site.session },
        pythonError(map.cause, site),
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
      });
    case "value":
      return valueError(map, site);
    case "ref":
      return new RefError(`${describeSite(site)}: ${map.message}`, site.session);
    default:
      return new ProtocolError(`${describeSite(site)}: ${map.message}`);
  }
}

function pythonError(map: ExceptionMap, site: CallSite): PythonError {
  return new PythonError(site, map, map.cause === null ? undefined : pythonError(map.cause, site));
}

function notFound(module: string, missing: string): string {
  const name = missing.split(".")[0] as string;
  const distribution = DISTRIBUTIONS.get(name) ?? name;
  const install = `\`npx slither setup ${distribution}\` or \`pip install ${distribution}\``;
  return module.split(".")[0] === name
    ? `there is no Python module ${missing}; if it is yours, name its folder in pythonPath; if it is a package, install it: ${install}`
    : `module ${module} needs ${missing}, which is not installed: ${install}`;
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
