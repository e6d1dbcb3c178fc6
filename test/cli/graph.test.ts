import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary.js";
import { type Ended, runCommand } from "./command.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What the modules of these tests import: the sources, as one copy of the package. */
const PACKAGE = JSON.stringify(join(ROOT, "src/index.ts"));

const ORDERS = `import { pipe } from ${PACKAGE};
export const orders = pipe("orders").node("check", (order) => order);
`;

const PICTURE = "orders\n  input\n  check  node\n  └─ default → output\n";

/** A folder with such files, and `tsx` installed in it. */
function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(ROOT, "node_modules/tsx"), join(folder, "node_modules/tsx"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** `slither graph` with the file `orders.ts`, or another. */
function graph(text: string, parameters: readonly string[] = [], name = "orders.ts"): Promise<Ended> {
  return runCommand(["graph", name, ...parameters], { cwd: folderWith({ [name]: text }) });
}

test("it prints the pipe that the module exports", async () => {
  expect(await graph(ORDERS)).toEqual({ exitCode: 0, stdout: PICTURE, stderr: "" });
});

test("or the one of its pipes that --export names", async () => {
  const { stdout } = await graph(`${ORDERS}export default pipe("first");`, ["--export", "orders"]);
  expect(stdout).toBe(PICTURE);
});

test("it prints the pipe of a CommonJS module", async () => {
  const text = `exports.orders = require(${PACKAGE}).pipe("orders").node("check", (order) => order);`;
  expect(await graph(text, [], "orders.cjs")).toEqual({ exitCode: 0, stdout: PICTURE, stderr: "" });
});

describe("how it is printed", () => {
  test("as Mermaid", async () => {
    expect((await graph(ORDERS, ["--format", "mermaid"])).stdout).toBe(
      'flowchart TD\n  n0(["input"])\n  n1("check")\n  n2(["default"])\n  n0 --> n1\n  n1 --> n2\n',
    );
  });

  test("alone on stdout: what the module prints goes to stderr", async () => {
    const ended = await graph(`${ORDERS}console.log("noise");`);
    expect(ended).toEqual({ exitCode: 0, stdout: PICTURE, stderr: "noise\n" });
  });

  test("as JSON, whole, however long it is", async () => {
    const text = `const numbers = Array.from({ length: 600 }, (_, index) => index);
export default numbers.reduce((made, number) => made.node("stage " + number, (x) => x), orders);`;
    const { stdout } = await graph(`${ORDERS}${text}`, ["--format", "json"]);
    // More than a pipe holds.
    expect(stdout.length).toBeGreaterThan(2 ** 16);
    expect(JSON.parse(stdout).nodes).toHaveLength(603);
  });
});

test("it ends although the module keeps a timer and a server", async () => {
  const text = `${ORDERS}import { createServer } from "node:net";
createServer().listen(0);
setInterval(() => {}, 1_000);`;
  expect((await graph(text)).stdout).toBe(PICTURE);
});

test("it ends with its exit code when there is no pipe in a module that keeps a timer", async () => {
  const { exitCode, stderr } = await graph("setInterval(() => {}, 1_000);");
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining("no exports") });
});

