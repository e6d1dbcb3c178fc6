import { expect, test } from "vitest";
import { checkCores, readCores } from "../../src/doctor/cores.js";
import { planFor } from "../../src/doctor/plan.js";
import { machine, version2 } from "./machine.js";

const all = readCores(machine());
const half = readCores(machine(version2({ "cpu.max": "50000 100000" })));
const two = readCores(machine(version2({ "cpu.max": "200000 100000" })));

/** What is said of a plan. */
function judged(cores: typeof all, sessions: number, threads: number) {
  const [, plan] = checkCores(cores, { sessions, threads });
  return plan;
}

test("without a limit all cores of the machine are there", () => {
  expect(all).toMatchObject({ cores: 8, boundBy: "machine", quota: null });
  expect(checkCores(all, planFor(8, {}))).toEqual([
    {
      topic: "cores",
      name: "available",
      status: "ok",
      found: "8 cores, all that the machine has",
      fix: null,
    },
    { topic: "cores", name: "plan", status: "ok", found: "8 sessions x 1 thread on 8 cores", fix: null },
  ]);
});

test("the tightest of machine, affinity and quota binds, and is named", () => {
  const status = { "/proc/self/status": "Cpus_allowed_list:\t0-2,6\n" };
  const affinity = readCores(machine(status));
  const both = readCores(machine({ ...status, ...version2({ "cpu.max": "150000 100000" }) }));

  expect(affinity).toMatchObject({ cores: 4, boundBy: "affinity" });
  expect(checkCores(affinity, planFor(4, {}))[0]?.found).toBe(
    "4 of 8 cores: this process may run on no others (cpuset, taskset)",
  );
  expect(both).toMatchObject({ cores: 1.5, affinity: 4, boundBy: "quota" });
  expect(checkCores(both, planFor(1.5, {}))[0]?.found).toBe(
    "1.5 of 8 cores: the container's limit of computing time, on 4 of them (/sys/fs/cgroup/cpu.max)",
  );
});

test("where the system does not tell the affinity, Node does", () => {
  expect(readCores(machine({}, { parallelism: 3 }))).toMatchObject({ cores: 3, boundBy: "affinity" });
});

test("a plan has a session for each whole core, and at least one", () => {
  expect(planFor(2.9, {})).toEqual({ sessions: 2, threads: 1 });
  expect(planFor(0.5, {})).toEqual({ sessions: 1, threads: 1 });
  expect(planFor(8, { sessions: 3, threads: 2 })).toEqual({ sessions: 3, threads: 2 });
});

test("one session with one thread is fine on less than one core", () => {
  expect(judged(half, 1, 1)).toMatchObject({ status: "ok" });
});

test("more threads than cores are a warning that says what would fit", () => {
  expect(judged(two, 2, 2)).toMatchObject({
    status: "warning",
    found: "2 sessions x 2 threads on 2 cores: 4 threads that compute wait for each other",
    fix: "local({ maxSessions: 1 }), or local({ threads: 1 }), or more cores, in a container with docker run --cpus",
  });
  expect(judged(all, 9, 4)?.fix).toBe("local({ maxSessions: 2 }), or local({ maxSessions: 8, threads: 1 })");
  expect(judged(all, 9, 1)?.fix).toBe("local({ maxSessions: 8 })");
  expect(judged(all, 1, 9)?.fix).toBe("local({ threads: 8 })");
});
