import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Mutant } from "./mutants.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SUBJECT = "test/testing/mutants/subject.ts";

/** Runs the subject in a copy of src/, with one replacement; gives the scenarios that failed there. @throws when the replacement does not fit. */
export async function failedInCopy(mutant?: Mutant): Promise<{ failed: string[]; messages: string }> {
  const folder = await mkdtemp(join(tmpdir(), "slither-mutant-"));
  try {
    await cp(join(ROOT, "src"), join(folder, "src"), { recursive: true });
    await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
    await cp(join(ROOT, "package.json"), join(folder, "package.json"));
    await mkdir(join(folder, SUBJECT, ".."), { recursive: true });
    await cp(join(ROOT, SUBJECT), join(folder, SUBJECT));
    if (mutant !== undefined) await mutate(folder, mutant);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--import", "tsx", SUBJECT], {
      cwd: folder,
      timeout: 60_000,
      env: { PATH: process.env.PATH },
    });
    return { failed: JSON.parse(stdout) as string[], messages: stderr };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function mutate(folder: string, { bug, file, find, replace }: Mutant): Promise<void> {
  const path = join(folder, "src", file);
  const text = await readFile(path, "utf8");
  const found = text.split(find).length - 1;
  if (found !== 1) {
    throw new Error(
      `mutant "${bug}": expected src/${file} to have this once, got it ${found} times; write the mutant anew for what the source is now:\n${find}`,
    );
  }
  await writeFile(
    path,
    text.replace(find, () => replace),
  );
}
