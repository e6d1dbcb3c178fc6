import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder that is removed when its test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What `gate.wait(path)` waits for, so that a test and not a clock says how long a call runs. */
export function makeGate(): { path: string; open: () => Promise<void> } {
  const path = join(temporaryFolder(), "gate");
  execFileSync("mkfifo", [path]);
  return { path, open: () => writeFile(path, "") };
}
