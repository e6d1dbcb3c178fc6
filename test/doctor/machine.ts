import type { System } from "../../src/doctor/system.js";

const GB = 2 ** 30;

/** A Linux machine of 8 cores and 16 GB that has only these files. */
export function machine(files: Readonly<Record<string, string>> = {}, rest: Partial<System> = {}): System {
  return {
    platform: "linux",
    pid: 1234,
    uid: 1000,
    cpus: 8,
    parallelism: 8,
    totalBytes: 16 * GB,
    freeBytes: 10 * GB,
    read: (path) => files[path],
    names: (path) => [
      ...new Set(
        Object.keys(files)
          .filter((file) => file.startsWith(`${path}/`))
          .map((file) => file.slice(path.length + 1).split("/")[0] as string),
      ),
    ],
    writable: () => true,
    disk: () => undefined,
    ...rest,
  };
}

/** The files of a container under control groups of the second version. */
export function version2(limits: Readonly<Record<string, string>>): Record<string, string> {
  return {
    "/proc/self/mountinfo": "30 24 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - cgroup2 cgroup rw,nsdelegate\n",
    "/proc/self/cgroup": "0::/\n",
    ...under("/sys/fs/cgroup", limits),
  };
}

/** The files of a container under control groups of the first version, whose own group is not at the root. */
export function version1(limits: Readonly<Record<string, string>>): Record<string, string> {
  const mount = (folder: string, options: string): string =>
    `40 31 0:36 /docker/abc /sys/fs/cgroup/${folder} ro,relatime master:15 - cgroup cgroup rw,${options}\n`;
  return {
    "/proc/self/mountinfo": `22 1 8:1 / / rw - ext4 /dev/sda1 rw\n${mount("cpu,cpuacct", "cpu,cpuacct")}${mount("memory", "memory")}${mount("pids", "pids")}`,
    "/proc/self/cgroup":
      "7:pids:/docker/abc\n4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n",
    ...under("/sys/fs/cgroup", limits),
  };
}

function under(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
}
