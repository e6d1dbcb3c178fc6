import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { findPython } from "../../src/environment/find.js";
import type { PageCode } from "./blocks.js";
import { ROOT } from "./pages.js";

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder in which the code of the pages is compiled and run. It is inside the repository, so that imports find what it has installed. */
export class Workshop implements AsyncDisposable {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(folder: string, python: string) {
    this.#folder = folder;
    // tsx reads the repository's tsconfig.json, which leads "slither-ts" to the sources: nothing has to be built.
    this.#env = { ...process.env, SLITHER_PYTHON: python, TSX_TSCONFIG_PATH: join(ROOT, "tsconfig.json") };
    // What the code prints must not depend on where the tests run.
    for (const name of ["FORCE_COLOR", "NODE_OPTIONS", "VITEST", "NODE_ENV"]) delete this.#env[name];
  }

  /** Writes out the code of every page. */
  static async open(pages: readonly PageCode[]): Promise<Workshop> {
    const python = await findPython({ cwd: ROOT });
    await mkdir(join(ROOT, ".slither/docs"), { recursive: true });
    const folder = await mkdtemp(join(ROOT, ".slither/docs/run-"));
    const workshop = new Workshop(folder, python.path);
    await workshop.#write("tsconfig.json", TSCONFIG);
    for (const { page, modules, python } of pages) {
      for (const { file, lines } of modules)
        await workshop.#write(join(folderOf(page), file), `${lines.join("\n")}\n`);
      for (const [file, text] of python) await workshop.#write(join(folderOf(page), file), text);
    }
    return workshop;
  }

  /** Compiles everything at once. */
  compile(): Promise<Outcome> {
    const compiler = join(ROOT, "node_modules/.bin/tsc");
    return run(compiler, ["-p", this.#folder, "--pretty", "false"], this.#folder, this.#env);
  }

  /** Runs modules of one page in one process, and gives what each printed. */
  async run(page: string, files: readonly string[]): Promise<{ outcome: Outcome; printed: string[] }> {
    const folder = join(this.#folder, folderOf(page));
    const paths = files.map((file) => join(folder, file));
    const runner = join(ROOT, "test/docs/run-modules.mjs");
    const mark = "-=#=- ";
    const outcome = await run(
      process.execPath,
      ["--import", join(ROOT, "node_modules/tsx/dist/loader.mjs"), runner, mark, ...paths],
      folder,
      this.#env,
    );
    const parts = outcome.stdout.split(mark).slice(1);
    return { outcome, printed: parts.map((part) => part.slice(part.indexOf("\n") + 1)) };
  }

  /** Runs a page's own tests with vitest, under the repository's settings. */
  async test(page: string): Promise<Outcome> {
    const folder = join(this.#folder, folderOf(page));
    const command = ["run", "--root", folder, "--config", join(ROOT, "vitest.config.ts")];
    return run(join(ROOT, "node_modules/.bin/vitest"), command, folder, this.#env);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #write(file: string, text: string): Promise<void> {
    const path = join(this.#folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

const TSCONFIG = JSON.stringify({
  extends: join(ROOT, "tsconfig.json"),
  // An example may name something and go no further.
  compilerOptions: { moduleDetection: "force", noUnusedLocals: false, noUnusedParameters: false },
  include: ["**/*.ts"],
});

/** `docs/guides/pipe.md` -> `docs-guides-pipe` */
export function folderOf(page: string): string {
  return page.replace(/\.md$/, "").replaceAll("/", "-");
}

function run(
  command: string,
  parameters: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd, env, timeout: 60_000, maxBuffer: 16 * 1024 * 1024 };
    execFile(command, [...parameters], options, (error, stdout, stderr) => {
      const code = error?.code;
      resolve({ exitCode: error ? (typeof code === "number" ? code : 1) : 0, stdout, stderr });
    });
  });
}
