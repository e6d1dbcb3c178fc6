import { ForkRefusedError } from "slither-ts";
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
      const after = await unlessRefused(() => session.fork());

      expect(await work(before)).toEqual(expected);
      if (after === "refused") return;
      expect(await work(after)).toEqual(expected);
      if ((await unlessRefused(() => session.checkpoint())) === "refused") return;
      await crash(engine(), session);
      expect(await work()).toEqual(expected);
    },
  );
});

/** Wheels of scikit-learn up to 1.7, the last for Python 3.10, bring an OpenMP library whose threads cannot be ended: then a fork must be refused. */
async function unlessRefused<Made>(make: () => Promise<Made>): Promise<Made | "refused"> {
  try {
    return await make();
  } catch (error) {
    expect(error).toBeInstanceOf(ForkRefusedError);
    expect((error as ForkRefusedError).reason).toMatch(
      /libgomp.* is older than OpenMP 5\.0, and has started threads/,
    );
    console.log((error as ForkRefusedError).message);
    return "refused";
  }
}
