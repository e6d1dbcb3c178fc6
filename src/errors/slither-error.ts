const MARK = Symbol.for("slither-ts.error");

/**
 * The base of every error this library throws. `code` is stable; the facts are fields, so that nothing has to be parsed out of `message`.
 */
export abstract class SlitherError extends Error {
  /** Stable, upper-case, starts with `SLITHER_`. */
  abstract readonly code: string;
  readonly [MARK] = true;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }

  /** True for errors of this library, also when two copies of it are installed (where `instanceof` fails). */
  static is(value: unknown): value is SlitherError {
    return value instanceof Error && (value as { [MARK]?: unknown })[MARK] === true;
  }
}
