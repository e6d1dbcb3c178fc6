import { type CallSite, describeSite } from "../errors/python.js";
import { ProtocolError, WorkerDiedError } from "../errors/session.js";
import { SlitherError } from "../errors/slither-error.js";
import { packr } from "../wire/extensions.js";
import type { Frame } from "../wire/frame.js";
import type { Handle } from "../wire/handle.js";
import { Kind } from "../wire/protocol.js";
import { decodeReply, type Reply } from "../wire/reply.js";
import { encodeRequest, type Request } from "../wire/request.js";
import { atExit } from "./at-exit.js";
import { processEnd } from "./ending.js";
import { killGroup } from "./spawn.js";
import { type StartedWorker, type StartOptions, startWorker } from "./start.js";

/** How long a worker may take to leave after its socket is closed. */
const LEAVING_MS = 200;

interface PendingCall {
  readonly site: CallSite;
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

/**
 * One Python process seen from Node.
 *
 *     prepare() ──▶ frame ──▶ socket ──▶ worker          stdout, stderr ──▶ log lines
 *        ▲                                 │
 *        └──── pending call ◀── frame ◀────┘             exit, end of socket ──▶ ended: every pending call fails
 */
export class WorkerProcess {
  readonly pid: number;
  readonly ended: Promise<WorkerDiedError>;
  readonly #session: string;
  readonly #started: StartedWorker;
  readonly #resolveHandle: (id: number) => Handle;
  readonly #pending = new Map<number, PendingCall>();
  #lastId = 0;
  #death: WorkerDiedError | undefined;
  #ending = false;

  private constructor(session: string, started: StartedWorker, resolveHandle: (id: number) => Handle) {
    this.#session = session;
    this.#started = started;
    this.#resolveHandle = resolveHandle;
    this.pid = started.child.pid as number;
    started.connection.onFrame = (frame) => this.#receive(frame);
    // A worker that closes its socket but lives on can answer nothing any more. One that is leaving does so itself, with its own exit code.
    void started.connection.closed.then(() => setTimeout(() => this.kill(), LEAVING_MS).unref());
    const forget = atExit(() => killGroup(this.pid));
    this.ended = this.#waitForEnd().finally(forget);
    // Not before others can know of the end: who hears of a failed call finds the session lost.
    void this.ended.then((death) => this.#failPending(death));
    this.#keepAlive(false);
  }

  static async start(
    options: StartOptions & { resolveHandle: (id: number) => Handle },
  ): Promise<WorkerProcess> {
    return new WorkerProcess(options.session, await startWorker(options), options.resolveHandle);
  }

  prepare(
    request: Request,
    requestSite: { target: string; stage?: string | undefined },
  ): () => Promise<Reply> {
    const site = { target: requestSite.target, stage: requestSite.stage, session: this.#session };
    const { kind, body } = encodeRequest(request, site);
    return () => this.#send(kind, body, site);
  }

  release(refs: readonly number[]): void {
    this.#started.connection.send(Kind.RELEASE, 0, packr.pack(refs));
  }

  kill(): void {
    if (this.#death !== undefined) return;
    this.#ending = true;
    this.#keepAlive(true);
    killGroup(this.pid);
  }

  async close(graceMs: number): Promise<void> {
    this.#ending = true;
    this.#keepAlive(true);
    this.#started.connection.send(Kind.CLOSE, 0, packr.pack(null));
    const timer = setTimeout(() => this.kill(), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  #send(kind: number, body: Buffer, site: CallSite): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#death) {
        reject(this.#death);
        return;
      }
      // Ids wrap around long after the calls that had them before were answered.
      this.#lastId = (this.#lastId % 0xffff_ffff) + 1;
      this.#pending.set(this.#lastId, { site, resolve, reject });
      if (this.#pending.size === 1) this.#keepAlive(true);
      this.#started.connection.send(kind, this.#lastId, body);
    });
  }

  #receive(frame: Frame): void {
    const call = this.#pending.get(frame.id);
    if (call === undefined) {
      // Nothing can be trusted on a channel that is out of step.
      this.kill();
      return;
    }
    this.#pending.delete(frame.id);
    // Somebody waits for the end of one that is ending.
    if (this.#pending.size === 0 && !this.#ending) this.#keepAlive(false);
    try {
      call.resolve(decodeReply(frame, call.site, this.#resolveHandle));
    } catch (error) {
      call.reject(SlitherError.is(error) ? error : unreadable(call.site, error));
    }
  }

  async #waitForEnd(): Promise<WorkerDiedError> {
    const ending = await processEnd(this.#started);
    const [running] = this.#pending.values();
    const death = new WorkerDiedError({
      session: this.#session,
      pid: this.pid,
      ...ending,
      during: running?.site.target,
      lastLines: this.#started.logs.last,
    });
    this.#death = death;
    return death;
  }

  #failPending(death: WorkerDiedError): void {
    for (const call of this.#pending.values()) call.reject(death);
    this.#pending.clear();
  }

  /** An idle worker does not keep Node running; one that is computing or closing does. */
  #keepAlive(on: boolean): void {
    const { child, connection } = this.#started;
    connection.keepAlive(on);
    for (const handle of [child, child.stdout, child.stderr]) {
      const { ref, unref } = handle as unknown as { ref(): void; unref(): void };
      (on ? ref : unref).call(handle);
    }
  }
}

function unreadable(site: CallSite, error: unknown): ProtocolError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ProtocolError(`${describeSite(site)}: the answer cannot be read: ${reason}`, { cause: error });
}
