import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { local, PipeHaltedError, PythonImportError } from "slither-ts";
import { expect, onTestFinished, test } from "vitest";
import { featureCache, scoringPipe } from "../../examples/ml-scoring/scoring-pipe.js";
import { rejection } from "../helpers/rejection.js";
import { temporaryFolder } from "../helpers/temporary.js";

const SCORER = fileURLToPath(new URL("../../examples/ml-scoring/python", import.meta.url));
const PYTHON = process.env.SLITHER_PYTHON ?? ".slither/venv/bin/python";

/** A real interpreter that has msgspec and numpy, lent from the tests' own, and nothing else. */
function bareInterpreter(): { python: string; env: { PYTHONPATH: string } } {
  const folder = temporaryFolder();
  execFileSync(PYTHON, ["-m", "venv", "--without-pip", join(folder, "venv")]);
  const [numpy] = execFileSync(PYTHON, ["-c", "import numpy; print(numpy.__file__)"], {
    encoding: "utf8",
  }).split("\n");
  const packages = dirname(dirname(numpy as string));
  const lent = join(folder, "lent");
  mkdirSync(lent);
  for (const name of readdirSync(packages)) {
    if (/^(numpy|msgspec)/.test(name)) symlinkSync(join(packages, name), join(lent, name));
  }
  return { python: join(folder, "venv", "bin", "python"), env: { PYTHONPATH: lent } };
}

test("on a Python without scikit-learn the run halts at once, and says what to install", async () => {
  const engine = await local({ ...bareInterpreter(), pythonPath: [SCORER] });
  onTestFinished(() => engine.close());
  const session = await engine.session({ id: "a" });
  const metadata = { modelId: "model", featureSet: "f" };

  const error = await rejection(
    scoringPipe(featureCache())
      .run([{ id: "one", data: { f1: 1 } }], { session, metadata })
      .collect(),
    PipeHaltedError,
  );

  expect(error.ledger).toMatchObject({ in: 1, out: 0, rejected: 0, unfinished: 1, balanced: true });
  expect(error.cause).toBeInstanceOf(PythonImportError);
  expect(error.message).toContain(
    "module ml_scorer needs sklearn, which is not installed: `npx slither setup scikit-learn` or `pip install scikit-learn`",
  );
});
