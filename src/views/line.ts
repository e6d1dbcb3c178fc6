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

/** How many questions are open in this process. */
let openCount = 0;

/** How many have been asked. */
let askedCount = 0;

/** Switching the storage costs more than most answers, so it stays on between questions that come one after the other. */
const REST_AFTER_MS = 50;
let rest: NodeJS.Timeout | undefined;

/** While a storage is in use, Node carries it through every promise of the process, which then costs about twice. */
function restLater(): void {
  if (rest !== undefined) return;
  const last = askedCount;
  rest = setTimeout(() => {
    rest = undefined;
    if (openCount > 0) return;
    if (askedCount === last) answering.disable();
    else restLater();
  }, REST_AFTER_MS).unref();
}

/** Which question each refusal was about. */
const refusals = new WeakMap<Error, OpenQuestion>();

/** Why whoever answers the question was not let into a line, where that is behind the error; it may have come out of a run, or have been wrapped on its way. */
export function refusalBehind(error: unknown, question: OpenQuestion): Error | undefined {
  const seen = new Set<unknown>();
  for (let each = error; each instanceof Error && !seen.has(each); each = each.cause) {
    if (refusals.get(each) === question) return each;
    seen.add(each);
  }
  return undefined;
}

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
    openCount += 1;
    askedCount += 1;
    return answering.run(question, work);
  }

  /** What is still done about the question keeps nobody waiting any more. */
  closed(question: OpenQuestion): void {
    if (!this.#questions.includes(question)) return;
    this.#questions = this.#questions.filter((other) => other !== question);
    openCount -= 1;
    if (openCount === 0) restLater();
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
    if (way !== undefined) {
      const refusal = new ViewRefusedError(wouldWait(question, what, this, way), question.view);
      refusals.set(refusal, question);
      throw refusal;
    }
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
