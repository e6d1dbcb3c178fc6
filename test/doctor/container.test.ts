import { dirname } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { checkInit, readInit } from "../../src/doctor/init.js";
import { checkNode } from "../../src/doctor/node.js";
import { checkSharedMemory, readSharedMemory } from "../../src/doctor/shared-memory.js";
import { checkSockets, openSockets, socketFacts } from "../../src/doctor/sockets.js";
import type { System } from "../../src/doctor/system.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { machine } from "./machine.js";

const MB = 2 ** 20;

function shared(rest: Partial<System>) {
  return checkSharedMemory(readSharedMemory(machine({}, rest)), "linux")[0];
}

test.each([
  ["is missing", {}, "there is none", "mount -t tmpfs tmpfs /dev/shm, as root"],
  [
    "cannot be written to",
    { disk: disk(1024, 1024), writable: () => false },
    "not writable",
    "chmod 1777 /dev/shm, as root",
  ],
  [
    "has docker's default size",
    { disk: disk(64, 64) },
    "64 MB free of 64 MB, docker's default",
    "--shm-size=1g",
  ],
  ["is nearly full", { disk: disk(1024, 8) }, "8 MB free of 1 GB;", "delete what is left in /dev/shm"],
])("shared memory that %s is a warning", (_, rest, found, fix) => {
  const check = shared(rest);
  expect(check?.status).toBe("warning");
  expect(check?.found).toContain(found);
  expect(check?.fix).toContain(fix);
});

test("shared memory that is large enough is fine; where there is none by design, nothing is said", () => {
  expect(shared({ disk: disk(2048, 1536) })).toMatchObject({ status: "ok", found: "1.5 GB free of 2 GB" });
  expect(checkSharedMemory(null, "darwin")).toEqual([]);
});

test.each([
  ["Node itself", { pid: 1 }, {}, "process 1 is Node,"],
  ["another Node", {}, { "/proc/1/cmdline": "/usr/local/bin/node\0server.js\0" }, "process 1 is node,"],
  ["npm, which renames itself", {}, { "/proc/1/cmdline": "npm exec slither doctor" }, "process 1 is npm,"],
])("a first process that is %s is a warning", (_, rest, files, found) => {
  const [check] = checkInit(readInit(machine(files, rest)));
  expect(check).toMatchObject({
    status: "warning",
    fix: "docker run --init (compose: init: true), or start it by tini",
  });
  expect(check?.found).toContain(found);
});

test("a first process that is an init is fine", () => {
  const files = { "/proc/1/cmdline": "/sbin/docker-init\0--\0node\0server.js\0" };
  expect(checkInit(readInit(machine(files)))).toMatchObject([
    { status: "ok", found: "process 1 is docker-init" },
  ]);
  expect(checkInit(readInit(machine()))).toEqual([]);
});

test.each([
  ["20.19.0", "ok"],
  ["24.1.0", "ok"],
  ["20.18.9", "problem"],
  ["8.20.0", "problem"],
])("Node %s, where 20.19 is needed: %s", (version, status) => {
  expect(checkNode({ version, oldest: "20.19", path: "/usr/bin/node" })).toMatchObject({ status });
});

test("a folder for temporary files that is not there is a problem", async () => {
  temporary("/nowhere/at/all");
  const check = checkSockets(socketFacts(await openSockets()));
  expect(check).toMatchObject({ status: "problem" });
  expect(check.found).toMatch(/^no Unix socket can be made in \/nowhere\/at\/all: ENOENT/);
  expect(check.fix).toContain("TMPDIR");
});

test("one whose path is too long for a socket is left for another", async () => {
  temporary(`${temporaryFolder()}/${"long".repeat(30)}`);
  const sockets = await openSockets();
  const facts = socketFacts(sockets);
  if ("listener" in sockets) await sockets.listener.close();
  expect(facts.used).toBe("/tmp");
  expect(checkSockets(facts)).toMatchObject({ status: "ok" });
  expect(checkSockets(facts).found).toContain("too long");
});

test("one that can be used is named", async () => {
  const folder = temporaryFolder();
  temporary(folder);
  const sockets = await openSockets();
  if (!("listener" in sockets)) throw new Error(sockets.trouble);
  await sockets.listener.close();
  expect(dirname(sockets.listener.folder)).toBe(folder);
  expect(checkSockets(socketFacts(sockets))).toMatchObject({ status: "ok", found: `in ${folder}` });
});

function disk(megabytes: number, free: number): System["disk"] {
  return () => ({ bytes: megabytes * MB, freeBytes: free * MB });
}

function temporary(folder: string): void {
  vi.stubEnv("TMPDIR", folder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
}
