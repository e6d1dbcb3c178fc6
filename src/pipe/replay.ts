import { resolve } from "node:path";
import { DeadLetterError } from "../dead-letters/error.js";
import type { DeadLetter } from "../dead-letters/letter.js";
import { readLetters } from "../dead-letters/read.js";
import type { DeadLetterSink } from "../dead-letters/sink.js";
import { OptionsError } from "../errors/options.js";
import { DEFAULT_ROUTE, type Item } from "../stage/item.js";
import { PassingItem } from "../stage/passing-item.js";
import type { PipePlan } from "./plan.js";
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
  const input = readLetters(file);
  if (sink?.file === resolve(file)) {
    throw new OptionsError(where, [
      `expected \`deadLetter\` to be another file than the one that is read, got ${sink.file} for both`,
    ]);
  }
  const stages = plan.stages.map((stage) => stage.name);
  const makeItem: MakeItem = (record) => {
    const letter = record as DeadLetter;
    return from === "start" ? fromStart(letter) : fromStage(letter, stages, file);
  };
  return { input, makeItem };
}

function fromStart({ id, input }: DeadLetter): Item {
  return { id, payload: input, meta: {}, route: DEFAULT_ROUTE, input };
}

function fromStage({ id, stage, input, payload, meta }: DeadLetter, stages: string[], file: string): Item {
  const index = stages.indexOf(stage);
  if (index < 0) {
    throw new DeadLetterError(
      { file: resolve(file) },
      `expected record ${id} to have failed in one of the stages ${stages.join(", ")}, got ${stage}; replay it with the pipe that it is from, or with from: "start"`,
    );
  }
  const item = { id, payload, meta: { ...meta }, route: DEFAULT_ROUTE, input };
  return index === 0 ? item : PassingItem.entering(item, index);
}
