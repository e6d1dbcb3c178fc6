import { setImmediate as nextRound } from "node:timers/promises";
import { inStep } from "../errors/failed-step.js";
import { ForkRefusedError, type WorkerDeathError } from "../errors/session.js";
import { packr } from "../wire/extensions.js";
import type { Frame } from "../wire/frame.js";
import type { Handle } from "../wire/handle.js";
import type { Progress } from "../wire/progress.js";
import { Kind } from "../wire/protocol.js";
import { decodeReply, type Reply, readForked } from "../wire/reply.js";
import type { EncodedRequest } from "../wire/request.js";
import { Conversation } from "./conversation.js";
import { type CopyOptions, type CopyRequest, startCopy } from "./copy.js";
import { type ExpectedFork, FORK_TIMEOUT_MS } from "./fork-arrivals.js";
import { Guard } from "./guard.js";
import { killGroup } from "./kill-group.js";
import { isDead } from "./proc.js";
import type { StartedProcess } from "./started-process.js";
import { unwatch, watch } from "./watch.js";
import { WorkerMemory } from "./worker-memory.js";

/** How long a worker may take to leave after its socket is closed. */
const LEAVING_MS = 200;

const NOTHING = packr.pack(null);

/** What a worker must know of the session that it works for. */
export interface WorkerSession {
  readonly session: string;
  readonly resolveHandle: (id: number) => Handle;
  /** The limit of its memory, on top of what a new one has; undefined: none. */
  readonly memoryBytes: number | undefined;
}

/**
 * One Python process seen from Node.
 *
 *     send() ──▶ frame ──▶ socket ──▶ worker             stdout, stderr ──▶ log lines
 *        ▲                                │
 *        └── pending request ◀── frame ◀──┘              exit, end of socket ──▶ ended: every pending request fails
 */
export class WorkerProcess {
  readonly pid: number;
  readonly ended: Promise<WorkerDeathError>;
  readonly #session: WorkerSession;
  readonly #started: StartedProcess;
  readonly #copies: CopyOptions | string;
  readonly #guard: Guard;
  readonly #conversation: Conversation;
  readonly #memory: WorkerMemory;
  #death: WorkerDeathError | undefined;
  #ending = false;
  /** The last time that its memory came above the limit, and the call in which it did. */
  #toldOfMemory = { time: 0, call: 0 };

