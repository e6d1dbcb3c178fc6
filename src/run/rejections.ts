import { LetterWriter } from "../dead-letters/letter-writer.js";
import { RejectedStream } from "../dead-letters/rejected-stream.js";
import type { DeadLetterSink } from "../dead-letters/sink.js";
import type { Rejection } from "../stage/item.js";
import { RunConsumedError } from "./halted.js";
import { KEPT_REJECTIONS, TooManyRejectedError } from "./ledger.js";

/** Where the rejected records of a run go: to the sink, where there is one; to whoever iterates the stream; else they are kept, up to a bound. */
export class Rejections {
  /** Those that whoever iterates the stream is given next, now or later. */
  readonly kept: Rejection[] = [];
  readonly stream: RejectedStream;
  readonly #letters: LetterWriter | undefined;
  readonly #onHandedOver: (rejection: Rejection) => void;
  /** Those that the stream was given, and that are not to be given to it again. */
  readonly #streamed = new WeakSet<Rejection>();
  /** Those that the sink could not take. */
  readonly #unwritten = new WeakSet<Rejection>();
  readonly #failing = new AbortController();
  /** Aborted, with its error, when the sink has failed: a run that waits for its input would notice no sooner than that comes. */
  readonly failed: AbortSignal = this.#failing.signal;

  /** @param onHandedOver called for each rejection that is where it is to be. */
  constructor(
    about: { readonly run: string; readonly pipe: string },
    sink: DeadLetterSink | undefined,
    onHandedOver: (rejection: Rejection) => void = () => {},
  ) {
    this.#onHandedOver = onHandedOver;
    this.stream = new RejectedStream(this.kept, () => new RunConsumedError(about.pipe, "run.rejected"));
    const keep = (unwritten: readonly Rejection[], error: unknown): void => {
      for (const each of unwritten) {
        this.#unwritten.add(each);
        if (!this.#streamed.has(each)) this.stream.push(each);
      }
      this.#failing.abort(error);
    };
    const written = (rejections: readonly Rejection[]): void => {
      for (const each of rejections) onHandedOver(each);
    };
    this.#letters = sink && new LetterWriter(sink, about, { onWritten: written, onUnwritten: keep });
  }

  /** Those that nobody has: neither the sink, nor who has iterated the stream, nor who iterates it still and is given them. */
  get untaken(): readonly Rejection[] {
    if (this.stream.isIterated) return [];
    return this.kept.filter((each) => this.#letters === undefined || this.#unwritten.has(each));
  }

  /** @throws TooManyRejectedError when nobody takes it, and the run can keep no more. */
  add(rejection: Rejection): void {
    this.#letters?.add(rejection);
    if (this.stream.isIterated) {
      this.#streamed.add(rejection);
      this.stream.push(rejection);
    } else if (this.#letters === undefined) {
      if (this.kept.length >= KEPT_REJECTIONS) throw new TooManyRejectedError(KEPT_REJECTIONS, rejection);
      this.kept.push(rejection);
    }
    if (this.#letters === undefined) this.#onHandedOver(rejection);
  }

  /** To be awaited, when there is anything, before more is worked on. Rejects when the sink has failed. */
  room(): Promise<void> | undefined {
    return this.#letters?.room() ?? this.stream.room();
  }

  /** The run is over. Rejects with what the sink has failed with, also that it was not done when `tooLate` was aborted. */
  async end(tooLate: AbortSignal): Promise<void> {
    this.stream.end();
    await this.#letters?.end(tooLate);
  }
}
