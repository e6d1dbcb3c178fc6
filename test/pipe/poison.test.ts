import { test } from "vitest";
import { sharedEngine } from "../helpers/engine.js";
import { seeded } from "../soak/random.js";
import { expectExactlyThePoisoned } from "./poison.js";

const engine = sharedEngine({ limits: { memory: "200MB" } });

test.each([
  { batchSize: 1 },
  { batchSize: 7 },
  { batchSize: 100 },
  { batchSize: 1_000 },
  { batchSize: 7, replicas: 2 },
  { batchSize: 1_000, replicas: 2 },
])(
  "exactly those records are rejected that raise, kill, eat memory or hang: batches of $batchSize, replicas: $replicas",
  async (sizes) => {
    await using session = await engine().session();
    await expectExactlyThePoisoned(session, { ...sizes, records: 2_000, random: seeded(7) });
  },
);
