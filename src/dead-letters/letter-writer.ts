import type { Rejection } from "../stage/item.js";
import { isAborted, untilStopped } from "../stopping.js";
import { DeadLetterError } from "./error.js";
import { type DeadLetter, letterOf } from "./letter.js";
import type { DeadLetterSink } from "./sink.js";

/** With so many letters handed over and not taken, there is no room for more. */
const UNWRITTEN_ROOM = 1_000;

export interface WriterOutcomes {
  /** Gets the rejections that the sink has taken. */
  onWritten(rejections: readonly Rejection[]): void;
  /** Gets those that could not be written, and why. */
  onUnwritten(rejections: readonly Rejection[], error: unknown): void;
}

/** Hands the rejections of one run to its sink, a few at a time. */
export class LetterWriter {
  readonly #sink: DeadLetterSink;
  readonly #about: { readonly run: string; readonly pipe: string };
  readonly #outcomes: WriterOutcomes;
  #next: { rejection: Rejection; letter: DeadLetter }[] = [];
  /** What the sink was given and has not taken. */
  readonly #writing = new Map<Promise<void>, readonly Rejection[]>();
  #unwritten = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    sink: DeadLetterSink,
    about: { readonly run: string; readonly pipe: string },
    outcomes: WriterOutcomes,
  ) {
    this.#sink = sink;
    this.#about = about;
    this.#outcomes = outcomes;
  }

  add(rejection: Rejection): void {
    // What a chunk rejects is written together, also where each record is decided on by itself.
    if (this.#next.length === 0) setImmediate(() => this.#write());
    this.#next.push({ rejection, letter: letterOf(rejection, { ...this.#about, time: new Date() }) });
  }

  /** Undefined when there is room; else resolves when there is. Rejects when the sink has failed. */
  room(): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    if (this.#unwritten + this.#next.length < UNWRITTEN_ROOM) return undefined;
    return this.#written();
  }

  /**
   * Resolves when everything is where it is to be. Rejects with what the sink has failed with; a sink that is not done when `tooLate` is aborted has failed.
   */
  async end(tooLate: AbortSignal): Promise<void> {
    this.#write();
    try {
      await untilStopped(this.#end(), tooLate);
    } catch (error) {
      if (isAborted(tooLate) && error === tooLate.reason) this.#giveUp();
      throw error;
    }
  }

  async #end(): Promise<void> {
    await Promise.all(this.#writing.keys());
    try {
      await this.#sink.close();
    } catch (error) {
      this.#failure ??= { error };
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #giveUp(): never {
    const unwritten = [...this.#writing.values()].flat();
    const expected =
      unwritten.length === 0
        ? "close() of the sink, which has taken all letters, to end"
        : `the sink to take ${unwritten.length} letters`;
    const kept = unwritten.length === 0 ? "" : "; they are in `rejected`";
    const problem = `expected ${expected} in time when the run was aborted or left, got no answer${kept}`;
    const error = new DeadLetterError({ file: this.#sink.file ?? "the dead-letter sink" }, problem);
    // What it says later changes nothing any more.
    this.#writing.clear();
    this.#outcomes.onUnwritten(unwritten, error);
    throw error;
  }

  async #written(): Promise<void> {
    this.#write();
    await Promise.all(this.#writing.keys());
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #write(): void {
    const entries = this.#next;
    if (entries.length === 0) return;
    this.#next = [];
    this.#unwritten += entries.length;
    const rejections = entries.map(({ rejection }) => rejection);
    const writing = this.#handOver(entries.map(({ letter }) => letter))
      .then(
        () => {
          if (this.#writing.has(writing)) this.#outcomes.onWritten(rejections);
        },
        (error: unknown) => {
          this.#failure ??= { error };
          if (this.#writing.has(writing)) this.#outcomes.onUnwritten(rejections, error);
        },
      )
      .finally(() => {
        this.#unwritten -= entries.length;
        this.#writing.delete(writing);
      });
    this.#writing.set(writing, rejections);
  }

  /** A sink of the user's may also throw at once. */
  async #handOver(letters: readonly DeadLetter[]): Promise<void> {
    await this.#sink.write(letters);
  }
}
