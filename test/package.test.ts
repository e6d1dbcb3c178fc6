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
