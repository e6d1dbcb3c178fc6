import type { ErrorMap } from "../wire/error-map.js";
import { packr, unpack } from "../wire/extensions.js";
import type { Frame } from "../wire/frame.js";
import { Kind } from "../wire/protocol.js";
import type { Ending } from "./ending.js";
import { Endings } from "./endings.js";
import { type Fork, type ForkChannel, LIVE_CHANNELS } from "./fork.js";
import { type ExpectedFork, ForkArrivals } from "./fork-arrivals.js";
import { killGroup } from "./kill-group.js";
import { Limiter } from "./limiter.js";
import type { Listener } from "./listener.js";
import { isStopped } from "./proc.js";
import type { StartedProcess } from "./started-process.js";

/** How long a forkserver may take to kill what descends from it, and leave. */
const LEAVE_GRACE_MS = 3_000;

const COPIES_AT_ONCE = 4;

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
  /** Resolves when it is gone, and with it everything that it was the parent of. */
  readonly ended: Promise<ForkserverDeath>;
  /** Copies of its workers are made a few at a time: a thousand at once would each take longer than one may. */
  readonly copies = new Limiter(COPIES_AT_ONCE);
  readonly #process: StartedProcess;
  readonly #endings = new Endings();
  readonly #arrivals: ForkArrivals;
  /** Those that it was asked for and that do not exist yet, by the id of the FORK. */
  readonly #asked = new Map<number, { resolve(): void; reject(error: Error): void }>();
  #lastId = 0;
  #holds = 0;
  #dead = false;

  /** Made by `startForkserver`. */
  constructor(
    process: StartedProcess,
    unsafe: string | undefined,
    options: { readonly listener: Listener; readonly startTimeoutMs: number },
  ) {
    this.pid = process.pid;
    this.unsafe = unsafe;
    this.#process = process;
    this.#arrivals = new ForkArrivals(options, this.pid, this.#endings, () => this.hold());
    process.calls.onFrame = (frame) => this.#receive(frame);
    this.ended = this.#untilEnded();
  }

  /** Whether it is known to be gone. */
  get dead(): boolean {
    return this.#dead;
  }

  /** Forks a worker; one that is `idle` will wait for its session. Rejects with an Error that says why there is none. */
  fork({ idle }: { idle: boolean } = { idle: false }): Promise<Fork> {
    const expected = this.expect(LIVE_CHANNELS);
    return this.arrival(expected, this.#ask(expected, idle));
  }

  /** A token for a process that this one will be the parent of; it is awaited with `arrival`. */
  expect(channels: readonly ForkChannel[]): ExpectedFork {
    return this.#arrivals.expect(channels);
  }

  /**
   * The process that was asked for, when it has connected.
   *
   * @param exists resolves when whoever makes it says that it is there.
   */
  arrival(expected: ExpectedFork, exists: Promise<void>): Promise<Fork> {
    return this.#arrivals.arrival(expected, exists);
  }

  /** Keeps Node running until the function that it gives back is called. */
  hold(): () => void {
    let held = true;
    this.#holds += 1;
    if (this.#holds === 1) this.#process.keepAlive(true);
    return () => {
      if (held) this.#holds -= 1;
      held = false;
      if (this.#holds === 0) this.#process.keepAlive(false);
    };
  }

  /** Ends it and everything that descends from it. Resolves when it is gone. */
  async close(): Promise<void> {
    this.hold();
    // One that is stopped hears nothing.
    if (!this.#dead && isStopped(this.pid)) killGroup(this.pid);
    this.#process.calls.send(Kind.CLOSE, 0, packr.pack(null));
    const timer = setTimeout(() => killGroup(this.pid), LEAVE_GRACE_MS);
    await this.ended;
    clearTimeout(timer);
  }

  #ask({ token, channels }: ExpectedFork, idle: boolean): Promise<void> {
    this.#lastId = (this.#lastId % 0xffff_ffff) + 1;
    const id = this.#lastId;
    this.#process.calls.send(Kind.FORK, id, packr.pack({ token, channels, idle }));
    return new Promise<void>((resolve, reject) => this.#asked.set(id, { resolve, reject }));
  }

  #receive({ kind, id, body }: Frame): void {
    if (kind === Kind.EXITED) {
      const [pid, exitCode, signal] = unpack(body) as [number, number | null, NodeJS.Signals | null];
      this.#endings.tell(pid, { exitCode, signal });
      return;
    }
    this.#arrivals.heard();
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (kind === Kind.FORKED) asked?.resolve();
    else if (kind === Kind.ERROR) asked?.reject(new Error((unpack(body) as ErrorMap).message));
    // Nothing can be trusted on a channel that is out of step.
    else killGroup(this.pid);
  }

  async #untilEnded(): Promise<ForkserverDeath> {
    const ending = await this.#process.ended;
    this.#dead = true;
    this.#endings.close();
    this.#arrivals.close();
    this.#asked.clear();
    return { ...ending, pid: this.pid, lastLines: this.#process.logs.last };
  }
}
