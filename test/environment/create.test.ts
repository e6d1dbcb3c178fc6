import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CreateOptions, createEnvironment } from "../../src/environment/create.js";
import { Sandbox } from "./sandbox.js";

const folderOf = (box: Sandbox) => box.path(".slither", "venv");
const create = (box: Sandbox, options: Partial<CreateOptions> = {}) =>
  createEnvironment({ requirements: [], cwd: box.cwd, env: box.env, ...options });
const run = (command: string, ...parameters: string[]) =>
  execFileSync(command, parameters, { encoding: "utf8" }).trim();

describe("made with venv and pip", () => {
  const box = new Sandbox();
  const lines: string[] = [];
  const python = join(folderOf(box), "bin", "python");
  // No process has this number: the largest that Linux gives is one less.
  const abandoned = box.path(".slither", `venv.aside-${hostname().replace(/[^A-Za-z0-9]/g, "_")}-4194304-ab`);

  beforeAll(async () => {
    box.python("path/python3");
    box.wheel("msgspec", "0.20.0");
    box.wheel("numpy", "2.1.0");
    mkdirSync(abandoned, { recursive: true });
    writeFileSync(join(abandoned, "pyvenv.cfg"), "");
    const made = await create(box, { requirements: ["numpy>=2"], report: (line) => lines.push(line) });
    expect(made).toEqual({ interpreter: python, outcome: "created" });
    // Making an environment with pip takes 5 s, and many times that on a machine that is busy with other tests.
  }, 120_000);
  afterAll(() => box[Symbol.dispose]());

  test("its Python knows its place after the rename", () => {
    expect(run(python, "-c", "import sys; print(sys.prefix)")).toBe(folderOf(box));
  });

  test("pip works, as a module and as a script", () => {
    expect(run(python, "-m", "pip", "--version")).toContain(folderOf(box));
    expect(run(join(folderOf(box), "bin", "pip"), "--version")).toContain(folderOf(box));
  });

  test("the scripts of packages work", () => {
    expect(run(join(folderOf(box), "bin", "numpy-command"))).toBe("ran numpy");
  });

  test("it holds what was asked for, and msgspec", () => {
    const program = "import numpy, msgspec; print(numpy.__version__, msgspec.__version__)";
    expect(run(python, "-c", program)).toBe("2.1.0 0.20.0");
  });

  test("every step and every line of pip was reported", () => {
    expect(lines[0]).toMatch(/^Making .*\.slither\/venv from Python 3\./);
    expect(lines).toContain("Installing msgspec>=0.20 numpy>=2");
    expect(lines.at(-1)).toContain("Successfully installed");
  });

  test("nothing is left beside it, not even what an earlier set-up abandoned", () => {
    expect(readdirSync(box.path(".slither"))).toEqual(["venv"]);
  });

  test("a second call does nothing: it succeeds without an index, and writes nothing", async () => {
    const env = { ...box.env, PIP_FIND_LINKS: "", PIP_INDEX_URL: "http://127.0.0.1:9/simple" };
    const before = readFileSync(join(folderOf(box), "slither-environment.json"), "utf8");
    const again = await create(box, {
      requirements: ["numpy>=2", "msgspec"],
      env,
      report: (line) => expect.fail(line),
    });
    expect(again).toEqual({ interpreter: python, outcome: "reused" });
    expect(readFileSync(join(folderOf(box), "slither-environment.json"), "utf8")).toBe(before);
  });
});

