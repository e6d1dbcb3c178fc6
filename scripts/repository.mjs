import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository, wherever a command was started. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A program that an npm dependency brings. @param {string} name */
export const npmProgram = (name) => join(ROOT, "node_modules", ".bin", name);
