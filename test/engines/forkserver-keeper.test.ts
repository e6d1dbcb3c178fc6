import { expect, test } from "vitest";
import { ForkserverKeeper } from "../../src/engines/local/forkserver-keeper.js";
import type { Forkserver } from "../../src/worker/forkserver.js";
import { testForkserver } from "../worker/workers.js";

test("a keeper that was closed gives no forkserver any more: it would be a dead one for ever", async () => {
  const keeper = new ForkserverKeeper(testForkserver, 0);
  await keeper.current;

  await keeper.close();

  await expect(keeper.current).rejects.toThrow("the forkserver was closed");
});

test("a keeper does not wait for the forks of a forkserver that is stopped when it is closed", async () => {
  const start = async (): Promise<Forkserver> => {
    const forkserver = await testForkserver();
    process.kill(forkserver.pid, "SIGSTOP");
    return forkserver;
  };
  const keeper = new ForkserverKeeper(start, 2);
  const { forkserver } = await keeper.current;
  const began = performance.now();

  await keeper.close();

  expect(forkserver.dead).toBe(true);
  expect(performance.now() - began).toBeLessThan(8_000);
});
