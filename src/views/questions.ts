import { ViewRefusedError } from "../errors/view.js";
import type { ViewHost, ViewQuestion } from "../view.js";
import type { Asker } from "./context.js";
import type { Askers, ViewDesk } from "./desk.js";
import type { Line } from "./line.js";
import { Question } from "./question.js";
import type { View } from "./view.js";

/** What questions fail with whose answers nobody waits for any more. */
const WANTED_NO_MORE = "what has asked is over";

/** What the questions of one request come with. */
export interface QuestionsParts {
  readonly desk: ViewDesk;
  /** Default: the desk, of which everything may be asked. */
  readonly askers?: Askers | undefined;
  readonly session: string;
  /** Where the request has its turn. */
  readonly line: Line;
  /** How often what is in it was sent before, in requests of their own. Default 0. */
  readonly sentBefore?: number | undefined;
}

/** The questions of one request, from when it is sent to its outcome. */
export class Questions {
  readonly #parts: QuestionsParts;
  #open: readonly Question[] = [];
  #attempts: number;

  constructor(parts: QuestionsParts) {
    this.#parts = parts;
    this.#attempts = parts.sentBefore ?? 0;
  }

  /** Answers one of them. Rejects with ViewRefusedError, ViewTimeoutError, and with what the view throws. */
  readonly host: ViewHost = async (asked) => {
    const { desk, askers = desk, session } = this.#parts;
    const asker = askers.asker(session, asked.step);
    const began = performance.now();
    let ok = false;
    try {
      const answer = await this.#answer(askers.viewFor(asked.name, asked.step), asked, asker);
      ok = true;
      return answer;
    } finally {
      const { run, stage } = asker;
      const durationMs = performance.now() - began;
      const about = { session, run, stage, view: asked.name, keys: asked.keys?.length };
      desk.events.emit("view-call", { ...about, durationMs, ok });
    }
  };

  /** The request is sent, for the first time or again. */
  sent(): void {
    this.#attempts += 1;
  }

  /** Nobody waits for the answers of those that are open. */
  drop(): void {
    for (const question of this.#open) question.end(new ViewRefusedError(WANTED_NO_MORE, question.view));
  }

  async #answer(view: View, asked: ViewQuestion, asker: Asker): Promise<unknown> {
    const question = new Question(view, this.#parts.line);
    const context = {
      view: view.name,
      ...asker,
      attempt: this.#attempts,
      get signal() {
        return question.signal;
      },
    };
    this.#open = [...this.#open, question];
    try {
      return await question.answer(() => view.answer(asked, context));
    } finally {
      this.#open = this.#open.filter((other) => other !== question);
    }
  }
}
