import type { SentBatch } from "../sent-batch.js";
import { type Scenario, skipsWithoutBatches } from "./scenario.js";
import { struckOnce } from "./struck-once.js";

/** One batch comes back without its last result: no record may get the result of another, and none may be lost. */
export const shortResult: Scenario = {
  skips: skipsWithoutBatches,
  run: (stand) => struckOnce(stand, "records", cutShort),
};

async function cutShort(batch: SentBatch): ReturnType<SentBatch["send"]> {
  const reply = await batch.send();
  return { ...reply, value: (reply.value as readonly unknown[]).slice(0, -1) };
}
