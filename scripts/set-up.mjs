import { ensureBuild } from "./build.mjs";
import { endWithChildren } from "./child.mjs";
import { ensureEnvironment } from "./python-environments.mjs";

/** What a program needs could not be set up. */
export class SetUpError extends Error {}

/** For a program that knows only from its command line whether it starts workers: builds dist/, and leads workers to their Python. */
export async function setUpWorkers() {
  const leaveSignals = endWithChildren();
  try {
    await ensureBuild();
    process.env.SLITHER_PYTHON = await ensureEnvironment();
  } catch (error) {
    throw new SetUpError(error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    leaveSignals();
  }
}
