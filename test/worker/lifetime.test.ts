import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { runScript } from "../helpers/node-script.js";
import { isAlive, isGone } from "../helpers/processes.js";
import { temporaryFolder } from "../helpers/temporary.js";

/** The folders of sockets that are in a folder. */
const socketFolders = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.startsWith("slither-"));

test.each([
  ["has nothing to do but a session that is open", "return", 0],
  ["has nothing more to do after a call", "call", 0],
  ["calls process.exit()", "exit", 0],
  ["throws what nobody catches", "throw", 1],
])("when Node %s, it ends and leaves no worker and no folder behind", async (_, what, exitCode) => {
  const folder = temporaryFolder();
  const script = runScript("open-session", [what, folder]);
  const pid = Number(await script.firstLine);

  expect(await script.ended).toBe(exitCode);

  expect(await isGone(pid)).toBe(true);
  expect(socketFolders(folder)).toEqual([]);
});

test("when Node ends, what a worker had started ends too", async () => {
  const script = runScript("open-session", ["child", temporaryFolder()]);
  const pid = Number(await script.firstLine);

  expect(await script.ended).toBe(0);

  expect(await isGone(pid)).toBe(true);
});

test.each([
  ["computes", "hold"],
  ["is idle", "stay"],
])("when Node is killed while its worker %s, the worker ends too", async (_, what) => {
  const script = runScript("open-session", [what, temporaryFolder()]);
  const pid = Number(await script.firstLine);
  expect(isAlive(pid)).toBe(true);

  script.child.kill("SIGKILL");

  expect(await script.ended).toBe("SIGKILL");
  expect(await isGone(pid)).toBe(true);
});

test("closing a session that was killed keeps Node running until it is closed, also when an answer came late", async () => {
  const script = runScript("close-after-late-answer", []);

  expect(await script.ended).toBe(0);

  expect(await script.lines).toEqual(["closed, lost"]);
});
