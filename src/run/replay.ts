import { resolve } from "node:path";
import { DeadLetterError } from "../dead-letters/error.js";
import type { DeadLetter } from "../dead-letters/letter.js";
import { readLetters } from "../dead-letters/read.js";
import type { DeadLetterSink } from "../dead-letters/sink.js";
import { OptionsError } from "../errors/options.js";
import type { PipePlan } from "../plan/plan.js";
import { fingerprintOf } from "../stage/fingerprint.js";
import { DEFAULT_ROUTE, type Item } from "../stage/item.js";
import { PassingItem } from "../stage/passing-item.js";
import type { MakeItem } from "./source.js";

/**
 * The input of a run over a dead-letter file.
 *
 * @throws OptionsError when the run would write to the file that it reads.
 */
export function replayed(
  where: string,
  file: string,
  from: "failed" | "start",
  plan: PipePlan,
  sink: DeadLetterSink | undefined,
): { input: AsyncIterable<DeadLetter>; makeItem: MakeItem } {
  const letters = readLetters(file);
  const input = from === "start" ? originsOf(letters) : letters;
  if (sink?.file === resolve(file)) {
    throw new OptionsError(where, [
      `expected \`deadLetter\` to be another file than the one that is read, got ${sink.file} for both`,
    ]);
  }
  const makeItem: MakeItem = (record) => {
    const letter = record as DeadLetter;
    return from === "start" ? fromStart(letter) : fromStage(letter, plan, file);
  };
  return { input, makeItem };
}

/**
 * Records that were made of one are run from the start as that one, and once. Ids may be equal: those of one id are told apart by what came in, and where that is
 * equal too, by how often the same part of it has failed.
 */
async function* originsOf(letters: AsyncIterable<DeadLetter>): AsyncGenerator<DeadLetter> {
  const counts = new Map<string, number>();
  const count = (...parts: unknown[]): number => {
    const key = JSON.stringify(parts);
    const next = (counts.get(key) ?? 0) + 1;
    counts.set(key, next);
    return next;
  };
  const given = new Map<string, number>();
  for await (const letter of letters) {
    const { id, origin, input } = letter;
    if (origin !== undefined) {
      const record = [origin, fingerprintOf(input, "replay")];
      const key = JSON.stringify(record);
      if (count(...record, id) <= (given.get(key) ?? 0)) continue;
      given.set(key, (given.get(key) ?? 0) + 1);
    }
    yield letter;
  }
}

function fromStart({ id, origin = id, input }: DeadLetter): Item {
  return { id: origin, payload: input, meta: {}, route: DEFAULT_ROUTE, input };
}

function fromStage(letter: DeadLetter, { stages }: PipePlan, file: string): Item {
  const { id, origin, stage: failedIn, entry: stage = failedIn, payload, meta } = letter;
  const index = stages.findIndex(({ name }) => name === stage);
  const failed = stages[index];
  if (failed === undefined) {
    throw new DeadLetterError(
      { file: resolve(file) },
      `expected record ${id} to have failed in one of the stages ${stages.map(({ name }) => name).join(", ")}, got ${stage}; replay it with the pipe that it is from, or with from: "start"`,
    );
  }
  const known = origin === undefined ? {} : { origin };
  const item = { id, ...known, payload, meta: { ...meta }, route: failed.line, input: inputOf(letter) };
  return index === 0 ? item : PassingItem.to(item, index);
}

/** The stage that a record failed in is not given its input: only who looks into one that could not be kept is to hear of that. */
function inputOf(letter: DeadLetter): unknown {
  try {
    return letter.input;
  } catch (error) {
    const refuse = (): never => {
      throw error;
    };
    // An object whatever is done to which throws. Printed as a part of an item, it shows the error.
    return new Proxy(error as DeadLetterError, new Proxy({}, { get: () => refuse }));
  }
}
