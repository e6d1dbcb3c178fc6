import { accessSync, constants, readdirSync, readFileSync, statfsSync } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";

/** What is looked at of the machine; tests put another in its place. */
export interface System {
  readonly platform: NodeJS.Platform;
  readonly pid: number;
  /** The user; undefined on systems without such ids. */
  readonly uid: number | undefined;
  /** How many cores the machine shows. */
  readonly cpus: number;
  /** How many of them Node would use. */
  readonly parallelism: number;
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** The text of a file; undefined when there is none, or none for this user. */
  read(path: string): string | undefined;
  /** The names in a folder; none when it cannot be read. */
  names(path: string): readonly string[];
  writable(path: string): boolean;
  /** The file system at a path; undefined when there is none. */
  disk(path: string): { readonly bytes: number; readonly freeBytes: number } | undefined;
}

export function thisSystem(): System {
  return {
    platform: process.platform,
    pid: process.pid,
    uid: process.getuid?.(),
    cpus: cpus().length,
    parallelism: availableParallelism(),
    totalBytes: totalmem(),
    freeBytes: freemem(),
    read: (path) => orUndefined(() => readFileSync(path, "utf8")),
    names: (path) => orUndefined(() => readdirSync(path)) ?? [],
    writable: (path) => orUndefined(() => accessSync(path, constants.W_OK) === undefined) ?? false,
    disk: (path) =>
      orUndefined(() => {
        const { bsize, blocks, bavail } = statfsSync(path);
        return { bytes: bsize * blocks, freeBytes: bsize * bavail };
      }),
  };
}

function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
