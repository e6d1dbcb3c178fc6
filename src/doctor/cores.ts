import { cpuBound } from "./cgroup-limits.js";
import { type Check, checksOf } from "./check.js";
import type { Plan } from "./plan.js";
import type { System } from "./system.js";
import { count, short } from "./words.js";

export interface CoresFacts {
  /** What there is to share; may be a fraction. */
  readonly cores: number;
  readonly machine: number;
  /** What the scheduler lets this process run on (cpuset, taskset). */
  readonly affinity: number;
  /** The limit of computing time; null: none. */
  readonly quota: number | null;
  readonly quotaFile: string | null;
  /** Which of them decides. */
  readonly boundBy: "machine" | "affinity" | "quota";
}

export function readCores(system: System): CoresFacts {
  const { cpus: machine } = system;
  const affinity = allowedCores(system.read("/proc/self/status") ?? "") ?? system.parallelism;
  const bound = cpuBound(system.read);
  const cores = Math.min(machine, affinity, bound?.cores ?? Number.POSITIVE_INFINITY);
  const boundBy = cores === machine ? "machine" : cores === affinity ? "affinity" : "quota";
  return { cores, machine, affinity, quota: bound?.cores ?? null, quotaFile: bound?.file ?? null, boundBy };
}

export function checkCores(facts: CoresFacts, plan: Plan): Check[] {
  const { cores } = facts;
  const { ok, warning } = checksOf("cores");
  const { sessions, threads } = plan;
  const wanted = sessions * threads;
  const sum = `${count(sessions, "session")} x ${count(threads, "thread")} on ${count(Number(short(cores)), "core")}`;
  const name = "plan";
  const available = ok("available", describe(facts));
  if (wanted <= Math.max(1, cores)) return [available, ok(name, sum)];
  const found = `${sum}: ${wanted} threads that compute wait for each other`;
  return [available, warning(name, found, lighterPlans(facts, plan).join(", or "))];
}

/** What fits: fewer sessions, fewer threads, both, more cores. */
function lighterPlans({ cores, machine }: CoresFacts, { sessions, threads }: Plan): string[] {
  const fewerSessions = Math.floor(cores / threads);
  const fewerThreads = Math.floor(cores / sessions);
  const single = Math.max(1, Math.floor(cores));
  return [
    ...(fewerSessions > 0 ? [`local({ maxSessions: ${fewerSessions} })`] : []),
    ...(fewerThreads > 0 ? [`local({ threads: ${fewerThreads} })`] : []),
    ...(fewerThreads === 0 && threads > 1 ? [`local({ maxSessions: ${single}, threads: 1 })`] : []),
    ...(cores < machine ? ["more cores, in a container with docker run --cpus"] : []),
  ];
}

function describe({ cores, machine, affinity, quotaFile, boundBy }: CoresFacts): string {
  if (boundBy === "machine") return `${count(machine, "core")}, all that the machine has`;
  const of = `${short(cores)} of ${count(machine, "core")}`;
  if (boundBy === "affinity") return `${of}: this process may run on no others (cpuset, taskset)`;
  const others = affinity < machine ? `, on ${affinity} of them` : "";
  return `${of}: the container's limit of computing time${others} (${quotaFile})`;
}

/** How many are in `Cpus_allowed_list: 0-3,8`. */
function allowedCores(status: string): number | undefined {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
  return list?.split(",").reduce((sum, range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return sum + last - first + 1;
  }, 0);
}
