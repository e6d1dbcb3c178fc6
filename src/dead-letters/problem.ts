import { dirname } from "node:path";
import { DeadLetterError } from "./error.js";

/** What the system said about a file, with what to do about it. @param what for example `be read` */
export function problemWithFile(file: string, what: string, error: unknown): DeadLetterError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new DeadLetterError({ file }, `expected a dead-letter file that can ${what}, ${got()}`, error);

  function got(): string {
    if (code === "ENOENT" && what === "be read") return "got no such file";
    if (code === "ENOENT" || code === "ENOTDIR")
      return `got no folder ${dirname(file)}; make it first, or name another file`;
    if (code === "EISDIR") return "got a folder; name a file in it";
    if (code === "EACCES" || code === "EPERM")
      return `got ${code}: this user may not; change the permissions, or name another file`;
    if (code === "ENOSPC" || code === "EDQUOT") return `got ${code}: the disk is full; make room`;
    return `got ${message}`;
  }
}
