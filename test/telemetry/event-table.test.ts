import { pipe } from "slither-ts";
import { inline, recordEvents } from "slither-ts/testing";
import { expect, test } from "vitest";
import { ENGINE_EVENT_TABLE } from "../../src/telemetry/event-table.js";
import { upTo } from "../pipe/inputs.js";
import { haltOf } from "../pipe/runs.js";

test("an event carries the fields that the table says, and no others", async () => {
  const engine = inline({
    modules: {
      model: {
        predict: (payloads: number[]) => {
          if (payloads.includes(7)) throw new Error("seven");
          return payloads;
        },
      },
    },
  });
  const heard = recordEvents(engine);
  const session = await engine.session({ setup: () => {} });
  await expect(engine.session({ setup: () => Promise.reject(new Error("no")) })).rejects.toThrow("no");
  const scoring = pipe<number>("scoring").python<number>("predict", { module: "model", function: "predict" });
  await scoring.run(upTo(5), { session }).collect();
  await haltOf(scoring.run(upTo(8), { session }));
  await engine.close();
  const fields = new Map(heard.events.map(({ name, event }) => [name, Object.keys(event).sort()]));
  expect([...fields.keys()].sort()).toEqual([
    "batch-failure",
    "batch-start",
    "batch-stop",
    "run-failure",
    "run-start",
    "run-stop",
    "session-checkpoint-skip",
    "session-failure",
    "session-start",
    "session-stop",
    "stage-failure",
    "stage-start",
    "stage-stop",
  ]);
  for (const [name, carried] of fields)
    expect(carried, name).toEqual(Object.keys(ENGINE_EVENT_TABLE[name].fields).sort());
});
