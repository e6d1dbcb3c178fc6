/** What a view's function gets beside the question. */
export interface ViewContext {
  /** The name of the view. */
  readonly view: string;
  /** The id of the session that asks. */
  readonly session: string;
  /** The run that asks: `run.id`. Undefined, like the other facts of a run, where it is asked from a call. */
  readonly run: string | undefined;
  readonly pipe: string | undefined;
  /** The stage whose function asks; of fused stages, the one that is at work. */
  readonly stage: string | undefined;
  /** What the run was given as `metadata`. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  /** The stores that the pipe uses. */
  readonly stores: Readonly<Record<string, unknown>> | undefined;
  /** How often the batch, or the call, was sent, this time included: what is tried again asks again. */
  readonly attempt: number;
  /** Aborted when the answer is wanted no more: its time is over, or what asks has ended. A copy of the context (`{ ...context }`) has none. */
  readonly signal: AbortSignal;
}

/** The context of a question. Its signal is made when it is read, by the class: objects with a getter of their own cost more than most answers. */
export class QuestionContext implements ViewContext {
  readonly view: string;
  readonly session: string;
  readonly run: string | undefined;
  readonly pipe: string | undefined;
  readonly stage: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  readonly stores: Readonly<Record<string, unknown>> | undefined;
  readonly attempt: number;
  readonly #question: Pick<ViewContext, "view" | "signal">;

  constructor(question: Pick<ViewContext, "view" | "signal">, asker: Asker, attempt: number) {
    this.view = question.view;
    this.session = asker.session;
    this.run = asker.run;
    this.pipe = asker.pipe;
    this.stage = asker.stage;
    this.metadata = asker.metadata;
    this.stores = asker.stores;
    this.attempt = attempt;
    this.#question = question;
  }

  get signal(): AbortSignal {
    return this.#question.signal;
  }
}

/** What a context says of who asks. */
export type Asker = Pick<ViewContext, "session" | "run" | "pipe" | "stage" | "metadata" | "stores">;

/** A call has nothing of a run. */
export function callOf(session: string): Asker {
  return {
    session,
    run: undefined,
    pipe: undefined,
    stage: undefined,
    metadata: undefined,
    stores: undefined,
  };
}
