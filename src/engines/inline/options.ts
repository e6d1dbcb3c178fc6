import { z } from "zod";

// biome-ignore lint/suspicious/noExplicitAny: a fake may have any parameters; what it is called with is the test's business.
export type InlineFunction = (...args: any[]) => unknown;

/** TypeScript functions by the names that Python functions would have. */
export type InlineModule = Readonly<Record<string, InlineFunction>>;

/** Options of `inline()`. */
export interface InlineOptions {
  /**
   * The modules by name. A function that makes a module is called once for each session that uses it, so that what it closes over is private to the
   * session, as a Python module's globals are.
   */
  modules: Readonly<Record<string, InlineModule | (() => InlineModule)>>;
}

const module = z.union(
  [
    z.custom<() => InlineModule>((value) => typeof value === "function"),
    z.record(
      z.string(),
      z.custom<InlineFunction>((value) => typeof value === "function"),
    ),
  ],
  { error: "an object of functions, or a function that makes one" },
);

export const inlineOptions = z.strictObject(
  { modules: z.record(z.string(), module, { error: "an object of modules" }) },
  { error: "an object" },
);
