import { SlitherError } from "./slither-error.js";

/** Where an error happened: filled in as far as it is known. */
export interface CallSite {
  /** The session's id. */
  readonly session: string;
  /** What was called, for example `ml_scorer.predict_batch`. */
  readonly target: string;
  /** The stage of the pipe, when the call was made for one. */
  readonly stage?: string | undefined;
}

/** An exception raised by Python code. Its chain (`__cause__`, `__context__`) is the chain of `cause`. */
export class PythonError extends SlitherError {
  readonly code = "SLITHER_PYTHON";
  /** The class of the exception, for example `ValueError`. */
  readonly pythonType: string;
  /** The module of that class, for example `builtins`. */
  readonly pythonModule: string;
  /** The classes that this one is derived from, with their modules, the nearest first: `["builtins.ArithmeticError", "builtins.Exception"]`. */
  readonly pythonBases: readonly string[];
  /** What the exception itself says: `str(exception)`. */
  readonly pythonMessage: string;
  /** As Python prints it, without the worker's own frames. */
  readonly traceback: string;
  readonly session: string;
  readonly target: string;
  readonly stage: string | undefined;

  constructor(
    site: CallSite,
    fields: {
      type: string;
      module: string;
      message: string;
      traceback: string;
      bases?: readonly string[];
      hint?: string;
    },
    cause?: unknown,
  ) {
    super(
      `${describeSite(site)} raised ${fields.type}: ${fields.message}${fields.hint ? ` (${fields.hint})` : ""}`,
      {
        cause,
      },
    );
    this.pythonType = fields.type;
    this.pythonModule = fields.module;
    this.pythonBases = fields.bases ?? [];
    this.pythonMessage = fields.message;
    this.traceback = fields.traceback;
    this.session = site.session;
    this.target = site.target;
    this.stage = site.stage;
  }

  /** Whether the exception is of this class or one derived from it: `"OSError"`, or with its module, `"requests.exceptions.Timeout"`. */
  isA(name: string): boolean {
    const own = `${this.pythonModule}.${this.pythonType}`;
    return [own, ...this.pythonBases].some((each) => each === name || each.endsWith(`.${name}`));
  }
}

/** A Python module that cannot be imported: it does not exist, needs one that does not exist, or raises while it is imported. */
export class PythonImportError extends SlitherError {
  readonly code = "SLITHER_PYTHON_IMPORT";
  /** The module that was asked for. */
  readonly module: string;
  /** The module that was not found; differs from `module` when an import inside it failed; undefined when the module raised. */
  readonly missing: string | undefined;
  readonly traceback: string;
  /** Undefined for a module of `preload`, which the forkserver imports for all sessions. */
  readonly session: string | undefined;

  constructor(
    message: string,
    fields: {
      module: string;
      missing: string | undefined;
      traceback: string;
      session: string | undefined;
    },
    cause?: unknown,
  ) {
    super(message, { cause });
    this.module = fields.module;
    this.missing = fields.missing;
    this.traceback = fields.traceback;
    this.session = fields.session;
  }
}

/** The module or object has no such function, or what has that name cannot be called. */
export class PythonFunctionError extends SlitherError {
  readonly code = "SLITHER_PYTHON_FUNCTION";
  /** What was asked for, for example `ml_scorer.predict_bacth`. */
  readonly target: string;
  /** Names that exist and are close to it. */
  readonly suggestions: readonly string[];
  readonly session: string;

  constructor(message: string, fields: { target: string; suggestions: readonly string[]; session: string }) {
    super(message);
    this.target = fields.target;
    this.suggestions = fields.suggestions;
    this.session = fields.session;
  }
}

/** A batch function gave back something other than a list with one result for each record. */
export class BatchResultError extends SlitherError {
  readonly code = "SLITHER_BATCH_RESULT";
  readonly target: string;
  readonly stage: string | undefined;
  readonly session: string;
  /** How many results were expected: as many as there were records. */
  readonly expected: number;
  /** How many came; undefined when what came was no list. */
  readonly got: number | undefined;

  /** @param fields `problem` where it is another than the number of results in a list. */
  constructor(
    site: CallSite,
    fields: { expected: number; got: number | undefined; type: string; problem?: string | undefined },
  ) {
    const came = fields.got === undefined ? `a ${fields.type}` : `${fields.got}`;
    const wanted = `expected a list of ${fields.expected} results, one for each record and in their order`;
    super(`${describeSite(site)}: ${fields.problem ?? `${wanted}, got ${came}`}`);
    this.target = site.target;
    this.stage = site.stage;
    this.session = site.session;
    this.expected = fields.expected;
    this.got = fields.got;
  }
}

/** `session a: stage predict: ml_scorer.predict_batch` */
export function describeSite(site: CallSite): string {
  return `session ${site.session}: ${site.stage === undefined ? "" : `stage ${site.stage}: `}${site.target}`;
}
