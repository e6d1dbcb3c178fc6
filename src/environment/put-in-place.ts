import { readdir, rename } from "node:fs/promises";
import { EnvironmentSetupError } from "../errors/python-environment.js";
import { asidePath, discard } from "./aside.js";
import { readStamp } from "./stamp.js";

/**
 * Renames a finished environment to its place. There is no lock: whoever comes second while both build the same
 * (`isDone` says so) throws its own away; whoever comes second with something else replaces it, as the later of two
 * commands should. At every moment the place holds a whole environment or none.
 */
export async function putInPlace(
  aside: string,
  folder: string,
  isDone: () => Promise<boolean>,
): Promise<void> {
  for (;;) {
    if (await isDone()) return discard(aside);
    await requireReplaceable(folder);
    const old = asidePath(folder);
    const hadOld = await renamed(folder, old, "ENOENT");
    const placed = await renamed(aside, folder, "ENOTEMPTY", "EEXIST");
    if (hadOld) await discard(old);
    if (placed) return;
  }
}

/** @throws {@link EnvironmentSetupError} when the folder holds something that set-up did not make */
export async function requireReplaceable(folder: string): Promise<void> {
  if ((await readStamp(folder)) !== undefined) return;
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) =>
    error.code === "ENOENT" ? [] : [error.code ?? "?"],
  );
  if (entries.length === 0) return;
  throw new EnvironmentSetupError(
    `expected ${folder} to be missing, empty or made by slither setup, got something else there. ` +
      "Nothing was changed: give another folder with --path, or move that one away",
    { reason: "folder-in-use", folder },
  );
}

/** False when it failed with one of the codes: nothing there to rename, or another process put its own there first. */
async function renamed(from: string, to: string, ...expected: string[]): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (expected.includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}
