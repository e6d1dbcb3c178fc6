import { statSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type Duration, duration, positiveInteger, type Size, size, text } from "../../options/fields.js";

/** Options of `local()`. */
export interface LocalOptions {
  /**
   * The Python interpreter: a path, or a name on PATH. Left out: `SLITHER_PYTHON`, an active `VIRTUAL_ENV`, `.slither/venv`, `.venv`, `python3`,
   * the first that is there.
   */
  python?: string | undefined;
  /** Folders with your own Python modules; searched after the standard library and before installed packages. Default: none. */
  pythonPath?: readonly (string | URL)[] | undefined;
  /** Environment variables of the workers, on top of this process's own. `undefined` takes one away. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Threads that numeric libraries (OpenMP, OpenBLAS, MKL, numexpr) use in each worker. Default 1: with several sessions the processes already
   * share the cores. Variables named in `env` win.
   */
  threads?: number | undefined;
  /** How long a worker, or the forkserver with the imports of `preload`, may take to become ready. Default `"30s"`. */
  startTimeout?: Duration | undefined;
  /**
   * Python modules that the forkserver imports once, in this order; sessions then have them from their start. Default: none. Where sessions are
   * started cold (see `forkserver`), each imports them when it first needs them.
   */
  preload?: readonly string[] | undefined;
  /** How many forks are kept ready for the next sessions. Default 1. */
  minIdle?: number | undefined;
  /**
   * Whether sessions are forked from a forkserver, and can be copied. Default true. Where that is not possible (it needs Linux, and a `preload`
   * that starts no threads) they are started cold all the same, each with an interpreter of its own, with a warning.
   */
  forkserver?: boolean | undefined;
  /**
   * From which size on arrays of numpy travel in shared memory and not through a socket, in both directions; `false`: none does, and `engine.share()`
   * keeps its elements here. Linux only; elsewhere, and where there is no room, they take the socket all the same. Default `{ from: "1MB" }`.
   */
  sharedMemory?: false | { readonly from?: Size | undefined } | undefined;
}

const folder = z
  .union([z.string(), z.instanceof(URL)], { error: "a folder: a path or a file: URL" })
  .refine((path) => typeof path === "string" || path.protocol === "file:", {
    error: "a path or a file: URL",
    abort: true,
  })
  .transform((path) => (path instanceof URL ? fileURLToPath(path) : resolve(path)))
  .refine((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true, {
    error: "a folder that exists",
  });

const environmentValue = z
  .string({ error: "a string or undefined" })
  .refine((value) => !value.includes("\0"), { error: "a string without a NUL character" });

export const localOptions = z.strictObject(
  {
    python: text("the path or name of a Python interpreter").optional(),
    pythonPath: z.array(folder, { error: "an array of folders" }).default([]),
    env: z
      .record(z.string(), environmentValue.optional(), {
        error: "an object of strings",
      })
      .default({}),
    threads: positiveInteger.default(1),
    startTimeout: duration.prefault("30s"),
    preload: z
      .array(text("the name of a Python module"), { error: "an array of names of Python modules" })
      .default([]),
    minIdle: z
      .int({ error: "an integer, 0 or more" })
      .nonnegative({ error: "an integer, 0 or more" })
      .default(1),
    forkserver: z.boolean({ error: "true or false" }).default(true),
    sharedMemory: z
      .union([z.literal(false), z.strictObject({ from: size.prefault("1MB") })], {
        error: 'false, or an object such as { from: "1MB" }',
      })
      .prefault({}),
  },
  { error: "an object" },
);