describe("what is wrong is said, and is exit code", () => {
  test("2: a file that is not there", async () => {
    const { exitCode, stdout, stderr } = await runCommand(["graph", "./nowhere.ts"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(`expected a file that exists, got ${join(process.cwd(), "nowhere.ts")}`);
  });

  test("2: a format that there is not", async () => {
    const { exitCode, stderr } = await graph(ORDERS, ["--format", "svg"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("text, mermaid, json");
  });

  test("1: a module that throws, with its own error", async () => {
    const { exitCode, stdout, stderr } = await graph("throw new RangeError('bad setting');");
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(
      /^slither: expected \S+orders\.ts to be imported, got an error:\nRangeError: bad setting\n/,
    );
    expect(stderr).toMatch(/ at .*orders\.ts:1:7/);
  });

  test.each(["orders.ts", "orders.mjs"])("1: a module that waits for nothing, in %s", async (name) => {
    const { exitCode, stdout, stderr } = await graph("await new Promise(() => {});", [], name);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(
      /slither: expected \S+orders\.m?[tj]s to finish loading, got a top-level await that nothing resolves\n$/,
    );
  });

  test.each([
    ["orders.ts", 0],
    ["orders.mjs", 0],
    ["orders.mjs", 3],
  ])(
    "1: a module that ends the process while it is imported, in %s with exit code %i",
    async (name, code) => {
      const { exitCode, stdout, stderr } = await graph(`process.exit(${code});`, [], name);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toMatch(
        /^slither: expected \S+orders\.m?[tj]s to be imported, got an end of the process with exit code \d; call process\.exit\(\) where the module is run, not where it is imported\n$/,
      );
    },
  );

  test("1: a module that throws later, while it waits: what it has thrown, and no more", async () => {
    const { exitCode, stderr } = await graph(
      "setImmediate(() => { throw new RangeError('bad setting'); });\nawait new Promise(() => {});",
      [],
      "orders.mjs",
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain("RangeError: bad setting");
    expect(stderr).not.toContain("slither: ");
  });
});

describe("TypeScript without tsx", () => {
  const compiler = join(ROOT, "node_modules/.bin/tsc");
  const mayLoadTypeScript = process.allowedNodeEnvironmentFlags.has("--experimental-strip-types");

  /** What the import of `orders.ts` fails with, in a folder with these files and without tsx. */
  function failure(files: Readonly<Record<string, string>>, nodeFlags: readonly string[]): string {
    const folder = temporaryFolder();
    const flags = ["--target", "es2023", "--module", "nodenext", "--types", "node", "--skipLibCheck"];
    const typeRoots = ["--typeRoots", join(ROOT, "node_modules/@types")];
    const source = join(ROOT, "src/cli/graph-import.ts");
    execFileSync(compiler, ["--ignoreConfig", ...flags, ...typeRoots, "--outDir", folder, source]);
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const program = `import { importModule } from "./graph-import.js";
await importModule(${JSON.stringify(join(folder, "orders.ts"))}).catch(({ message }) => console.log(message));`;
    return execFileSync(process.execPath, [...nodeFlags, "--input-type=module", "--eval", program], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, NODE_OPTIONS: "" },
    });
  }

  test("on a Node that does not load it, it says what to install", () => {
    // Node 20 has no such flag, and does not load TypeScript.
    const nodeFlags = mayLoadTypeScript ? ["--no-experimental-strip-types"] : [];
    expect(failure({ "orders.ts": "export const size: number = 3;" }, nodeFlags)).toMatch(
      /^expected a Node that loads TypeScript, or tsx beside \S+orders\.ts, got Node \S+ alone; install it: npm install --save-dev tsx\n$/,
    );
  });

  describe.runIf(mayLoadTypeScript)("on a Node that loads it", () => {
    const load = (files: Readonly<Record<string, string>>) => failure(files, ["--experimental-strip-types"]);
    const hint = /or tsx beside \S+orders\.ts, got Node \S+ alone; install it: npm install --save-dev tsx\n/;

    test.each(["./stages.js", "./stages"])("it says so too for an import of stages.ts as %s", (name) => {
      const printed = load({
        "orders.ts": `import { size } from "${name}";\nexport const twice = 2 * size;`,
        "stages.ts": "export const size: number = 3;",
      });
      expect(printed).toMatch(hint);
      expect(printed).toContain("Cannot find module");
    });

    test("it says so too for what is more than types", () => {
      const printed = load({ "orders.ts": "export enum Size { small }" });
      expect(printed).toMatch(hint);
      expect(printed).toContain("ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX");
    });

    test("it does not for a file, or a package, that is not there at all", () => {
      for (const name of ["./nowhere.js", "no-such-package"])
        expect(load({ "orders.ts": `import "${name}";` })).toMatch(
          /^expected \S+ to be imported, got an error/,
        );
    });
  });
});