describe("made with uv, when there is one on PATH", () => {
  const uvCalls = (box: Sandbox) => readFileSync(box.path("uv.log"), "utf8").trim().split("\n");

  test("uv makes it and installs, and its Python knows its place", async () => {
    using box = new Sandbox();
    box.python("path/python3");
    box.uv();
    const { interpreter } = await create(box, { requirements: ["numpy"] });
    expect(uvCalls(box).map((call) => call.split(" ")[0])).toEqual(["venv", "pip"]);
    expect(run(interpreter, "-c", "import sys, numpy; print(sys.prefix)")).toBe(folderOf(box));
  });

  test("asking for one more package makes it again, and keeps those that were asked for before", async () => {
    using box = new Sandbox();
    box.python("path/python3");
    box.uv();
    await create(box, { requirements: ["one"] });
    const { interpreter, outcome } = await create(box, { requirements: ["two"] });
    expect(outcome).toBe("created");
    expect(run(interpreter, "-c", "import one, two; print('both')")).toBe("both");
    expect(readdirSync(box.path(".slither"))).toEqual(["venv"]);
  });

  test("asking again for what is there, in another order or in part, makes nothing", async () => {
    using box = new Sandbox();
    box.python("path/python3");
    box.uv();
    await create(box, { requirements: ["one", "two"] });
    expect((await create(box, { requirements: ["two", "one"] })).outcome).toBe("reused");
    expect((await create(box, { requirements: ["two"] })).outcome).toBe("reused");
  });

  test("a package that is asked for anew has the version that was asked for last", async () => {
    using box = new Sandbox();
    box.python("path/python3");
    box.uv();
    await create(box, { requirements: ["one>=1"] });
    await create(box, { requirements: ["one>=2"] });
    const stamp = JSON.parse(readFileSync(join(folderOf(box), "slither-environment.json"), "utf8"));
    expect(stamp.requirements).toEqual(["msgspec>=0.20", "one>=2"]);
  });

  test("an environment that was damaged is made again", async () => {
    using box = new Sandbox();
    box.python("path/python3");
    box.uv();
    const { interpreter } = await create(box);
    box.script(".slither/venv/bin/damaged", "exit 1");
    execFileSync("mv", [box.path(".slither/venv/bin/damaged"), interpreter]);
    expect(await create(box)).toEqual({ interpreter, outcome: "created" });
    expect(run(interpreter, "-c", "import msgspec; print('whole')")).toBe("whole");
  });

  test("one whose msgspec is too old for this worker is made again", async () => {
    using box = new Sandbox();
    box.python("path/python3");
    box.uv();
    const { interpreter } = await create(box);
    box.install(".slither/venv", "msgspec", "0.18.6");
    expect(await create(box)).toEqual({ interpreter, outcome: "created" });
    expect(run(interpreter, "-c", "import msgspec; print(msgspec.__version__)")).toBe("1.0");
  });

  test("one that was made for msgspec of any version is not made again for that", async () => {
    using box = new Sandbox();
    box.python("path/python3");
    box.uv();
    await create(box, { requirements: ["one"] });
    const file = join(folderOf(box), "slither-environment.json");
    const stamp = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ ...stamp, requirements: ["msgspec", "one"] }));
    expect((await create(box, { requirements: ["one"] })).outcome).toBe("reused");
    expect((await create(box, { requirements: ["msgspec"] })).outcome).toBe("reused");
  });

  test("a msgspec that no worker runs with is refused, by what was asked for, and nothing is left", async () => {
    using box = new Sandbox();
    box.python("path/python3");
    box.uv();
    await expect(create(box, { requirements: ["msgspec==0.18.6"] })).rejects.toMatchObject({
      code: "SLITHER_ENVIRONMENT_SETUP",
      reason: "install-failed",
      requirement: "msgspec==0.18.6",
      message:
        `expected \`msgspec>=0.20\` in ${folderOf(box)}, got msgspec 0.18.6; asked for was \`msgspec==0.18.6\`. ` +
        "Ask for another: npx slither setup 'msgspec>=0.20'",
    });
    expect(readdirSync(box.path(".slither"))).toEqual([]);
  });

  test("a step that fails leaves the environment of before as it was", async () => {
    using box = new Sandbox();
    box.python("path/python3");
    box.uv();
    const { interpreter } = await create(box);
    box.uv("[ $1 = pip ] && { echo 'error: the disk is full' >&2; exit 2; }");
    const failed = create(box, { requirements: ["numpy"] });
    await expect(failed).rejects.toMatchObject({
      code: "SLITHER_ENVIRONMENT_SETUP",
      reason: "install-failed",
      message: expect.stringContaining("the disk is full"),
    });
    expect(run(interpreter, "-c", "import msgspec; print('there')")).toBe("there");
    expect(readdirSync(box.path(".slither"))).toEqual(["venv"]);
  });
});

describe("what is in the way", () => {
  test("a folder that set-up did not make is never replaced, nor used", async () => {
    using box = new Sandbox();
    box.python("path/python3");
    box.environment("mine", { msgspec: "0.20.0" });
    await expect(create(box, { folder: "mine" })).rejects.toMatchObject({ reason: "folder-in-use" });
    expect(existsSync(box.path("mine", "pyvenv.cfg"))).toBe(true);
  });

  test("an option for pip is not a requirement", async () => {
    using box = new Sandbox();
    const failed = create(box, { requirements: ["--index-url=http://127.0.0.1:9"] });
    await expect(failed).rejects.toMatchObject({ reason: "invalid-requirement" });
  });

  test("a named interpreter that is too old fails before anything is made", async () => {
    using box = new Sandbox();
    box.python("path/python3");
    box.pretender("old", "3.8.18", null);
    await expect(create(box, { python: "./old" })).rejects.toMatchObject({
      code: "SLITHER_PYTHON_VERSION",
      source: "--python",
    });
    expect(existsSync(box.path(".slither"))).toBe(false);
  });

  test("a python3 that is too old is passed over for a newer one on PATH", async () => {
    using box = new Sandbox();
    box.pretender("path/python3", "3.8.18", null);
    box.python("path/python3.12");
    box.uv();
    expect((await create(box)).outcome).toBe("created");
    expect(readFileSync(box.path("uv.log"), "utf8")).toContain("path/python3.12");
  });
});
