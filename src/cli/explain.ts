import type { PipeExplanation } from "../plan/explain/explanation.js";
import { explainText } from "../plan/explain/text.js";
import type { PipeChoice } from "./pipe-choice.js";
import { printPipe } from "./print-pipe.js";

/** The options of `slither explain`. */
export interface ExplainOptions extends PipeChoice {
  readonly format: keyof typeof FORMATS;
}

const FORMATS = {
  text: explainText,
  json: (explanation: PipeExplanation): string => JSON.stringify(explanation, undefined, 2),
};

/** Prints how a pipe that a module exports is carried out, and ends the process. */
export async function explain(path: string, options: ExplainOptions): Promise<void> {
  await printPipe(path, options, (pipe) => FORMATS[options.format](pipe.explain()));
}
