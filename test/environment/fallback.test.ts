import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CreateOptions, createEnvironment } from "../../src/environment/create.js";
import { Sandbox } from "./sandbox.js";

// Making an environment with pip takes 3 s, and many times that on a machine that is busy with other tests.
const SLOW = 120_000;

/** Makes an environment; gives back the result and what was reported. */
async function create(box: Sandbox, options: Partial<CreateOptions> = {}) {
  const lines: string[] = [];
  const report = (line: string) => lines.push(line);
  const made = await createEnvironment({ requirements: [], cwd: box.cwd, env: box.env, report, ...options });
  return { ...made, warning: lines.filter((line) => line.startsWith("Warning: ")).join("\n") };
}

describe("when the package index cannot be reached", () => {
  test(
    "the requirement that failed is named, and what to do, and nothing is left behind",
    async () => {
      using box = new Sandbox();
      box.python("path/python3");
      const env: NodeJS.ProcessEnv = {
        ...box.env,
        PIP_INDEX_URL: "http://127.0.0.1:9/simple",
        PIP_RETRIES: "1",
      };
      delete env.PIP_NO_INDEX;
      delete env.PIP_FIND_LINKS;
      const failed = create(box, { requirements: ["no-such-package-anywhere>=2"], folder: "made", env });
      const error = await failed.then(
        () => expect.fail("it was made"),
        (error: unknown) => error as Error,
      );
      expect(error).toMatchObject({ code: "SLITHER_ENVIRONMENT_SETUP", reason: "index-unreachable" });
      expect(error.message).toMatch(/could not install `(msgspec>=0\.20|no-such-package-anywhere>=2)`/);
      expect(error.message).toMatch(/network.*proxy.*PIP_INDEX_URL.*'no-such-package-anywhere>=2' --python/);
      expect(readdirSync(box.cwd)).toEqual(["path"]);
    },
    SLOW,
  );

  test("an interpreter that has everything is used instead, with a warning that names it", async () => {
    using box = new Sandbox();
    box.python("path/python3");
    const address = "http://127.0.0.1:9/simple/numpy/";
    box.uv(`[ "$1" = pip ] && { echo 'error: Failed to fetch: ${address}' >&2; exit 2; }`);
    const python = box.environment(".venv", { msgspec: "0.20.0", numpy: "2.1.0" });
    const made = await create(box, { requirements: ["numpy"] });
    expect(made).toMatchObject({ interpreter: python, outcome: "fallback" });
    expect(made.warning).toContain("could not install `numpy`");
    expect(made.warning).toContain("the package index could not be reached");
    expect(made.warning).toContain(`Using ${python}`);
    expect(made.warning).toContain(`SLITHER_PYTHON=${python}`);
  });
});

describe("when Python has no ensurepip", () => {
  test("the system package is named", async () => {
    using box = new Sandbox();
    box.pythonWithoutEnsurepip("path/python3");
    await expect(create(box, { requirements: ["no-such-package-anywhere"] })).rejects.toMatchObject({
      code: "SLITHER_ENVIRONMENT_SETUP",
      reason: "no-ensurepip",
      message: expect.stringMatching(/apt install python3\.\d+-venv/),
    });
  });

  test("uv does without", async () => {
    using box = new Sandbox();
    box.pythonWithoutEnsurepip("path/python3");
    box.uv();
    expect((await create(box)).outcome).toBe("created");
  });

  test("an interpreter that has everything is used instead", async () => {
    using box = new Sandbox();
    box.pythonWithoutEnsurepip("path/python3");
    const python = box.environment(".venv", { msgspec: "0.20.0" });
    expect(await create(box)).toMatchObject({ interpreter: python, outcome: "fallback" });
  });

  test("the environment of before is used when it has everything that is asked for now", async () => {
    using box = new Sandbox();
    box.python("path/python3");
    box.uv();
    const before = await create(box, { requirements: ["one"] });
    for (const name of ["msgspec", "one", "two"]) box.install(".slither/venv", name, "0.20.0");
    box.script("path/uv", "echo 'error: gone' >&2; exit 2");
    const made = await create(box, { requirements: ["two"] });
    expect(made).toMatchObject({ interpreter: before.interpreter, outcome: "fallback" });
  });

  test("every other Python on PATH is tried", async () => {
    using box = new Sandbox();
    box.pythonWithoutEnsurepip("path/python3");
    const python = box.environment("elsewhere", { msgspec: "0.20.0", only_here: "1.0" });
    box.script("path/python3.11", `exec '${python}' "$@"`);
    const made = await create(box, { requirements: ["only_here"] });
    expect(made).toMatchObject({ interpreter: python, outcome: "fallback" });
  });

  test("one that was named is not replaced by another", async () => {
    using box = new Sandbox();
    const python = box.pythonWithoutEnsurepip("named");
    box.environment(".venv", { msgspec: "0.20.0", only_here: "1.0" });
    await expect(create(box, { python, requirements: ["only_here"] })).rejects.toMatchObject({
      reason: "no-ensurepip",
    });
  });
});

describe("an interpreter that has everything", () => {
  const box = new Sandbox();
  let python: string;

  beforeAll(() => {
    box.pythonWithoutEnsurepip("path/python3");
    // With pip, which brings what reads versions.
    python = box.environment(".venv", { msgspec: "0.20.0", only_here: "2.1" });
    box.addPip(".venv");
  }, SLOW);
  afterAll(() => box[Symbol.dispose]());

  const uses = async (requirement: string) =>
    (await create(box, { requirements: [requirement] }).catch(() => undefined))?.interpreter === python;

  test("has the versions that are asked for", async () => {
    expect(await uses("only_here>=2,<3")).toBe(true);
    expect(await uses("Only.Here")).toBe(true);
    expect(await uses("only_here>=3")).toBe(false);
  });

  test("has every package, but for those that are not for this Python", async () => {
    expect(await uses("not_here")).toBe(false);
    expect(await uses("not_here; python_version < '3'")).toBe(true);
  });

  test("cannot be known to have extras, or what lies at an address", async () => {
    expect(await uses("only_here[more]")).toBe(false);
    expect(await uses("only_here @ file:///nowhere")).toBe(false);
    expect(await uses("./only_here")).toBe(false);
  });

  test("cannot be known to have a version when nothing there reads versions", async () => {
    using bare = new Sandbox();
    bare.pythonWithoutEnsurepip("path/python3");
    const path = bare.environment(".venv", { msgspec: "0.20.0", only_here: "2.1" });
    expect((await create(bare, { requirements: ["only_here"] })).interpreter).toBe(path);
    await expect(create(bare, { requirements: ["only_here>=2"] })).rejects.toThrow("ensurepip");
  });
});
