import { expect, test } from "vitest";
import { temporaryFolder } from "../../helpers/temporary.js";
import { loadAndKill, loadedRound } from "./loaded.js";

test("a load whose process is killed is kept as a whole or not at all: what is there is of one load", async () => {
  const path = temporaryFolder();
  let first = 0;
  for (const afterMs of [0, 4]) {
    const { kept, begun } = await loadAndKill(path, first, 3, afterMs);
    const round = await loadedRound(path);
    expect(round).toBeGreaterThanOrEqual(kept);
    expect(round).toBeLessThanOrEqual(begun);
    first = round + 1;
  }
});
