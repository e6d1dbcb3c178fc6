import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { MINIMUM_MSGSPEC, MINIMUM_PYTHON_TEXT } from "../src/environment/worker-needs.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
const found = (text: string, pattern: RegExp): string | undefined => pattern.exec(text)?.[1];

test("both packages have the same version", () => {
  const python = found(read("python/src/slither_worker/__init__.py"), /__version__ = "(.+)"/);
  expect(python).toBe(JSON.parse(read("package.json")).version);
});

test("both sides ask for the same Python and the same msgspec", () => {
  const project = read("python/pyproject.toml");
  expect(found(project, /requires-python = ">=(.+)"/)).toBe(MINIMUM_PYTHON_TEXT);
  expect(found(project, /"msgspec>=(.+?)"/)).toBe(MINIMUM_MSGSPEC);
});

test("every entry of the package has a source, and its types beside it", () => {
  const { exports } = JSON.parse(read("package.json")) as { exports: Record<string, unknown> };
  const entries = Object.entries(exports).filter(([name]) => name !== "./package.json");
  expect(entries.map(([name]) => name)).toEqual([".", "./testing", "./durable", "./redis"]);
  for (const [name, target] of entries) {
    const file = name === "." ? "index" : name.slice(2);
    expect(target).toEqual({ types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` });
    expect(read(`src/${file}.ts`)).not.toBe("");
  }
});

test("a package that only some need is an optional peer, in a range that has the version of the tests", () => {
  const { peerDependencies, peerDependenciesMeta, devDependencies, dependencies } = JSON.parse(
    read("package.json"),
  );
  expect(Object.keys(peerDependencies)).toEqual(["@redis/client", "lmdb"]);
  for (const [name, range] of Object.entries<string>(peerDependencies)) {
    const major = /^\^(\d+)/.exec(devDependencies[name])?.[1];
    expect(range.split(" || ").at(-1)).toBe(`^${major}.0.0`);
    expect(peerDependenciesMeta[name]).toEqual({ optional: true });
    expect(dependencies[name]).toBeUndefined();
  }
});

test("the main entry loads no package that only some need", () => {
  const script = `
    import { register } from "node:module";
    const hook = "export async function resolve(name, context, next) { if (/^(lmdb|@redis)/.test(name)) throw new Error('loaded ' + name); return next(name, context); }";
    register("data:text/javascript," + encodeURIComponent(hook));
    await import("./src/index.ts");
    await import("./src/durable.ts");
    await import("./src/redis.ts");
  `;
  const command = ["--import", "tsx", "--input-type=module", "--eval", script];
  execFileSync(process.execPath, command, { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
});

test("the npm package holds the whole Python package, and nothing that Python has left beside it", () => {
  const pack = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const [packed] = JSON.parse(
    execFileSync("npm", pack, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );
  const files = (packed.files as { path: string }[])
    .map(({ path }) => path)
    .filter((path) => path.startsWith("python/src/"));
  const sources = readdirSync(new URL("../python/src/slither_worker", import.meta.url))
    .filter((name) => name !== "__pycache__")
    .map((name) => `python/src/slither_worker/${name}`);
  expect(files.sort()).toEqual(sources.sort());
});
