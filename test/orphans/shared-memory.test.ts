import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { untilNoneWith } from "../helpers/marked.js";
import { runScript } from "../helpers/node-script.js";

/** The files without a name in shared memory that a process has open or mapped: they last as long as somebody has. */
function filesOf(pid: number): string[] {
  const open = readdirSync(`/proc/${pid}/fd`).map((name) => linkOf(`/proc/${pid}/fd/${name}`));
  const mapped = readFileSync(`/proc/${pid}/maps`, "utf8").match(/\/dev\/shm\/#\d+|\/memfd:slither/g) ?? [];
  return [...open, ...mapped].flatMap((file) => file.match(/\/dev\/shm\/#\d+|\/memfd:slither/) ?? []);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function everywhere(): string[] {
  return readdirSync("/proc")
    .map(Number)
    .filter(Boolean)
    .flatMap((pid) => {
      try {
        return filesOf(pid);
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}

test("nothing is left of shared memory when Node is killed in the middle of requests and answers", async () => {
  const mark = `SLITHER_TEST_MARK=${randomUUID()}`;
  const script = runScript("shared-memory", [], mark);
  const worker = Number(await script.firstLine);
  const files = [...filesOf(script.child.pid as number), ...filesOf(worker)].filter((file) =>
    file.startsWith("/dev/shm"),
  );
  expect(new Set(files).size).toBeGreaterThan(1);

  script.child.kill("SIGKILL");

  expect(await script.ended).toBe("SIGKILL");
  expect(await untilNoneWith(mark)).toEqual([]);
  expect(everywhere().filter((file) => files.includes(file))).toEqual([]);
});
