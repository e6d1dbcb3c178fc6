import { z } from "zod";
import { callback } from "../../options/fields.js";
import { viewList } from "../../views/options.js";
import type { View } from "../../views/view.js";
import type { FaultFunction } from "./faults.js";

// biome-ignore lint/suspicious/noExplicitAny: a fake may have any parameters; what it is called with is the test's business.
export type InlineFunction = (...args: any[]) => unknown;

/** TypeScript functions by the names that Python functions would have. */
export type InlineModule = Readonly<Record<string, InlineFunction>>;

/** What a module that is made has of Python. */
export interface InlinePython {
  /**
   * As `slither_worker.view`: asks a view of this process while a function of the module runs. What is thrown has the `name` of Python's exception:
   * `ViewError`, `ViewRefusedError`, `ViewTimeoutError`.
   *
   * @param params the named arguments; `keys`, an array, asks for several at once.
   */
  readonly view: <Result = unknown>(
    name: string,
    params?: Readonly<Record<string, unknown>>,
  ) => Promise<Result>;
}

/** Options of `inline()`. */
export interface InlineOptions {
  /**
   * The modules by name. A function that makes a module is called once for each session that uses it, so that what it closes over is private to the
   * session, as a Python module's globals are. It is given `{ view }`, to ask views with.
   */
  modules: Readonly<Record<string, InlineModule | ((python: InlinePython) => InlineModule)>>;
  /**
   * What goes wrong, for tests of failures: called for each call and batch when the session comes to it; gives back `crash()`, `hang()`, `raise()`,
   * `shortResult()`, or nothing. Default: nothing goes wrong.
   */
  faults?: FaultFunction | undefined;
  /** As the option of the same name of `local()`. Default: none. */
  views?: readonly View[] | undefined;
}

const module = z.union(
  [
    z.custom<(python: InlinePython) => InlineModule>((value) => typeof value === "function"),
    z.record(
      z.string(),
      z.custom<InlineFunction>((value) => typeof value === "function"),
    ),
  ],
  { error: "an object of functions, or a function that makes one" },
);

export const inlineOptions = z.strictObject(
  {
    modules: z.record(z.string(), module, { error: "an object of modules" }),
    faults: callback<FaultFunction>("a function from a request to a fault, or nothing").optional(),
    views: viewList.default([]),
  },
  { error: "an object" },
);
