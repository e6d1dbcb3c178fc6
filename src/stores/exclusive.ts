import { OptionsError } from "../errors/options.js";

/** Refusals that the one who called the function is told, too. */
const told = new WeakSet<object>();

/** Calls functions of the user's that are to make a change, and refuses what would come between: a promise, or a write by the function itself. */
export class Exclusive {
  #where: string | undefined;
  #instead = "";
  #refusal: OptionsError | undefined;

  /** @throws what `work` throws; OptionsError when it returned a promise, or wrote past what it was given. */
  run<Result>(where: string, instead: string, work: () => Result): Result {
    this.check();
    this.#where = where;
    this.#instead = instead;
    try {
      const result = work();
      if (this.#refusal !== undefined) throw this.#refusal;
      if (isPromise(result)) throw promised(where, result);
      return result;
    } finally {
      this.#where = undefined;
      this.#refusal = undefined;
    }
  }

  /** @throws OptionsError while such a function is running. */
  check(): void {
    if (this.#where === undefined) return;
    this.#refusal ??= new OptionsError(this.#where, [
      `expected the function not to write to what it works on, got a write from within; ${this.#instead}`,
    ]);
    told.add(this.#refusal);
    throw this.#refusal;
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as PromiseLike<unknown>).then === "function"
  );
}

function promised(where: string, promise: PromiseLike<unknown>): OptionsError {
  // What becomes of it is nobody's concern any more.
  promise.then(undefined, () => {});
  return new OptionsError(where, [
    "expected the function to be synchronous, got one that returned a promise; await before the call what it needs",
  ]);
}

/** What stands before a write: it throws where there may be none. */
interface Gate {
  check(): void;
}

/** A write, where `gate` lets it through: whatever is wrong is told by its promise. */
export function asPromise<Result>(gate: Gate, write: () => Promise<Result>): Promise<Result> {
  try {
    gate.check();
    return write();
  } catch (error) {
    const rejected = Promise.reject(error);
    // The function whose write it was is refused as a whole: that it did not wait for this one is no second fault.
    if (typeof error === "object" && error !== null && told.has(error)) rejected.catch(() => {});
    return rejected;
  }
}
