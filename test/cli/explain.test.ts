import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../helpers/temporary.js";
import { type Ended, runCommand } from "./command.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const ORDERS = `import { pipe } from ${JSON.stringify(join(ROOT, "src/index.ts"))};
export const orders = pipe("orders").python("price", { module: "prices", function: "of" });
`;

const EXPLANATION = `orders: 1 trip to Python
  ┌ to Python          batches of 250, 2 in flight for each process,
  │                    holds up to 64 MB, order: preserve
  │ price      python  prices.of, timeout 5 min
  └ to Node            results of price
`;

/** `slither explain` with the file `orders.ts`. */
function explain(text: string, parameters: readonly string[] = []): Promise<Ended> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(ROOT, "node_modules/tsx"), join(folder, "node_modules/tsx"));
  writeFileSync(join(folder, "orders.ts"), text);
  return runCommand(["explain", "orders.ts", ...parameters], { cwd: folder });
}

test("it prints how the pipe that the module exports is carried out", async () => {
  expect(await explain(ORDERS)).toEqual({ exitCode: 0, stdout: EXPLANATION, stderr: "" });
});

test("or the one of its pipes that --export names, alone on stdout", async () => {
  const text = `${ORDERS}export default pipe("first");\nconsole.log("noise");`;
  const ended = await explain(text, ["--export", "orders"]);
  expect(ended).toEqual({ exitCode: 0, stdout: EXPLANATION, stderr: "noise\n" });
});

test("it prints the data as JSON", async () => {
  const { stdout } = await explain(ORDERS, ["--format", "json"]);
  expect(JSON.parse(stdout)).toMatchObject({ name: "orders", trips: 1, operators: [{ trip: {} }] });
});

describe("what is wrong is said, and is exit code", () => {
  test("2: a format that there is not", async () => {
    const { exitCode, stdout, stderr } = await explain(ORDERS, ["--format", "mermaid"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain("text, json");
  });

  test("1: a module without a pipe", async () => {
    const { exitCode, stdout, stderr } = await explain("export const size = 3;");
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain("to export a pipe");
  });
});
