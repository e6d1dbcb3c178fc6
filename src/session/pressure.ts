import { LONGEST_TIMER_MS } from "../options/fields.js";

/** A request to stop may come while the code is where it must not be stopped (in an import), or be swallowed by it: it is repeated. */
const CANCEL_AGAIN_MS = 100;

/** What makes code stop that was asked to: it is asked again and again, and there is an end of waiting for it. */
export class Pressure {
  readonly #cancel: () => void;
  readonly #onGraceOver: () => void;
  #cancelling: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;
  #verdict: NodeJS.Immediate | undefined;

  constructor(parts: { cancel: () => void; onGraceOver: () => void }) {
    this.#cancel = parts.cancel;
    this.#onGraceOver = parts.onGraceOver;
  }

  /** Asks the code to stop, from now on. */
  ask(): void {
    this.#cancel();
    clearInterval(this.#cancelling);
    this.#cancelling = setInterval(this.#cancel, CANCEL_AGAIN_MS);
  }

  /** The time for stopping runs from now on, where it does not yet. */
  allowGrace(graceMs: number): void {
    this.#grace ??= setTimeout(
      () => {
        this.#grace = undefined;
        this.#verdict = onceRead(this.#onGraceOver);
      },
      Math.min(graceMs, LONGEST_TIMER_MS),
    );
  }

  end(): void {
    clearInterval(this.#cancelling);
    clearTimeout(this.#grace);
    clearImmediate(this.#verdict);
  }
}

/** Time is up: an answer may lie unread in the socket because Node was busy, and is read before anything is done about its lack. */
export function onceRead(act: () => void): NodeJS.Immediate {
  return setImmediate(act);
}
