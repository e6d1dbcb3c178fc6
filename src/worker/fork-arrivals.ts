import type { Endings } from "./endings.js";
import { Fork, type ForkChannel } from "./fork.js";
import type { Listener } from "./listener.js";
import { Patience } from "./patience.js";
import { isStopped } from "./proc.js";

/** How long new processes of a forkserver are awaited while nothing is heard of any of them. */
export const FORK_TIMEOUT_MS = 10_000;

/** A forked process that was asked for. */
export interface ExpectedFork {
  /** What it must say to be known. */
  readonly token: string;
  readonly channels: readonly ForkChannel[];
  /** Resolves when it has connected. */
  readonly fork: Promise<Fork>;
  /** Turns it away, whether it has connected or not. */
  abandon(): void;
}

/** The processes of one forkserver on their way from being asked for to being there. */
export class ForkArrivals {
  readonly #listener: Listener;
  readonly #forkserver: number;
  readonly #endings: Endings;
  readonly #hold: () => () => void;
  readonly #patience: Patience;
  /** How to fail each that is awaited. */
  readonly #awaited = new Set<(error: Error) => void>();
  #closed = false;

  /**
   * @param forkserver its process id.
   * @param hold keeps Node running until the function that it gives back is called.
   */
  constructor(
    options: { readonly listener: Listener; readonly startTimeoutMs: number },
    forkserver: number,
    endings: Endings,
    hold: () => () => void,
  ) {
    this.#listener = options.listener;
    this.#forkserver = forkserver;
    this.#endings = endings;
    this.#hold = hold;
    this.#patience = new Patience(FORK_TIMEOUT_MS, Math.max(FORK_TIMEOUT_MS, options.startTimeoutMs));
  }

  expect(channels: readonly ForkChannel[]): ExpectedFork {
    const since = this.#endings.now;
    const { token, arrival, forget } = this.#listener.expect(channels);
    const { progress } = this.#listener;
    const parent = {
      endOf: (pid: number) => this.#endings.of(pid, since),
      isStopped: () => isStopped(this.#forkserver),
      hold: this.#hold,
      progress,
    };
    const fork = arrival.then((arrived) => {
      this.heard();
      return new Fork(arrived, parent);
    });
    fork.catch(() => {});
    const abandon = (): void => {
      forget();
      fork.then((late) => late.discard()).catch(() => {});
    };
    return { token, channels, fork, abandon };
  }

  /** Rejects, and turns the process away, when it does not come, or `exists` rejects. */
  async arrival(expected: ExpectedFork, exists: Promise<void>): Promise<Fork> {
    const release = this.#hold();
    const cancel = new AbortController();
    let fail: (error: Error) => void = () => {};
    const failure = new Promise<never>((_, reject) => {
      fail = reject;
    });
    this.#awaited.add(fail);
    if (this.#closed) fail(new Error("the forkserver is gone"));
    const given = this.#patience.isLost(cancel.signal).then(() => Promise.reject(this.#silence()));
    try {
      // In this order: connections are closed, too, when the process could not be made, and the answer says why.
      return await Promise.race([exists.then(() => expected.fork), failure, given]);
    } catch (error) {
      expected.abandon();
      throw error;
    } finally {
      this.#awaited.delete(fail);
      cancel.abort();
      release();
    }
  }

  /** One of them has come on, so it is worth while to wait for the others. */
  heard(): void {
    this.#patience.heard();
  }

  /** The forkserver is gone. */
  close(): void {
    this.#closed = true;
    for (const fail of this.#awaited) fail(new Error("the forkserver died meanwhile"));
  }

  #silence(): Error {
    const stopped = isStopped(this.#forkserver) ? ", which is stopped" : "";
    const seconds = FORK_TIMEOUT_MS / 1000;
    return new Error(
      `no new process within ${seconds} s from the forkserver (process ${this.#forkserver}${stopped})`,
    );
  }
}
