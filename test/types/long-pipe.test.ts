import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { upTo } from "../pipe/inputs.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TYPESCRIPT = join(ROOT, "node_modules/typescript/bin/tsc");

/** How many types the compiler makes for one stage, at most: it was measured, and has room for half as many more. */
const MOST_PER_STAGE = 1_500;

/** Twice the stages may cost a little more than twice as much: the types of what is there are gone through again where outputs are added. */
const MOST_GROWTH = 2.5;

/** What the pipe is after six stages is what it was before. */
const SIX_STAGES = (n: number): string => `
  .node("check${n}", ({ text }, { id }) => (text === "" ? routeTo("empty") : { text, id }))
  .python<{ label: string; score: number }>("predict${n}", { module: "model", function: "predict" })
  .route("split${n}", [["low", ({ score }) => score < 0.5], ["high", ({ score }) => score > 0.9]])
  .branch("low", (low) => low.node("explain${n}", ({ label }) => ({ why: label })))
  .merge("merged${n}", ["low", "high"]).node("back${n}", (value) => ({ text: "why" in value ? value.why : value.label }))`;

/** A module with a pipe of so many stages, which reads its outputs. */
function moduleOf(stages: number): string {
  return `import { pipe, routeTo } from "slither-ts";
const long = pipe<{ text: string }>("long")${upTo(stages / 6)
    .map(SIX_STAGES)
    .join("")};
export const { outputs } = await long.run([{ text: "a" }]).collect();
export const texts: string[] = outputs.default.map(({ payload }) => payload.text);
// @ts-expect-error: it is merged again.
export const low = outputs.low;
`;
}

/** How many types the compiler makes of a module. */
async function instantiations(stages: number): Promise<number> {
  const folder = await mkdtemp(join(ROOT, "test/types/.long-pipe-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "long.ts"), moduleOf(stages));
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: "../../../tsconfig.json",
      compilerOptions: { noUnusedLocals: false },
      include: ["long.ts"],
    }),
  );
  const { stdout } = await promisify(execFile)(process.execPath, [
    TYPESCRIPT,
    "-p",
    folder,
    "--extendedDiagnostics",
    // Several checkers share the files, and count what both need twice.
    "--singleThreaded",
  ]);
  return Number(/Instantiations:\s+(\d+)/.exec(stdout)?.[1]);
}

test("a pipe of 60 stages costs the compiler twice what one of 30 does, and not much", {
  timeout: 120_000,
}, async () => {
  const none = await instantiations(0);
  const half = (await instantiations(30)) - none;
  const whole = (await instantiations(60)) - none;
  expect(whole / 60).toBeLessThan(MOST_PER_STAGE);
  expect(whole / half).toBeLessThan(MOST_GROWTH);
  expect(half).toBeGreaterThan(0);
});
