import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";

/** What stands at the same place in every file of LMDB. */
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;

/** Two pages begin a file, and no page is smaller. */
const LEAST_BYTES = 2 * 256;

/** Looks at what is in the folder before LMDB does, which ends the whole process when it finds files that are not its own. @throws Error. */
export function checkFiles(folder: string): void {
  accessSync(folder, constants.R_OK | constants.W_OK);
  for (const name of ["data.mdb", "lock.mdb"]) {
    const stats = statSync(join(folder, name), { throwIfNoEntry: false });
    if (stats !== undefined && !stats.isFile()) throw new Error(`expected ${name} to be a file`);
    if (name === "data.mdb" && stats !== undefined && stats.size > 0) checkMagic(join(folder, name));
  }
}

function checkMagic(path: string): void {
  const file = openSync(path, "r+");
  try {
    const start = Buffer.alloc(LEAST_BYTES);
    const isWhole = readSync(file, start) === LEAST_BYTES;
    if (!isWhole || start.readUInt32LE(MAGIC_AT) !== MAGIC)
      throw new Error("expected data.mdb to be a file of LMDB, got another");
  } finally {
    closeSync(file);
  }
}
