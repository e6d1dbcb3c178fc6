import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { local } from "slither-ts";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { FIXTURES, testEngine } from "../helpers/engine.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { testConformance } from "./conformance.js";

testConformance({
  name: "local",
  open: () => local({ pythonPath: [FIXTURES] }),
  processes: true,
  copies: process.platform === "linux",
});

testConformance({
  name: "local, with cold starts,",
  open: () => local({ pythonPath: [FIXTURES], forkserver: false }),
  processes: true,
  copies: false,
});

const THREAD_VARIABLES = [
  "OMP_NUM_THREADS",
  "OPENBLAS_NUM_THREADS",
  "MKL_NUM_THREADS",
  "NUMEXPR_NUM_THREADS",
];

function stubVariable(name: string, value: string): void {
  vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
}

describe.each([true, false])("the environment of workers (with forkserver: %s)", (forkserver) => {
  /** What these environment variables are in a worker. */
  async function variables(names: string[], options: Parameters<typeof local>[0] = {}): Promise<unknown[]> {
    const session = await (await testEngine({ forkserver, ...options })).session();
    return Promise.all(names.map((name) => session.call("process", "variable", [name])));
  }

  test("is that of this process, with what the option `env` adds, changes and takes away", async () => {
    stubVariable("SLITHER_TEST_KEPT", "kept");
    stubVariable("SLITHER_TEST_CHANGED", "before");
    stubVariable("SLITHER_TEST_TAKEN", "there");
    const env = { SLITHER_TEST_CHANGED: "after", SLITHER_TEST_TAKEN: undefined, SLITHER_TEST_ADDED: "added" };
    const names = ["KEPT", "CHANGED", "TAKEN", "ADDED"].map((name) => `SLITHER_TEST_${name}`);

    expect(await variables(names, { env })).toEqual(["kept", "after", null, "added"]);
  });

  test("gives numeric libraries one thread, whatever this process has", async () => {
    stubVariable("OMP_NUM_THREADS", "8");

    expect(await variables(THREAD_VARIABLES)).toEqual(["1", "1", "1", "1"]);
  });

  test("gives numeric libraries as many threads as the option says, but for those that `env` names", async () => {
    const options = { threads: 3, env: { MKL_NUM_THREADS: "2" } };

    expect(await variables(THREAD_VARIABLES, options)).toEqual(["3", "3", "2", "3"]);
  });

  test("does not have the token by which the worker was known", async () => {
    expect(await variables(["SLITHER_TOKEN"])).toEqual([null]);
  });
});

describe.each([true, false])("the option `pythonPath` (with forkserver: %s)", (forkserver) => {
  function folderWith(name: string, text: string): string {
    const folder = temporaryFolder();
    writeFileSync(join(folder, name), text);
    return folder;
  }

  test("takes paths, also relative ones, and URLs, and the first folder wins", async () => {
    const first = folderWith("place.py", "def name():\n    return 'first'\n");
    const second = folderWith("place.py", "def name():\n    return 'second'\n");
    const third = folderWith("third.py", "def name():\n    return 'third'\n");
    const engine = await testEngine({
      forkserver,
      pythonPath: [relative(process.cwd(), first), second, pathToFileURL(third)],
    });
    const session = await engine.session();

    expect(await session.call("place", "name")).toBe("first");
    expect(await session.call("third", "name")).toBe("third");
  });

  test("cannot take the place of the standard library, but can of an installed package", async () => {
    const folder = folderWith("json.py", "def dumps(value):\n    return 'mine'\n");
    writeFileSync(join(folder, "numpy.py"), "def where():\n    return 'mine'\n");
    const session = await (await testEngine({ forkserver, pythonPath: [folder] })).session();

    expect(await session.call("json", "dumps", [[]])).toBe("[]");
    expect(await session.call("numpy", "where")).toBe("mine");
  });

  test("is all of this project that a worker can import from", async () => {
    const session = await (await testEngine({ forkserver })).session();

    const path = await session.call<string[]>("process", "search_path");

    expect(path).toContain(FIXTURES);
    expect(path).not.toContain("");
    expect(path).not.toContain(process.cwd());
  });
});

describe("the folder of an engine's socket", () => {
  test("is for this user alone, and gone when the engine is closed", async () => {
    const folder = temporaryFolder();
    stubVariable("TMPDIR", folder);
    const engine = await testEngine();
    await engine.session();

    const [socketFolder, ...others] = readdirSync(folder);
    expect(others).toEqual([]);
    expect(statSync(join(folder, socketFolder as string)).mode & 0o777).toBe(0o700);

    await engine.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("is somewhere else when its path would be too long for a socket", async () => {
    const folder = join(temporaryFolder(), "x".repeat(120));
    mkdirSync(folder);
    stubVariable("TMPDIR", folder);

    const session = await (await testEngine()).session();

    expect(await session.call("echo", "echo", [1])).toBe(1);
  });
});
