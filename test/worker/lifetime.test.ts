import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runScript } from "../helpers/node-script.js";
import { isAlive, isGone } from "../helpers/processes.js";
import { temporaryFolder } from "../helpers/temporary.js";

/** The folders of sockets that are in a folder. */
const socketFolders = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.startsWith("slither-"));

const STARTS = ["forked", "cold"];

describe.each(STARTS)("with workers that are %s", (start) => {
  test.each([
    ["has nothing to do but a session that is open", "return", 0],
    ["has nothing more to do after a call", "call", 0],
    ["calls process.exit()", "exit", 0],
    ["throws what nobody catches", "throw", 1],
  ])("when Node %s, it ends and leaves no worker and no folder behind", async (_, what, exitCode) => {
    const folder = temporaryFolder();
    const script = runScript("open-session", [what, folder, start]);
    const pid = Number(await script.firstLine);

    expect(await script.ended).toBe(exitCode);

    expect(await isGone(pid)).toBe(true);
    expect(socketFolders(folder)).toEqual([]);
  });

  test("when Node ends, what a worker had started ends too", async () => {
    const script = runScript("open-session", ["child", temporaryFolder(), start]);
    const pid = Number(await script.firstLine);

    expect(await script.ended).toBe(0);

    expect(await isGone(pid)).toBe(true);
  });

  test.each([
    ["computes", "hold"],
    ["is idle", "stay"],
  ])("when Node is killed while its worker %s, the worker ends too", async (_, what) => {
    const script = runScript("open-session", [what, temporaryFolder(), start]);
    const pid = Number(await script.firstLine);
    expect(isAlive(pid)).toBe(true);

    script.child.kill("SIGKILL");

    expect(await script.ended).toBe("SIGKILL");
    expect(await isGone(pid)).toBe(true);
  });
});

test("when Node ends, copies end too", async () => {
  const script = runScript("open-session", ["copy", temporaryFolder(), "forked"]);
  const pid = Number(await script.firstLine);

  expect(await script.ended).toBe(0);

  expect(await isGone(pid)).toBe(true);
});

test("when Node is killed, the forkserver removes the folder of its socket", async () => {
  const folder = temporaryFolder();
  const script = runScript("open-session", ["stay", folder, "forked"]);
  await script.firstLine;
  expect(socketFolders(folder)).toHaveLength(1);

  script.child.kill("SIGKILL");

  await expect.poll(() => socketFolders(folder), { timeout: 10_000 }).toEqual([]);
});

test("closing a session keeps Node running until it is closed, also when an answer came late", async () => {
  const script = runScript("close-after-late-answer", []);

  expect(await script.ended).toBe(0);

  expect(await script.lines).toEqual(["closed, closed"]);
});
