import { describe, expect, test } from "vitest";
import { crash } from "../helpers/crash.js";
import { sharedEngine } from "../helpers/engine.js";

const WORKLOADS = ["logistic_regression", "random_forest", "hist_gradient_boosting", "k_means", "matmul"];

describe.each([1, 2])("with %i threads", (threads) => {
  const engine = sharedEngine({ threads, preload: ["sklearn.ensemble", "sklearn.cluster"] });

  test.each(WORKLOADS)(
    "%s gives the same in forks from before and after it ran in their session, and in a session that came back",
    async (workload) => {
      const session = await engine().session();
      const before = await session.fork();
      const work = (where = session): Promise<unknown> =>
        where.call("workloads", workload, [], { timeout: "20s", idempotent: true });
      const expected = await work();
      const after = await session.fork();

      expect(await work(before)).toEqual(expected);
      expect(await work(after)).toEqual(expected);
      await session.checkpoint();
      await crash(engine(), session);
      expect(await work()).toEqual(expected);
    },
  );
});
