import { memoryBound } from "./cgroup-limits.js";
import { type Check, checksOf } from "./check.js";
import type { Plan } from "./plan.js";
import type { ProcessMemory } from "./process-memory.js";
import type { System } from "./system.js";
import { size } from "./words.js";

export interface MemoryFacts {
  /** What can still be used without swapping or being killed. */
  readonly freeBytes: number;
  readonly machineBytes: number;
  /** The limit of the container; null: none. */
  readonly limitBytes: number | null;
  readonly limitFile: string | null;
}

export function readMemory(system: System): MemoryFacts {
  const meminfo = system.read("/proc/meminfo") ?? "";
  const machineFree = kilobytes(meminfo, "MemAvailable") ?? system.freeBytes;
  const bound = memoryBound(system.read);
  // One that is set to more than there is bounds nothing.
  const tight = bound !== undefined && bound.bytes < system.totalBytes ? bound : undefined;
  return {
    freeBytes: Math.min(machineFree, bound?.freeBytes ?? Number.POSITIVE_INFINITY),
    machineBytes: kilobytes(meminfo, "MemTotal") ?? system.totalBytes,
    limitBytes: tight?.bytes ?? null,
    limitFile: tight?.file ?? null,
  };
}

/** @param session what one session has that has only answered a call; null when that was not measured. */
export function checkMemory(facts: MemoryFacts, plan: Plan, session: ProcessMemory | null): Check[] {
  const { freeBytes, machineBytes, limitBytes, limitFile } = facts;
  const { ok, warning } = checksOf("memory");
  const whole =
    limitBytes === null
      ? `${size(machineBytes)}, all that the machine has`
      : `${size(limitBytes)}, the limit of the container (${limitFile})`;
  const available = ok("available", `${size(freeBytes)} free of ${whole}`);
  if (session === null) return [available];
  const fit = Math.floor(freeBytes / Math.max(1, session.privateBytes));
  const found = `${size(session.privateBytes)} of its own before it has loaded anything of yours: room for about ${fit}`;
  if (fit >= plan.sessions) return [available, ok("a session", found)];
  const fix = `local({ maxSessions: ${Math.max(1, fit)} }), or more memory, in a container with docker run --memory`;
  return [available, warning("a session", `${found}, not for ${plan.sessions}`, fix)];
}

function kilobytes(meminfo: string, field: string): number | undefined {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(meminfo)?.[1];
  return found === undefined ? undefined : Number(found) * 1024;
}
