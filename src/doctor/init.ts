import { basename } from "node:path";
import { type Check, checksOf } from "./check.js";
import type { System } from "./system.js";

/** Programs that start others and wait for no process but their own. */
const NO_INIT = new Set(["node", "nodejs", "npm", "npx", "pnpm", "yarn", "bun", "tsx"]);

export interface InitFacts {
  /** Whether this very process is the first of its container. */
  readonly isThisProcess: boolean;
  /** The first process, as far as it tells; null where that cannot be seen. */
  readonly command: string | null;
}

export function readInit(system: System): InitFacts {
  const words = system.read("/proc/1/cmdline")?.split(/[\0 ]/) ?? [];
  return { isThisProcess: system.pid === 1, command: words[0] ? basename(words[0]) : null };
}

export function checkInit({ isThisProcess, command }: InitFacts): Check[] {
  const { ok, warning } = checksOf("system");
  const name = "init";
  if (isThisProcess || (command !== null && NO_INIT.has(command))) {
    const found = `process 1 is ${isThisProcess ? "Node" : command}, which takes care of no orphans: processes stay as zombies when a forkserver is killed`;
    return [warning(name, found, "docker run --init (compose: init: true), or start it by tini")];
  }
  return command === null ? [] : [ok(name, `process 1 is ${command}`)];
}
