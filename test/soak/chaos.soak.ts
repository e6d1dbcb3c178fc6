import { test } from "vitest";
import { testEngine } from "../helpers/engine.js";
import { temporaryFolder } from "../helpers/temporary.js";
import { throughChaos, trainedPair } from "./chaos.js";
import { printedRandom } from "./random.js";
import { expectUndisturbed } from "./undisturbed.js";

const RECORDS = 200_000;
const DEATHS = 20;

test(`${RECORDS} records through each of two sessions at once, whose workers die ${DEATHS} times: as if they had not`, async () => {
  const engine = await testEngine({ preload: ["sklearn.linear_model"] });
  const sessions = await trainedPair(engine);
  const base = { records: RECORDS, batchSize: 100, random: printedRandom(), folder: temporaryFolder() };
  const calm = await throughChaos(engine, sessions, { ...base, deaths: 0 });
  const chaotic = await throughChaos(engine, sessions, { ...base, deaths: DEATHS });
  const [calmMs, chaoticMs] = [calm, chaotic].map((outcomes) =>
    Math.max(...outcomes.map(({ summary }) => summary.stats.durationMs)),
  );
  console.log(
    `undisturbed ${Math.round(calmMs as number)} ms, with deaths ${Math.round(chaoticMs as number)} ms`,
  );
  expectUndisturbed(chaotic, calm, DEATHS);
});
