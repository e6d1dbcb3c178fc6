import { setTimeout as delay, setImmediate as nextRound } from "node:timers/promises";
import type { ErrorMap } from "../wire/error-map.js";
import { packr, unpack } from "../wire/extensions.js";
import type { Frame } from "../wire/frame.js";
import { Kind } from "../wire/protocol.js";
import type { Ending } from "./ending.js";
import { Endings } from "./endings.js";
import { Fork, type ForkChannel, LIVE_CHANNELS } from "./fork.js";
import { killGroup } from "./kill-group.js";
import type { Listener } from "./listener.js";
import { isStopped } from "./proc.js";
import type { StartedProcess } from "./started-process.js";

/** How long forks may be awaited while nothing at all is heard of any. */
export const FORK_TIMEOUT_MS = 5_000;

/** How long a forkserver may take to kill what descends from it, and leave. */
const LEAVE_GRACE_MS = 2_000;

/** A forked process that was asked for. */
export interface ExpectedFork {
  readonly token: string;
  readonly channels: readonly ForkChannel[];
  /** Resolves when it has connected. */
  readonly fork: Promise<Fork>;
  /** Turns it away, whether it has connected or not. */
  abandon(): void;
}

/** How a forkserver ended. */
export interface ForkserverDeath extends Ending {
  readonly pid: number;
  readonly lastLines: readonly string[];
}

/**
 * The process that has the libraries imported, seen from Node: it forks workers, adopts the copies that workers make of themselves, and tells how all
 * of them end. It keeps Node running only while a fork is awaited.
 */
export class Forkserver {
  readonly pid: number;
  /** Why processes must not be forked from it, with what it has imported. */
  readonly unsafe: string | undefined;
  readonly ended: Promise<ForkserverDeath>;
  readonly #process: StartedProcess;
  readonly #listener: Listener;
  readonly #startTimeoutMs: number;
  readonly #endings = new Endings();
  /** What is said of each fork that is not there yet, by the id of its FORK. */
  readonly #pending = new Map<number, { resolve(): void; reject(error: Error): void }>();
  readonly #awaited = new Set<(error: Error) => void>();
  #lastId = 0;
  /** When a fork came to be, or connected, last. */
  #heard = 0;
  #holds = 0;
  #dead = false;

  /** Made by `startForkserver`. */
  constructor(
    process: StartedProcess,
    unsafe: string | undefined,
    options: { listener: Listener; startTimeoutMs: number },
  ) {
    this.pid = process.pid;
    this.unsafe = unsafe;
    this.#process = process;
    this.#listener = options.listener;
    this.#startTimeoutMs = options.startTimeoutMs;
    process.calls.onFrame = (frame) => this.#receive(frame);
    this.ended = this.#untilEnded();
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Forks a worker. Rejects with an Error that says why there is none. */
  async fork(): Promise<Fork> {
    const expected = this.expect(LIVE_CHANNELS);
    return this.arrival(expected, this.#ask(expected));
  }

  /** A token for a process that this one will be the parent of. Take it to `arrival`. */
  expect(channels: readonly ForkChannel[]): ExpectedFork {
    const since = this.#endings.now;
    const { token, arrival, forget } = this.#listener.expect(channels);
    const parent = { endOf: (pid: number) => this.#endings.of(pid, since), hold: () => this.hold() };
    const fork = arrival.then((arrived) => {
      this.#heard = performance.now();
      return new Fork(arrived, parent);
    });
    fork.catch(() => {});
    const abandon = (): void => {
      forget();
      fork.then((late) => late.discard()).catch(() => {});
    };
    return { token, channels, fork, abandon };
  }

  /** The process that was asked for, when it has connected and `forked` has resolved. Rejects when it does not come. */
  async arrival(expected: ExpectedFork, forked: Promise<void>): Promise<Fork> {
    const release = this.hold();
    const cancel = new AbortController();
    let fail: (error: Error) => void = () => {};
    const failure = new Promise<never>((_, reject) => {
      fail = reject;
      if (this.#dead) reject(new Error("the forkserver is gone"));
    });
    this.#awaited.add(fail);
    try {
      const both = Promise.all([expected.fork, forked]);
      const [fork] = await Promise.race([both, failure, this.#losesPatience(cancel.signal)]);
      return fork;
    } catch (error) {
      expected.abandon();
      throw error;
    } finally {
      this.#awaited.delete(fail);
      cancel.abort();
      release();
    }
  }

  /** Keeps Node running until the function that it gives back is called. */
  hold(): () => void {
    let held = true;
    if (++this.#holds === 1) this.#process.keepAlive(true);
    return () => {
      if (!held) return;
      held = false;
      if (--this.#holds === 0) this.#process.keepAlive(false);
    };
  }

  /** Ends it and everything that descends from it. Resolves when it is gone. */
  async close(): Promise<void> {
    this.hold();
    this.#process.calls.send(Kind.CLOSE, 0, packr.pack(null));
    const timer = setTimeout(() => killGroup(this.pid), LEAVE_GRACE_MS);
    await this.ended;
    clearTimeout(timer);
  }

  #ask({ token, channels }: ExpectedFork): Promise<void> {
    this.#lastId = (this.#lastId % 0xffff_ffff) + 1;
    const id = this.#lastId;
    const answer = new Promise<void>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#process.calls.send(Kind.FORK, id, packr.pack({ token, channels }));
    return answer;
  }

  #receive(frame: Frame): void {
    if (frame.kind === Kind.EXITED) {
      const [pid, exitCode, signal] = unpack(frame.body) as [number, number | null, NodeJS.Signals | null];
      this.#endings.tell(pid, { exitCode, signal });
      return;
    }
    const pending = this.#pending.get(frame.id);
    this.#pending.delete(frame.id);
    this.#heard = performance.now();
    if (frame.kind === Kind.FORKED) pending?.resolve();
    else if (frame.kind === Kind.ERROR) pending?.reject(new Error((unpack(frame.body) as ErrorMap).message));
    // Nothing can be trusted on a channel that is out of step.
    else killGroup(this.pid);
  }

  async #untilEnded(): Promise<ForkserverDeath> {
    const ending = await this.#process.ended;
    this.#dead = true;
    this.#endings.close();
    this.#pending.clear();
    for (const fail of this.#awaited) fail(new Error("the forkserver died meanwhile"));
    return { ...ending, pid: this.pid, lastLines: this.#process.logs.last };
  }

  async #losesPatience(signal: AbortSignal): Promise<never> {
    const began = performance.now();
    for (;;) {
      const patience = Math.max(began, this.#heard) + FORK_TIMEOUT_MS;
      const left = Math.min(patience, began + this.#startTimeoutMs) - performance.now();
      if (left <= 0) break;
      await delay(Math.ceil(left), undefined, { signal });
      // What was heard may lie unread because Node was busy: it is read first.
      await nextRound();
    }
    const stopped = isStopped(this.pid) ? ", which is stopped" : "";
    throw new Error(
      `no new process within ${FORK_TIMEOUT_MS / 1000} s from the forkserver (process ${this.pid}${stopped})`,
    );
  }
}
