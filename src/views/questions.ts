import { ViewRefusedError } from "../errors/view.js";
import type { ViewHost } from "../view.js";
import { isPromise } from "./answers.js";
import { QuestionContext } from "./context.js";
import type { Askers, ViewDesk } from "./desk.js";
import { type Line, refusalBehind } from "./line.js";
import { Question } from "./question.js";

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
  readonly #open: Question[] = [];
  #attempts: number;

  constructor(parts: QuestionsParts) {
    this.#parts = parts;
    this.#attempts = parts.sentBefore ?? 0;
  }

  /** Answers one of them. Rejects with ViewRefusedError, ViewTimeoutError, and with what the view throws; where a refusal is behind that, with the refusal. */
  readonly host: ViewHost = async (asked) => {
    const { desk, askers = desk, session, line } = this.#parts;
    const asker = askers.asker(session, asked.step);
    const began = performance.now();
    let question: Question | undefined;
    let ok = false;
    try {
      const view = askers.viewFor(asked.name, asked.step);
      question = new Question(view, line);
      this.#open.push(question);
      const context = new QuestionContext(question, asker, this.#attempts);
      const given = question.answer(() => view.answer(asked, context));
      const answer = isPromise(given) ? await given : given;
      ok = true;
      return answer;
    } catch (error) {
      throw (question && refusalBehind(error, question)) ?? error;
    } finally {
      if (question !== undefined) this.#open.splice(this.#open.indexOf(question), 1);
      desk.events.emit("view-call", {
        session,
        run: asker.run,
        stage: asker.stage,
        view: asked.name,
        keys: asked.keys?.length,
        durationMs: performance.now() - began,
        ok,
      });
    }
  };

  /** The request is sent, for the first time or again. */
  sent(): void {
    this.#attempts += 1;
  }

  /** Nobody waits for the answers of those that are open. */
  drop(): void {
    for (const question of [...this.#open]) question.end(new ViewRefusedError(WANTED_NO_MORE, question.view));
  }
}