  /**
   * @param copies how copies come about, or why there can be none.
   * @param original what the process is a copy of.
   */
  constructor(
    session: WorkerSession,
    started: StartedProcess,
    copies: CopyOptions | string,
    original?: WorkerProcess,
  ) {
    this.#session = session;
    this.#started = started;
    this.#copies = copies;
    this.pid = started.pid;
    this.#memory = new WorkerMemory(this.pid, (descriptors, keys) =>
      started.calls.send(Kind.DROP, 0, packr.pack([descriptors, keys])),
    );
    const powers = {
      tell: (time: number) => this.#tellOfMemory(time),
      kill: () => this.kill(),
      holdsArrays: () => this.#memory.holdsArrays,
    };
    const base = original === undefined ? undefined : original.#guard.base;
    this.#guard = new Guard(this.pid, session.memoryBytes, powers, base);
    const listeners = {
      onBusy: (busy: boolean) => this.#onBusy(busy),
      onOutOfStep: () => this.kill(),
      // Of one that is dead already, how it died says more.
      onLostBlock: (reason: string) => (isDead(this.pid) ? this.kill() : this.#guard.kill(reason)),
    };
    this.#conversation = new Conversation(started.calls, listeners, session.resolveHandle);
    // A worker that closes its socket but lives on can answer nothing any more. One that is leaving does so itself, with its own exit code.
    void started.calls.closed.then(() => setTimeout(() => this.kill(), LEAVING_MS).unref());
    this.ended = this.#waitForEnd();
    // Not before others can know of the end: who hears of a failed request finds the session lost.
    void this.ended.then((death) => this.#conversation.end(death));
  }

  memoryBytes(): number | undefined {
    return this.#death === undefined ? this.#guard.usedBytes() : undefined;
  }

  send(request: EncodedRequest): {
    reply: Promise<Reply>;
    cancel: () => void;
    progress: () => Progress | undefined;
  } {
    const { kind, body } = request;
    const sent = performance.now();
    const read = (frame: Frame): Reply =>
      decodeReply(frame, request, sent, this.#session.resolveHandle, this.#memory.read);
    request.loans?.sentTo(this.#memory);
    const { id, answer } = this.#conversation.request(kind, body, request, read);
    const cancel = (): void => {
      if (this.#conversation.isPending(id)) this.#started.control?.send(Kind.CANCEL, id, NOTHING);
    };
    return { reply: answer, cancel, progress: () => this.#started.progress?.read(id) };
  }

  async fork(request: CopyRequest & WorkerSession): Promise<WorkerProcess> {
    const { session } = this.#session;
    const copies = this.#copies;
    if (typeof copies === "string") throw new ForkRefusedError(session, copies);
    // What is let go from here on is let go by the original alone.
    const { arrays } = this.#memory;
    const started = await startCopy(session, copies, request, (expected) => this.#askForCopy(expected));
    const copy = new WorkerProcess(request, started, copies, this);
    for (const array of arrays) copy.#memory.hold(array);
    return copy;
  }

  release(refs: readonly number[]): void {
    this.#started.calls.send(Kind.RELEASE, 0, packr.pack(refs));
  }

  kill(): void {
    if (this.#death !== undefined) return;
    this.#ending = true;
    this.#started.keepAlive(true);
    killGroup(this.pid);
  }

  async close(graceMs: number): Promise<void> {
    this.#ending = true;
    this.#started.keepAlive(true);
    this.#started.calls.send(Kind.CLOSE, 0, NOTHING);
    const timer = setTimeout(() => this.kill(), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  #onBusy(busy: boolean): void {
    if (busy) watch(this.#guard);
    else unwatch(this.#guard);
    // Somebody waits for the end of one that is ending.
    this.#started.keepAlive(busy || this.#ending);
  }

  async #askForCopy({ token, channels }: ExpectedFork): Promise<void> {
    const site = { session: this.#session.session, target: "fork" };
    const body = packr.pack({ token, channels, idle: false });
    const read = (frame: Frame): void => readForked(frame, site);
    const { id, answer } = this.#conversation.request(Kind.FORK, body, { site }, read);
    const seconds = FORK_TIMEOUT_MS / 1000;
    const timer = setTimeout(async () => {
      // The answer may lie unread because Node was busy: it is read first.
      await nextRound();
      if (this.#conversation.isPending(id))
        this.#guard.kill(`it did not answer for ${seconds} s when it was to be copied`);
    }, FORK_TIMEOUT_MS);
    await answer.finally(() => clearTimeout(timer));
  }

  #tellOfMemory(time: number): void {
    const { oldest } = this.#conversation;
    if (oldest === undefined) return;
    if (time !== this.#toldOfMemory.time) this.#toldOfMemory = { time, call: oldest.id };
    // A call that comes after it is not to blame.
    if (oldest.id === this.#toldOfMemory.call)
      this.#started.control?.send(Kind.MEMORY, oldest.id, packr.pack(time));
  }

  async #waitForEnd(): Promise<WorkerDeathError> {
    const ending = await this.#started.ended;
    unwatch(this.#guard);
    this.#memory.end();
    const { oldest } = this.#conversation;
    const progress = oldest && this.#started.progress?.read(oldest.id);
    this.#started.progress?.giveBack();
    const death = this.#guard.explain({
      session: this.#session.session,
      pid: this.pid,
      ...ending,
      during: (oldest?.sites?.[progress?.step ?? 0] ?? oldest?.site)?.target,
      lastLines: this.#started.logs.last,
    });
    this.#death = inStep(death, progress?.step ?? 0, progress?.row);
    return this.#death;
  }
}
