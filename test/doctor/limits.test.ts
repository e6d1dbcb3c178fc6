import { expect, test } from "vitest";
import { checkLimits } from "../../src/doctor/check-limits.js";
import { readLimits } from "../../src/doctor/limits.js";
import { machine, version2 } from "./machine.js";

const plan = { sessions: 10, threads: 1 };

function limits(files: string, processes: string): Record<string, string> {
  return {
    "/proc/self/limits": `Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max processes             ${processes.padEnd(20)} ${processes.padEnd(20)} processes
Max open files            ${files.padEnd(20)} 4096                 files
`,
    "/proc/self/fd/0": "",
    "/proc/self/fd/1": "",
  };
}

/** The check of that name. */
function check(name: string, facts: ReturnType<typeof readLimits>, sessions = plan.sessions) {
  return checkLimits(facts, { ...plan, sessions }).find((each) => each.name === name);
}

test("open files: how many sessions fit, and a problem when the plan does not", () => {
  const facts = readLimits(machine(limits("1024", "unlimited")));
  expect(facts.openFiles).toEqual({ soft: 1024, hard: 4096, used: 2 });
  expect(check("open files", facts)).toMatchObject({
    status: "ok",
    found:
      "1024 (hard limit 4096): enough for about 184 sessions, with 4 connections each, and 1 for its checkpoint",
  });
  expect(check("open files", facts, 185)).toMatchObject({
    status: "problem",
    fix: "ulimit -n 1027; in a container, docker run --ulimit nofile=1027",
  });
  expect(check("open files", readLimits(machine(limits("unlimited", "unlimited"))))).toMatchObject({
    status: "ok",
    found: "unlimited (hard limit 4096)",
  });
});

test("processes of the user: those of others do not count, threads do", () => {
  const files = {
    ...limits("1024", "30"),
    "/proc/10/status": "Uid:\t1000\t1000\t1000\t1000\nThreads:\t11\n",
    "/proc/11/status": "Uid:\t1000\t1000\t1000\t1000\nThreads:\t4\n",
    "/proc/12/status": "Uid:\t0\t0\t0\t0\nThreads:\t90\n",
  };
  const facts = readLimits(machine(files));
  expect(facts.userProcesses).toEqual({ soft: 30, used: 15 });
  expect(check("processes", facts, 7)).toMatchObject({
    status: "ok",
    found: "15 of 30 in use, threads among them: enough for about 7 sessions",
  });
  expect(check("processes", facts, 8)).toMatchObject({
    status: "problem",
    fix: "ulimit -u 32; in a container, docker run --ulimit nproc=32",
  });
  expect(readLimits(machine(files, { uid: 0 })).userProcesses).toBeNull();
});

test("tasks of the container: a problem when the plan does not fit, nothing when there is no limit", () => {
  const facts = readLimits(machine(version2({ "pids.max": "20", "pids.current": "14" })));
  expect(check("container tasks", facts)).toMatchObject({
    status: "problem",
    found: "14 of 20 in use, threads among them: enough for about 2 sessions (/sys/fs/cgroup/pids.max)",
    fix: "docker run --pids-limit=35 (Kubernetes: podPidsLimit of the kubelet)",
  });
  expect(check("container tasks", facts, 2)).toMatchObject({ status: "ok" });
  expect(check("container tasks", readLimits(machine(version2({ "pids.max": "max" }))))).toBeUndefined();
});

test("strict accounting of memory is a warning", () => {
  const facts = (mode: string) => readLimits(machine({ "/proc/sys/vm/overcommit_memory": `${mode}\n` }));
  expect(check("overcommit", facts("2"))).toMatchObject({
    status: "warning",
    fix: "sysctl vm.overcommit_memory=0, as root on the host",
  });
  expect(check("overcommit", facts("1"))).toMatchObject({ status: "ok" });
});

test("a system that tells none of this has none of these checks", () => {
  const facts = readLimits(machine());
  expect(facts).toEqual({ openFiles: null, userProcesses: null, tasks: null, overcommit: null });
  expect(checkLimits(facts, plan)).toEqual([]);
});
