import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";

// `venv.aside-<machine>-<process>-<random>` beside `venv`: whose it is can be read off its name. The machine,
// because a folder may be shared between containers, where a process number says nothing.
const MACHINE = hostname().replace(/[^A-Za-z0-9]/g, "_");

/** A path beside `folder`, on the same disk so that it can be renamed, that no other process uses. */
export function asidePath(folder: string): string {
  return `${folder}.aside-${MACHINE}-${process.pid}-${randomBytes(4).toString("hex")}`;
}

/** Removes what set-ups of `folder` that did not end left behind. Those of running processes are not touched. */
export async function removeLeftovers(folder: string): Promise<void> {
  const prefix = `${basename(folder)}.aside-${MACHINE}-`;
  const names = await readdir(dirname(folder)).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(prefix)) continue;
    const owner = Number.parseInt(name.slice(prefix.length), 10);
    if (!isRunning(owner)) await discard(join(dirname(folder), name));
  }
}

/** Removes a folder that nobody uses any more; what cannot be removed now is a leftover for the next time. */
export async function discard(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
