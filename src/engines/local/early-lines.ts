import type { OnLine } from "../../worker/log-lines.js";

/** Keeps lines back until somebody can listen for them. */
export class EarlyLines {
  readonly #onLine: OnLine;
  #kept: Parameters<OnLine>[] | undefined = [];

  constructor(onLine: OnLine) {
    this.#onLine = onLine;
  }

  readonly give: OnLine = (stream, line) => {
    if (this.#kept === undefined) this.#onLine(stream, line);
    else this.#kept.push([stream, line]);
  };

  /** Hands out what was kept when the code that runs now is through; from then on every line as it comes. */
  release(): void {
    setImmediate(() => {
      const kept = this.#kept ?? [];
      this.#kept = undefined;
      for (const line of kept) this.#onLine(...line);
    });
  }
}
