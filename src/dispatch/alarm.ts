import type { Clock } from "../clock.js";

/** Calls when a time has come; there is one time at a time. */
export class Alarm {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #at: number | undefined;
  #sleep = new AbortController();

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** @param at on the clock; undefined: never. */
  set(at: number | undefined): void {
    if (at === this.#at) return;
    this.#sleep.abort();
    this.#at = at;
    if (at !== undefined) void this.#wait(at);
  }

  async #wait(at: number): Promise<void> {
    this.#sleep = new AbortController();
    const { signal } = this.#sleep;
    try {
      await this.#clock.sleep(Math.max(at - this.#clock.now(), 0), signal);
    } catch {
      return;
    }
    // A timer that has ended may be unset, or set anew, before it is noticed.
    if (signal.aborted) return;
    // It may be set to the same time again: timers may fire a little early.
    this.#at = undefined;
    this.#onDue();
  }
}
