import { type Check, checksOf } from "./check.js";
import { type ImportFacts, LATE } from "./cold.js";
import type { ForkFacts } from "./forks.js";
import type { Measured } from "./measure.js";
import { size, time } from "./words.js";

const COLD = "sessions are started cold";
const LONGER = 'local({ startTimeout: "2m" }), here --start-timeout 2m';

/** What the measured starts say about `preload` and forking. */
export function checkForks({ cold, forks, trouble }: Measured, platform: NodeJS.Platform): Check[] {
  const { warning, problem } = checksOf("fork");
  const imports = cold?.imports.map(importCheck) ?? [];
  if (cold === null)
    return [
      problem(
        "start",
        `no worker starts: ${trouble}`,
        fixOfStart(trouble, "make an environment: npx slither setup"),
      ),
    ];
  if (trouble !== null)
    return [
      ...imports,
      problem(
        "start",
        `no session can be forked: ${trouble}`,
        fixOfStart(trouble, "preload fewer modules, or local({ forkserver: false })"),
      ),
    ];
  if (forks === null) {
    const fix = "use Linux, also in a container; local({ forkserver: false }) silences the warning";
    return [...imports, warning("possible", `no: it needs Linux, and this is ${platform}, so ${COLD}`, fix)];
  }
  return [...imports, forkserverCheck(forks), ...forkChecks(forks, cold.milliseconds)];
}

function importCheck({ module, milliseconds, bytes, trouble, install }: ImportFacts): Check {
  const { ok, problem } = checksOf("preload");
  if (milliseconds !== null)
    return ok(module, `${time(milliseconds)}${bytes === null ? "" : `, ${size(bytes)}`}`);
  const longer = trouble?.startsWith(LATE) ? `, or give it longer: ${LONGER}` : "";
  const fix =
    install === null
      ? `see what it does with python -c 'import ${module}', or leave it out of preload${longer}`
      : `${install}, or when it is yours, name its folder: local({ pythonPath }), here --python-path`;
  return problem(module, trouble ?? "", fix);
}

/** @param trouble which may be that it took too long, or what a process wrote before its end. */
function fixOfStart(trouble: string | null, otherwise: string): string {
  if (trouble?.includes("startTimeout")) return `give it longer: ${LONGER}`;
  return `mend what it says, or ${otherwise}`;
}

function forkserverCheck({ forkserver, startMilliseconds, unsafe }: ForkFacts): Check {
  const shared = unsafe === null ? ", shared by its forks" : "";
  const memory = forkserver === null ? "" : `, ${size(forkserver.residentBytes)}${shared}`;
  return checksOf("preload").ok("forkserver", `ready after ${time(startMilliseconds)}${memory}`);
}

function forkChecks({ unsafe, medianMilliseconds }: ForkFacts, cold: number | null): Check[] {
  const { ok, warning } = checksOf("fork");
  if (unsafe !== null || medianMilliseconds === null) {
    const fix = "leave the module that does this out of preload, or local({ forkserver: false })";
    const instead = cold === null ? COLD : `${COLD}, ${time(cold)} each`;
    return [warning("possible", `no: ${unsafe}; so ${instead}`, fix)];
  }
  const beside = cold === null ? "" : `; started cold, with the same imports, ${time(cold)}`;
  return [ok("possible", "yes"), ok("first answer", `${time(medianMilliseconds)} after a fork${beside}`)];
}
