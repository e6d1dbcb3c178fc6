import { lstat, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

/**
 * Makes an environment that was built at `from` right for `to`, a path in the same folder, before it is renamed.
 *
 * Python itself finds its prefix from where its executable lies, so `python` and `python -m` need nothing. What
 * names the old path is the text of the scripts in bin/ (`#!` lines, `activate` and its prompt) and a note in
 * pyvenv.cfg. The name of `from` has to be one that occurs nowhere else, as those of `asidePath` do.
 */
export async function relocate(from: string, to: string): Promise<void> {
  const scripts = join(from, "bin");
  const files = (await readdir(scripts)).map((name) => join(scripts, name));
  for (const file of [...files, join(from, "pyvenv.cfg")]) await renameIn(file, basename(from), basename(to));
}

async function renameIn(file: string, old: string, name: string): Promise<void> {
  if (!(await lstat(file)).isFile()) return;
  const content = await readFile(file);
  // Programs are left alone: they are not found by a path that is written in them.
  if (content.includes(0) || !content.includes(old)) return;
  await writeFile(file, content.toString("utf8").replaceAll(old, name));
}
