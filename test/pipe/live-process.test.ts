import { live, microBatch, pipe } from "slither-ts";
import { expect, test } from "vitest";
import { sharedEngine } from "../helpers/engine.js";
import { runScript } from "../helpers/node-script.js";
import { Broker } from "./broker.js";
import { upTo } from "./inputs.js";
import { killed } from "./killed.js";
import { consume } from "./runs.js";

const engine = sharedEngine();

const doubling = pipe<number>("p").python<number>("double", {
  module: "batch_fate",
  function: "double",
  batch: microBatch({ maxSize: 7, maxWait: "1ms" }),
});

test("when the process is killed in the middle of a run, each record is given out, and acknowledged, once", async () => {
  const session = await engine().session({ setup: () => {} });
  const broker = new Broker(upTo(300), { prefetch: 20 });
  const payloads: number[] = [];
  for await (const { payload } of doubling.run(live(broker.deliveries), { session })) {
    payloads.push(payload);
    if (payload === 200) await killed(engine(), session);
  }
  expect(payloads).toEqual(upTo(300).map((n) => n * 2));
  expect(broker.acked).toEqual(upTo(300));
  broker.expectToldOnce();
});

test("when the process dies of a record again and again, it and what was not given out are given back, with the death", async () => {
  const session = await engine().session({ setup: () => {} });
  const broker = new Broker(upTo(20));
  const run = pipe<number>("p")
    .python<number>("kill", { module: "batch_fate", function: "kill", batch: { size: 3 } })
    .run(live(broker.deliveries), { session });
  const { items } = await consume(run);
  expect(items.map(({ input }) => input)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(broker.acked).toEqual([0, 1, 2, 3, 4, 5]);
  expect(broker.nacked).toContain(7);
  expect(broker.told.find(({ record }) => record === 7)?.reason).toMatchObject({
    code: "SLITHER_WORKER_DIED",
  });
  broker.expectToldOnce();
});

test("a run that is left comes to its end although no answer does, and although nothing else keeps the program running", async () => {
  const script = runScript("leave-live-run", []);
  expect(await script.lines).toEqual(["stopped"]);
  expect(await script.ended).toBe(0);
});
