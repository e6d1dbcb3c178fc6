import { expect, test } from "vitest";
import { answerOf } from "../../src/doctor/first-answer.js";
import type { WorkerProcess } from "../../src/worker/worker-process.js";

test("a time limit that is longer than any timer is not over at once", async () => {
  let answers = (): void => {};
  let wasKilled = false;
  const worker = {
    send: () => ({ reply: new Promise<void>((resolve) => (answers = resolve)) }),
    kill: () => (wasKilled = true),
    ended: Promise.resolve(),
  };

  const answer = answerOf(worker as unknown as WorkerProcess, 30 * 86_400_000);
  // Of two timers that are due at once the older comes first: one that Node cuts short would have ended the wait.
  setTimeout(() => answers(), 1);

  await expect(answer).resolves.toBe(undefined);
  expect(wasKilled).toBe(false);
});
