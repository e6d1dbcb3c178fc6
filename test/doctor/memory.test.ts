import { expect, test } from "vitest";
import { checkMemory, readMemory } from "../../src/doctor/memory.js";
import { processMemory } from "../../src/doctor/process-memory.js";
import { machine, version2 } from "./machine.js";

const MB = 2 ** 20;
const GB = 2 ** 30;
const meminfo = { "/proc/meminfo": "MemTotal:       16777216 kB\nMemAvailable:    4194304 kB\n" };
const session = { residentBytes: 100 * MB, privateBytes: 4 * MB, proportionalBytes: 20 * MB };
const plan = { sessions: 2, threads: 1 };

test("without a limit what the kernel calls available is free", () => {
  const facts = readMemory(machine(meminfo));
  expect(facts).toEqual({ freeBytes: 4 * GB, machineBytes: 16 * GB, limitBytes: null, limitFile: null });
  expect(checkMemory(facts, plan, session)).toMatchObject([
    { status: "ok", found: "4 GB free of 16 GB, all that the machine has" },
    { status: "ok", found: "4 MB of its own before it has loaded anything of yours: room for about 1024" },
  ]);
});

test("a container's limit binds when it leaves less", () => {
  const limits = version2({ "memory.max": `${512 * MB}`, "memory.current": `${112 * MB}` });
  const facts = readMemory(machine({ ...meminfo, ...limits }));
  expect(facts).toMatchObject({ freeBytes: 400 * MB, limitBytes: 512 * MB });
  expect(checkMemory(facts, plan, null)).toMatchObject([
    { found: "400 MB free of 512 MB, the limit of the container (/sys/fs/cgroup/memory.max)" },
  ]);
});

test("a limit above what the machine has bounds nothing", () => {
  const facts = readMemory(machine({ ...meminfo, ...version2({ "memory.max": `${64 * GB}` }) }));
  expect(facts).toMatchObject({ freeBytes: 4 * GB, limitBytes: null, limitFile: null });
});

test("without /proc Node's own numbers are taken", () => {
  expect(readMemory(machine())).toMatchObject({ freeBytes: 10 * GB, machineBytes: 16 * GB });
});

test("sessions that do not fit are a warning", () => {
  const facts = readMemory(machine(version2({ "memory.max": `${10 * MB}` })));
  expect(checkMemory(facts, { sessions: 3, threads: 1 }, session)[1]).toMatchObject({
    status: "warning",
    found: "4 MB of its own before it has loaded anything of yours: room for about 2, not for 3",
    fix: "local({ maxSessions: 2 }), or more memory, in a container with docker run --memory",
  });
});

test("what is private to a process is told apart from what it shares", () => {
  const rollup = "Rss:      3000 kB\nPss:       900 kB\nPrivate_Clean:  100 kB\nPrivate_Dirty:  412 kB\n";
  const { read } = machine({ "/proc/7/smaps_rollup": rollup });
  expect(processMemory(read, 7)).toEqual({
    residentBytes: 3000 * 1024,
    privateBytes: 512 * 1024,
    proportionalBytes: 900 * 1024,
  });
  expect(processMemory(read, 8)).toBeNull();
});
