import { constants } from "node:fs";
import { access, readdir, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";

/** The first executable file of that name on PATH, or undefined. */
export async function lookUpOnPath(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of foldersOf(env)) {
    const path = join(folder, name);
    if (await isExecutableFile(path)) return path;
  }
  return undefined;
}

/** Every `python3.N` on PATH, newest first, one for each N (the first on PATH, as a shell would choose). */
export async function versionedPythonsOnPath(env: NodeJS.ProcessEnv): Promise<string[]> {
  const found = new Map<number, string>();
  for (const folder of foldersOf(env)) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names) {
      const minor = Number(/^python3\.(\d+)$/.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(minor) || found.has(minor)) continue;
      const path = join(folder, name);
      if (await isExecutableFile(path)) found.set(minor, path);
    }
  }
  return [...found].sort(([one], [other]) => other - one).map(([, path]) => path);
}

// Relative entries (also the empty one, which means the current folder) are left out: what a program
// runs must not depend on the folder it was started in.
function foldersOf(env: NodeJS.ProcessEnv): string[] {
  return (env.PATH ?? "").split(":").filter((folder) => isAbsolute(folder));
}

async function isExecutableFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
