import type { Rejection } from "../stage/item.js";
import { type DeadLetter, letterOf } from "./letter.js";
import type { DeadLetterSink } from "./sink.js";

/** With so many letters handed over and not taken, there is no room for more. */
const UNWRITTEN_ROOM = 1_000;

/** Hands the rejections of one run to its sink, a few at a time. */
export class LetterWriter {
  readonly #sink: DeadLetterSink;
  readonly #about: { readonly run: string; readonly pipe: string };
  /** Gets the rejections that could not be written, and why. */
  readonly #onUnwritten: (rejections: readonly Rejection[], error: unknown) => void;
  #next: { rejection: Rejection; letter: DeadLetter }[] = [];
  #writing = new Set<Promise<void>>();
  #unwritten = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    sink: DeadLetterSink,
    about: { readonly run: string; readonly pipe: string },
    onUnwritten: (rejections: readonly Rejection[], error: unknown) => void,
  ) {
    this.#sink = sink;
    this.#about = about;
    this.#onUnwritten = onUnwritten;
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

  /** Resolves when everything is where it is to be. Rejects with what the sink has failed with. */
  async end(): Promise<void> {
    this.#write();
    await Promise.all(this.#writing);
    try {
      await this.#sink.close();
    } catch (error) {
      this.#failure ??= { error };
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #written(): Promise<void> {
    this.#write();
    await Promise.all(this.#writing);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #write(): void {
    const entries = this.#next;
    if (entries.length === 0) return;
    this.#next = [];
    this.#unwritten += entries.length;
    const writing = this.#handOver(entries.map(({ letter }) => letter))
      .catch((error: unknown) => {
        this.#failure ??= { error };
        this.#onUnwritten(
          entries.map(({ rejection }) => rejection),
          error,
        );
      })
      .finally(() => {
        this.#unwritten -= entries.length;
        this.#writing.delete(writing);
      });
    this.#writing.add(writing);
  }

  /** A sink of the user's may also throw at once. */
  async #handOver(letters: readonly DeadLetter[]): Promise<void> {
    await this.#sink.write(letters);
  }
}
