import { expect, test } from "vitest";
import { ForkserverKeeper } from "../../src/engines/local/forkserver-keeper.js";
import { testForkserver } from "../worker/workers.js";

test("a keeper that was closed gives no forkserver any more: it would be a dead one for ever", async () => {
  const keeper = new ForkserverKeeper(testForkserver, 0);
  await keeper.current;

  await keeper.close();

  await expect(keeper.current).rejects.toThrow("the forkserver was closed");
});
