import { test } from "vitest";
import { testEngine } from "../helpers/engine.js";
import { expectExactlyThePoisoned } from "../pipe/poison.js";
import { printedRandom } from "./random.js";

const RECORDS = 50_000;

test.each([
  { batchSize: 1 },
  { batchSize: 7 },
  { batchSize: 100 },
  { batchSize: 1_000 },
  { batchSize: 1, replicas: 2 },
  { batchSize: 7, replicas: 2 },
  { batchSize: 100, replicas: 2 },
  { batchSize: 1_000, replicas: 2 },
])(
  `of ${RECORDS} records exactly the 44 are rejected that raise, kill, eat memory or hang: batches of $batchSize, replicas: $replicas`,
  async (sizes) => {
    const engine = await testEngine({ limits: { memory: "200MB" } });
    const session = await engine.session({ id: "poisoned" });
    await expectExactlyThePoisoned(session, { ...sizes, records: RECORDS, random: printedRandom() });
  },
);
