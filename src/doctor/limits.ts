import { taskBound } from "./cgroup-limits.js";
import type { System } from "./system.js";

/** What bounds the number of sessions; null is no limit, or none that this system tells. */
export interface LimitFacts {
  readonly openFiles: {
    readonly soft: number | null;
    readonly hard: number | null;
    readonly used: number;
  } | null;
  /** Of this user, threads count as processes. Null for root, who has no limit, and where there is none. */
  readonly userProcesses: { readonly soft: number; readonly used: number } | null;
  /** Of the container: processes and threads. */
  readonly tasks: { readonly max: number; readonly used: number; readonly file: string } | null;
  /** `vm.overcommit_memory` */
  readonly overcommit: number | null;
}

export function readLimits(system: System): LimitFacts {
  const limits = system.read("/proc/self/limits");
  const text = limits ?? "";
  const files = resource(text, "Max open files");
  const processes = resource(text, "Max processes");
  const task = taskBound(system.read);
  const overcommit = system.read("/proc/sys/vm/overcommit_memory");
  return {
    openFiles: limits === undefined ? null : { ...files, used: system.names("/proc/self/fd").length },
    userProcesses:
      processes.soft === null || system.uid === 0
        ? null
        : { soft: processes.soft, used: tasksOfUser(system) },
    tasks: task === undefined ? null : { max: task.tasks, used: task.used, file: task.file },
    overcommit: overcommit === undefined ? null : Number(overcommit),
  };
}

/** A line such as `Max open files            1024                 524288               files`. */
function resource(text: string, name: string): { soft: number | null; hard: number | null } {
  const [, soft, hard] = new RegExp(`^${name}\\s+(\\d+|unlimited)\\s+(\\d+|unlimited)`, "m").exec(text) ?? [];
  return { soft: bound(soft), hard: bound(hard) };
}

function bound(value: string | undefined): number | null {
  return value === undefined || value === "unlimited" ? null : Number(value);
}

function tasksOfUser({ uid, names, read }: System): number {
  return names("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => read(`/proc/${name}/status`) ?? "")
    .filter((status) => Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]) === uid)
    .reduce((sum, status) => sum + Number(/^Threads:\s+(\d+)/m.exec(status)?.[1] ?? 1), 0);
}
