import { expect, test } from "vitest";
import { cgroupFolders } from "../../src/doctor/cgroup.js";
import { cpuBound, memoryBound, taskBound } from "../../src/doctor/cgroup-limits.js";
import { machine, version1, version2 } from "./machine.js";

const MB = 2 ** 20;

test("the second version: computing time, memory without what files have cached, tasks", () => {
  const { read } = machine(
    version2({
      "cpu.max": "150000 100000\n",
      "memory.max": `${512 * MB}\n`,
      "memory.current": `${200 * MB}\n`,
      "memory.stat": `anon 1\ninactive_file ${50 * MB}\nactive_file 3\n`,
      "pids.max": "256\n",
      "pids.current": "12\n",
    }),
  );

  expect(cpuBound(read)).toEqual({ file: "/sys/fs/cgroup/cpu.max", cores: 1.5 });
  expect(memoryBound(read)).toEqual({
    file: "/sys/fs/cgroup/memory.max",
    bytes: 512 * MB,
    freeBytes: 362 * MB,
  });
  expect(taskBound(read)).toEqual({ file: "/sys/fs/cgroup/pids.max", tasks: 256, used: 12 });
});

test("the first version: the same limits in its own files", () => {
  const { read } = machine(
    version1({
      "cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
      "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
      "memory/memory.limit_in_bytes": `${512 * MB}\n`,
      "memory/memory.usage_in_bytes": `${200 * MB}\n`,
      "memory/memory.stat": `inactive_file 1\ntotal_inactive_file ${50 * MB}\n`,
      "pids/pids.max": "100\n",
      "pids/pids.current": "7\n",
    }),
  );

  expect(cpuBound(read)).toEqual({ file: "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", cores: 0.5 });
  expect(memoryBound(read)).toMatchObject({ bytes: 512 * MB, freeBytes: 362 * MB });
  expect(taskBound(read)).toEqual({ file: "/sys/fs/cgroup/pids/pids.max", tasks: 100, used: 7 });
});

test.each([
  [
    "max, as the second version says it",
    version2({ "cpu.max": "max 100000\n", "memory.max": "max\n", "pids.max": "max\n" }),
  ],
  [
    "-1 and the largest number, as the first version says it",
    version1({
      "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
      "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
      "memory/memory.limit_in_bytes": "9223372036854771712\n",
      "pids/pids.max": "max\n",
    }),
  ],
  ["files that are missing", version2({})],
  ["files that are empty", version2({ "cpu.max": "", "memory.max": "", "pids.max": "" })],
  ["no control groups at all", {}],
])("%s is no limit", (_, files) => {
  const { read } = machine(files);
  expect([cpuBound(read), memoryBound(read), taskBound(read)]).toEqual([undefined, undefined, undefined]);
});

test("a limit of a group around that of the process holds too: the tightest counts", () => {
  const { read } = machine({
    ...version2({
      "cpu.max": "max 100000\n",
      "pods/cpu.max": "100000 100000\n",
      "pods/one/cpu.max": "400000 100000\n",
    }),
    "/proc/self/cgroup": "0::/pods/one\n",
  });

  expect(cpuBound(read)).toEqual({ file: "/sys/fs/cgroup/pods/cpu.max", cores: 1 });
});

test("a controller that is in the first version while others are in the second is found there", () => {
  const { read } = machine({
    "/proc/self/mountinfo":
      "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
    "/proc/self/cgroup": "1:cpu:/a\n0::/b/c\n",
  });

  expect(cgroupFolders(read, "cpu")).toEqual({
    version: 1,
    folders: ["/sys/fs/cgroup/cpu/a", "/sys/fs/cgroup/cpu"],
  });
  expect(cgroupFolders(read, "memory")).toEqual({
    version: 2,
    folders: ["/sys/fs/cgroup/unified/b/c", "/sys/fs/cgroup/unified/b", "/sys/fs/cgroup/unified"],
  });
});

test("a group that the mount does not show is looked for at its top; blanks in paths are read", () => {
  const mount = "30 24 0:26 /mine /sys/fs/cgroup\\040two rw - cgroup2 cgroup rw\n";
  const folders = (cgroup: string) =>
    cgroupFolders(machine({ "/proc/self/mountinfo": mount, "/proc/self/cgroup": cgroup }).read, "cpu")
      ?.folders;

  expect(folders("0::/other\n")).toEqual(["/sys/fs/cgroup two"]);
  expect(folders("0::/../..\n")).toEqual(["/sys/fs/cgroup two"]);
  expect(folders("0::/mine/a\n")).toEqual(["/sys/fs/cgroup two/a", "/sys/fs/cgroup two"]);
});
