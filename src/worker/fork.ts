import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { WorkerStartError } from "../errors/session.js";
import { atExit } from "./at-exit.js";
import { Connection } from "./connection.js";
import { type Ending, processEnd, UNKNOWN_ENDING } from "./ending.js";
import type { Hello } from "./expected-process.js";
import { killGroup } from "./kill-group.js";
import { endedEarly, takesTooLong } from "./launch.js";
import { LogLines, type OnLine } from "./log-lines.js";
import { isDead } from "./proc.js";
import type { ProgressBoard, ProgressPage } from "./progress.js";
import type { StartedProcess } from "./started-process.js";
import { unwatch, watch } from "./watch.js";
import { type Welcome, welcome } from "./welcome.js";

/** The channels of a fork that will run code. */
export const LIVE_CHANNELS = ["stdout", "stderr", "control", "calls"] as const;
/** Those of a copy that only waits to be copied. */
export const CHECKPOINT_CHANNELS = ["calls"] as const;

export type ForkChannel = (typeof LIVE_CHANNELS)[number];

/** A forked process that has connected the channels that it was asked to. */
export interface ForkArrival {
  readonly hello: Hello;
  readonly sockets: { readonly calls: Socket } & Readonly<Partial<Record<ForkChannel, Socket>>>;
}

/** How long a forkserver may be silent about a process whose channel is closed. */
const TOLD_MS = 5_000;

/** How often is looked meanwhile whether it is stopped. Then it tells nothing, and need not where the process is dead. */
const LOOK_MS = 100;

/** What a fork needs of its forkserver. */
export interface ForkParent {
  /** Resolves with the end of the process; with undefined when nobody is left to tell. */
  endOf(pid: number): Promise<Ending | undefined>;
  isStopped(): boolean;
  /** Keeps Node running until the function that it gives back is called. */
  hold(): () => void;
  readonly progress: ProgressBoard;
}

/** A forked process that has connected and waits for its WELCOME. Until then it does not keep Node running. */
export class Fork {
  readonly pid: number;
  readonly #calls: Connection;
  readonly #control: Connection | undefined;
  readonly #streams: readonly (readonly ["stdout" | "stderr", Socket])[];
  readonly #parent: ForkParent;
  readonly #gone: Promise<Ending>;
  #release: (() => void) | undefined;
  #over = false;

  constructor({ hello, sockets }: ForkArrival, parent: ForkParent) {
    const { calls, control, stdout, stderr } = sockets;
    this.pid = hello.pid;
    this.#parent = parent;
    // What a process says before its WELCOME is out of step, and so will be what it says after it.
    this.#calls = new Connection(calls, () => killGroup(this.pid));
    this.#control = control && new Connection(control, () => {});
    this.#streams =
      stdout && stderr
        ? [
            ["stdout", stdout],
            ["stderr", stderr],
          ]
        : [];
    this.#gone = this.#untilGone().finally(atExit(() => killGroup(this.pid)));
  }

  /** Resolves when the process is gone. */
  get gone(): Promise<unknown> {
    return this.#gone;
  }

  /** Ends a fork that nobody has begun. Resolves when it is gone. */
  async discard(): Promise<void> {
    const started = this.#begin(() => {});
    started.keepAlive(true);
    killGroup(this.pid);
    await started.ended;
  }

  /**
   * Makes it the worker of a session.
   *
   * @throws WorkerStartError when it does not become ready; it is gone then.
   */
  async begin(
    options: Omit<Welcome, "progress"> & { readonly onLog: OnLine; readonly startTimeoutMs: number },
  ): Promise<StartedProcess> {
    const started = this.#begin(options.onLog);
    let progress: ProgressPage | undefined;
    const cancel = new AbortController();
    const watched = { pid: this.pid, onStopped: () => killGroup(this.pid), checkMemory: undefined };
    started.keepAlive(true);
    watch(watched);
    try {
      // One that runs no code has nothing to note.
      progress = this.#control && this.#parent.progress.take();
      await Promise.race([
        welcome(started.calls, { ...options, progress }),
        started.ended.then((ending) => Promise.reject(endedEarly(ending))),
        takesTooLong(options.startTimeoutMs, cancel.signal),
      ]);
      return { ...started, progress };
    } catch (error) {
      killGroup(this.pid);
      await started.ended;
      progress?.giveBack();
      throw new WorkerStartError(options.session, (error as Error).message, started.logs.last, error);
    } finally {
      cancel.abort();
      unwatch(watched);
      started.keepAlive(false);
    }
  }

  #begin(onLog: OnLine): StartedProcess {
    const logs = new LogLines(onLog);
    for (const [name, socket] of this.#streams) logs.follow(name, socket);
    const [calls, control] = [this.#calls, this.#control];
    return {
      pid: this.pid,
      calls,
      control,
      progress: undefined,
      logs,
      ended: processEnd(this.#gone, {
        pid: this.pid,
        connections: control ? [calls, control] : [calls],
        logs,
        streams: this.#streams.map(([, socket]) => socket),
      }).finally(() => {
        this.#keepAlive(false);
        this.#over = true;
      }),
      keepAlive: (on) => this.#keepAlive(on),
    };
  }

  #keepAlive(on: boolean): void {
    this.#calls.keepAlive(on);
    // The end of the process is told by the forkserver, when its own channels are closed already.
    if (on && !this.#over) this.#release ??= this.#parent.hold();
    else {
      this.#release?.();
      this.#release = undefined;
    }
  }

  async #untilGone(): Promise<Ending> {
    const cancel = new AbortController();
    const silence = this.#untilGivenUp(cancel.signal).catch(() => {});
    const told = await Promise.race([this.#parent.endOf(this.pid), silence]);
    cancel.abort();
    if (told !== undefined) return told;
    await this.#calls.closed;
    return UNKNOWN_ENDING;
  }

  /** Resolves when the forkserver has been silent for too long about the end of the process. */
  async #untilGivenUp(signal: AbortSignal): Promise<undefined> {
    await this.#calls.closed;
    const until = performance.now() + TOLD_MS;
    do {
      await delay(LOOK_MS, undefined, { signal, ref: false });
    } while (performance.now() < until && !(this.#parent.isStopped() && isDead(this.pid)));
  }
}
