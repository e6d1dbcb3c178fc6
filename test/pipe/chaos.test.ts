import { expect, test } from "vitest";
import { testEngine } from "../helpers/engine.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { throughChaos, trainedPair } from "../soak/chaos.js";
import { seeded } from "../soak/random.js";
import { expectUndisturbed } from "../soak/undisturbed.js";

test.each([1, 2])(
  "2,000 records through each of two sessions at once, whose workers die 3 times (seed %i): as if they had not",
  async (seed) => {
    const engine = await testEngine({ preload: ["sklearn.linear_model"] });
    const sessions = await trainedPair(engine);
    const base = { records: 2_000, batchSize: 20, random: seeded(seed), folder: temporaryFolder() };
    const calm = await throughChaos(engine, sessions, { ...base, deaths: 0 });
    const chaotic = await throughChaos(engine, sessions, { ...base, deaths: 3 });
    expectUndisturbed(chaotic, calm, 3);
    expect(sessions.map(({ state }) => state)).toEqual(["ready", "ready"]);
  },
);
