import { AsyncLocalStorage } from "node:async_hooks";
import { ViewRefusedError } from "../errors/view.js";

/** A question that is not answered: until then its line stands still. */
export interface OpenQuestion {
  readonly view: string;
  readonly line: Line;
  /** In which lines whoever answers it waits, once for each time. */
  readonly waitsFor: Line[];
}

/** What answers a question knows it, however deep in its calls. */
const answering = new AsyncLocalStorage<OpenQuestion>();

/**
 * The line in front of one worker, as far as views are concerned: Python that has asked one does nothing else until it is answered, and so the line stands still.
 * Whoever answers, and waits in another line for that, makes one line wait for another; a circle of these would never move again.
 */
export class Line {
  readonly session: string;
  /** One, but for threads in Python. */
  #questions: readonly OpenQuestion[] = [];

  constructor(session: string) {
    this.session = session;
  }

  /** Does what answers the question, which is open from now on. */
  answer<Result>(question: OpenQuestion, work: () => Result): Result {
    this.#questions = [...this.#questions, question];
    return answering.run(question, work);
  }

  /** What is still done about the question keeps nobody waiting any more. */
  closed(question: OpenQuestion): void {
    this.#questions = this.#questions.filter((other) => other !== question);
  }

  /**
   * Said by whoever is going to wait in this line. Gives back what is to be called when the waiting is over; undefined for whoever does not answer a question.
   *
   * @param what is waited for, for example `model.predict`.
   * @throws ViewRefusedError when this line cannot move before the question is answered.
   */
  join(what: string): (() => void) | undefined {
    const question = answering.getStore();
    if (question === undefined || !question.line.#questions.includes(question)) return undefined;
    const way = this.#wayTo(question.line);
    if (way !== undefined) throw new ViewRefusedError(wouldWait(question, what, this, way), question.view);
    const { waitsFor } = question;
    waitsFor.push(this);
    return () => {
      waitsFor.splice(waitsFor.indexOf(this), 1);
    };
  }

  /** The views whose answers this line needs before the other one; none when it is the same line, undefined when it needs none. */
  #wayTo(other: Line): readonly string[] | undefined {
    if (this === other) return [];
    for (const { view, waitsFor } of this.#questions) {
      for (const line of waitsFor) {
        const way = line.#wayTo(other);
        if (way !== undefined) return [view, ...way];
      }
    }
    return undefined;
  }
}

function wouldWait(
  { view, line }: OpenQuestion,
  what: string,
  { session }: Line,
  way: readonly string[],
): string {
  const waits = `session ${line.session} waits for its answer`;
  const circle =
    way.length === 0
      ? waits
      : `${waits}, and session ${session}, through ${way.map((each) => JSON.stringify(each)).join(", ")}, for session ${line.session}`;
  return `view ${JSON.stringify(view)} cannot wait for ${what} of session ${session}: ${circle}; ask another session, or give what the view needs along with the question`;
}
