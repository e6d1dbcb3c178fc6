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
  const came = reply.batch as NonNullable<typeof reply.batch>;
  const { results, left } = came;
  // Where the function has set all of them aside, the last of these is missing.
  const short = results.length > 0 ? { results: results.slice(0, -1) } : { left: left.slice(0, -1) };
  return { ...reply, batch: { ...came, ...short } };
}
