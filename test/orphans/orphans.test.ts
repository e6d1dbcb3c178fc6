import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { processesWith, untilNoneWith } from "../helpers/marked.js";
import { type NodeScript, runScript } from "../helpers/node-script.js";
import { isGone } from "../helpers/processes.js";
import { temporaryFolder } from "../helpers/temporary.js";

/** Node with two sessions, a fork, a checkpoint, a child, a daemon and a call that runs; it has said so. */
async function family(how: string): Promise<Family> {
  const [mark, folder] = [`SLITHER_TEST_MARK=${randomUUID()}`, temporaryFolder()];
  const script = runScript("family", [how, folder], mark);
  const [worker, forkserver] = (await script.firstLine).split(" ").map(Number);
  return { script, mark, folder, worker: worker as number, forkserver: forkserver as number };
}

interface Family {
  readonly script: NodeScript;
  readonly mark: string;
  readonly folder: string;
  readonly worker: number;
  readonly forkserver: number;
}

async function expectNothingLeft({ mark, folder }: Family): Promise<void> {
  expect(await untilNoneWith(mark)).toEqual([]);
  expect(readdirSync(folder).filter((name) => name.startsWith("slither-"))).toEqual([]);
}

describe("no process and no folder is left", () => {
  test.each([
    ["calls process.exit()", "exit", 0],
    ["throws what nobody catches", "throw", 1],
    ["rejects what nobody catches", "reject", 1],
    ["closes its engine", "close", 0],
    ["has nothing more to do", "stop-calling", 0],
  ])("when Node %s", async (_, how, exitCode) => {
    const all = await family(how);

    expect(await all.script.ended).toBe(exitCode);

    await expectNothingLeft(all);
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL", "SIGSEGV"] as const)(
    "when Node ends by %s",
    async (signal) => {
      const all = await family("wait");
      expect(processesWith(all.mark).length).toBeGreaterThan(6);

      all.script.child.kill(signal);

      expect(await all.script.ended).toBe(signal);
      await expectNothingLeft(all);
    },
  );
});

describe("when the forkserver is killed", () => {
  test("its sessions end, and what they have started in their process groups", async () => {
    const { mark, forkserver, script } = await family("no-daemon");

    process.kill(forkserver, "SIGKILL");

    // Node itself, which goes on, and what runs its script.
    await expect.poll(() => processesWith(mark).length, { timeout: 10_000 }).toBe(1);
    script.child.kill("SIGTERM");
    await script.ended;
  });

  test("together with Node, its sessions end by the kernel", async () => {
    const { forkserver, script, worker } = await family("no-daemon");

    // One that is stopped cannot see the end of Node.
    process.kill(forkserver, "SIGSTOP");
    script.child.kill("SIGKILL");
    await script.ended;
    process.kill(forkserver, "SIGKILL");

    expect(await isGone(worker)).toBe(true);
  });
});
