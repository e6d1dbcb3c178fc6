import { describeEnding } from "../../worker/ending.js";
import type { ForkserverDeath } from "../../worker/forkserver.js";

/** What is no error but must be known, told as Node tells such things: on standard error, and as the event `warning` of `process`. */

const TYPE = "SlitherWarning";

/** Sessions cannot be forked, although nobody asked for that. */
export function warnOfColdStarts(reason: string, remedy: string): void {
  process.emitWarning(
    `sessions are started cold, each taking as long as its imports, and cannot be copied: ${reason}. ${remedy} \`forkserver: false\` to do without forks and this warning`,
    { type: TYPE, code: "SLITHER_COLD_START" },
  );
}

/** For example `the forkserver (process 12) died, killed by SIGKILL`. */
export function describeForkserverDeath(death: ForkserverDeath): string {
  return `the forkserver (process ${death.pid}) died, ${describeEnding(death)}`;
}

/** A forkserver died, and with it the sessions that were forked from it. */
export function warnOfForkserverDeath(death: ForkserverDeath): void {
  const lines = death.lastLines.map((line) => `\n  ${line}`).join("");
  process.emitWarning(
    `${describeForkserverDeath(death)}, and its sessions with it; the next session starts a new one${lines && `; it last wrote:${lines}`}`,
    { type: TYPE, code: "SLITHER_FORKSERVER_DIED" },
  );
}
