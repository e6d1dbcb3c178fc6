import { ViewTimeoutError } from "../errors/view.js";
import { LONGEST_TIMER_MS } from "../options/fields.js";
import { isPromise } from "./answers.js";
import type { Line, OpenQuestion } from "./line.js";
import type { View } from "./view.js";

/** One question, from when it is asked to its answer, or until nobody waits for that. */
export class Question implements OpenQuestion {
  readonly view: string;
  readonly line: Line;
  readonly waitsFor: Line[] = [];
  readonly #timeoutMs: number;
  #controller: AbortController | undefined;
  /** Why the answer is wanted no more. */
  #over: Error | undefined;
  #reject: ((error: Error) => void) | undefined;

  constructor({ name, timeoutMs }: View, line: Line) {
    this.view = name;
    this.line = line;
    this.#timeoutMs = timeoutMs;
  }

  /** Made when somebody asks for it: most answers are there at once. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#over !== undefined) this.#controller.abort(this.#over);
    }
    return this.#controller.signal;
  }

  /**
   * What `work` gives back; a promise only where that is one. Throws, or rejects with, what it throws; rejects with ViewTimeoutError, and with what `end` is
   * called with.
   */
  answer(work: () => unknown): unknown {
    let isLater = false;
    try {
      const given = this.line.answer(this, work);
      isLater = isPromise(given);
      return isLater ? this.#inTime(given) : given;
    } finally {
      if (!isLater) this.line.closed(this);
    }
  }

  async #inTime(given: unknown): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    try {
      // What it rejects with when nobody waits for it any more is heard here all the same.
      return await new Promise((resolve, reject) => {
        this.#reject = reject;
        const late = (): void => this.end(new ViewTimeoutError(this.view, this.#timeoutMs));
        timer = setTimeout(late, Math.min(this.#timeoutMs, LONGEST_TIMER_MS));
        if (this.#over !== undefined) reject(this.#over);
        Promise.resolve(given).then(resolve, reject);
      });
    } finally {
      clearTimeout(timer);
      this.line.closed(this);
    }
  }

  /** The answer is wanted no more: `answer` rejects with this. */
  end(reason: Error): void {
    this.#over = reason;
    this.line.closed(this);
    // First: what the view makes of its signal is not the answer.
    this.#reject?.(reason);
    this.#controller?.abort(reason);
  }
}
