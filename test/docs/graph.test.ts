import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "../cli/command.js";
import { blocksOf, codeOf } from "./blocks.js";
import { page, ROOT } from "./pages.js";

const guide = page("docs/guides/graph.md");
const blocks = blocksOf(guide.text);

/** Each `npx slither graph …` of the guide, with the block behind it: what it prints. */
const commands = blocks.flatMap(({ language, lines: [line = ""] }, index) => {
  if (language !== "sh") return [];
  const [, , ...parameters] = line.split(" ");
  return [{ line, parameters, printed: `${blocks[index + 1]?.lines.join("\n")}\n` }];
});

let folder: string;

beforeAll(() => {
  mkdirSync(join(ROOT, ".slither/docs"), { recursive: true });
  folder = mkdtempSync(join(ROOT, ".slither/docs/graph-"));
  for (const { file, lines } of codeOf(guide).modules) writeFileSync(join(folder, file), lines.join("\n"));
  // The pipe of the example itself, in place of the one that the guide has of it.
  const example = JSON.stringify(join(ROOT, "examples/ml-scoring/scoring-pipe.ts"));
  writeFileSync(
    join(folder, "example.ts"),
    `import { featureCache, scoringPipe } from ${example};\nexport const scoring = scoringPipe(featureCache());\n`,
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(parameters: readonly string[]) {
  const env = { ...process.env, TSX_TSCONFIG_PATH: join(ROOT, "tsconfig.json") };
  return runCommand(parameters, { cwd: folder, env });
}

describe("commands of docs/guides/graph.md print what it says", () => {
  test.each(commands)("$line", async ({ parameters, printed }) => {
    const { exitCode, stdout } = await run(parameters);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: printed });
  });
});

test("the picture of ml_scoring is that of the example", async () => {
  const { stdout } = await run(["graph", "example.ts"]);
  expect(stdout).toBe(commands[0]?.printed);
});
