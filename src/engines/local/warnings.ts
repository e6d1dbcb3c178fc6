/** What is wrong but no error, told as Node tells such things: once, on standard error, and as the event `warning` of `process`. */

const TYPE = "SlitherWarning";

/** Sessions cannot be forked, although that was not asked for. */
export function warnOfColdStarts(reason: string, remedy: string): void {
  process.emitWarning(
    `sessions are started cold, which takes as long as their imports, and cannot be copied: ${reason}. ${remedy}`,
    { type: TYPE, code: "SLITHER_COLD_START" },
  );
}

/** A forkserver died, and with it all sessions that were forked from it. */
export function warnOfDeath(death: string, lastLines: readonly string[]): void {
  const printed =
    lastLines.length === 0 ? "" : `; it last wrote:\n${lastLines.map((line) => `  ${line}`).join("\n")}`;
  process.emitWarning(`${death}; the next session starts a new one${printed}`, {
    type: TYPE,
    code: "SLITHER_FORKSERVER_DIED",
  });
}
