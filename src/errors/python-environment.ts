import { SlitherError } from "./slither-error.js";

/** Which interpreter an error is about, and who chose it. */
export interface InterpreterChoice {
  /** The path or name that was tried; undefined when nothing was found to try. */
  readonly path: string | undefined;
  /** Where the choice came from, in words, for example `SLITHER_PYTHON`. */
  readonly source: string;
}

/** There is no Python interpreter where one was named or looked for, or what is there cannot be run. */
export class PythonNotFoundError extends SlitherError implements InterpreterChoice {
  readonly code = "SLITHER_PYTHON_NOT_FOUND";
  readonly path: string | undefined;
  readonly source: string;
  /** `missing`: no such file; `not-runnable`: a file that does not behave like a Python interpreter. */
  readonly reason: "missing" | "not-runnable";

  constructor(
    choice: InterpreterChoice,
    fields: { reason: "missing" | "not-runnable"; detail: string; remedy: string },
    cause?: unknown,
  ) {
    const came = choice.path === undefined ? fields.detail : `\`${choice.path}\` (${fields.detail})`;
    super(`expected a Python interpreter from ${choice.source}, got ${came}. ${fields.remedy}`, { cause });
    this.path = choice.path;
    this.source = choice.source;
    this.reason = fields.reason;
  }
}

/** The interpreter runs but its Python is too old. */
export class PythonVersionError extends SlitherError implements InterpreterChoice {
  readonly code = "SLITHER_PYTHON_VERSION";
  readonly path: string;
  readonly source: string;
  /** The lowest version that works, for example `3.10`. */
  readonly expected: string;
  /** The version that was found, for example `3.8.18`. */
  readonly got: string;

  constructor(
    choice: { path: string; source: string },
    fields: { expected: string; got: string; remedy: string },
  ) {
    super(
      `expected Python ${fields.expected} or newer from ${choice.source}, ` +
        `got Python ${fields.got} (\`${choice.path}\`). ${fields.remedy}`,
    );
    this.path = choice.path;
    this.source = choice.source;
    this.expected = fields.expected;
    this.got = fields.got;
  }
}

/** The interpreter works, but a package that every worker needs cannot be imported in it. */
export class PythonPackageMissingError extends SlitherError implements InterpreterChoice {
  readonly code = "SLITHER_PYTHON_PACKAGE_MISSING";
  readonly path: string;
  readonly source: string;
  /** The package, for example `msgspec`. */
  readonly package: string;

  constructor(
    choice: { path: string; source: string },
    fields: { package: string; detail: string; remedy: string },
  ) {
    super(
      `expected the package \`${fields.package}\` in the Python from ${choice.source}, ` +
        `got ${fields.detail} (\`${choice.path}\`). ${fields.remedy}`,
    );
    this.path = choice.path;
    this.source = choice.source;
    this.package = fields.package;
  }
}

/** Why a Python environment could not be made. */
export type EnvironmentSetupReason =
  /** The package index did not answer. */
  | "index-unreachable"
  /** The index answered, but a requirement could not be installed. */
  | "install-failed"
  /** The base Python lacks `ensurepip` or `venv`, which some systems package apart. */
  | "no-ensurepip"
  /** The environment itself could not be made. */
  | "create-failed"
  /** The folder holds something that this library did not make, and so will not replace. */
  | "folder-in-use"
  /** A requirement that cannot be passed on as one. */
  | "invalid-requirement";

/** A managed Python environment could not be made. What was there before is untouched. */
export class EnvironmentSetupError extends SlitherError {
  readonly code = "SLITHER_ENVIRONMENT_SETUP";
  readonly reason: EnvironmentSetupReason;
  /** The folder that was to hold the environment. */
  readonly folder: string;
  /** The requirement that failed, as far as the installer said which. */
  readonly requirement: string | undefined;

  constructor(
    message: string,
    fields: { reason: EnvironmentSetupReason; folder: string; requirement?: string | undefined },
    cause?: unknown,
  ) {
    super(message, { cause });
    this.reason = fields.reason;
    this.folder = fields.folder;
    this.requirement = fields.requirement;
  }
}
