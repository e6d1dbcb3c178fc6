import { onTestFinished } from "vitest";
import type {
  CopyRequest,
  Driver,
  EncodedRequest,
  OpenRequest,
  Reply,
  Request,
  Sent,
  Worker,
  WorkerDeathError,
} from "../../src/engine.js";
import type { CallSite } from "../../src/errors/python.js";
import { CancelledError, ForkRefusedError, WorkerDiedError } from "../../src/errors/session.js";
import { Engine } from "../../src/session/engine.js";
import { Emitter } from "../../src/telemetry/emitter.js";
import { ENGINE_EVENTS, type EngineEvents } from "../../src/telemetry/events.js";
import { decodeRequest } from "../../src/wire/decode-request.js";
import { type Deferred, deferred } from "../dispatch/deferred.js";
import { batchReply } from "../helpers/batch-reply.js";

/** A request that has been sent to a worker, and waits for the test to answer it. */
export interface SentRequest {
  readonly request: Request;
  readonly site: CallSite;
  readonly reply: Deferred<Reply>;
  /** How often it was asked to stop. */
  cancels: number;
}

export interface ScriptedOptions {
  /** Whether workers can be copied. Default: no. */
  readonly forks?: boolean;
  /** Whether a request stops when it is asked to. Default: no. */
  readonly heedsCancel?: boolean;
  /** Called with each request that is sent; default: nothing, the test answers. */
  readonly onSent?: (sent: SentRequest, worker: ScriptedWorker) => void;
  readonly maxProcesses?: number;
}

const NO_FORKS = "scripted workers are not copied";

/** A worker that answers when the test says so, and shows what was sent to it. */
export class ScriptedWorker implements Worker {
  static #lastPid = 4710;
  readonly pid = ++ScriptedWorker.#lastPid;
  readonly session: string;
  readonly purpose: CopyRequest["purpose"];
  readonly ended: Promise<WorkerDeathError>;
  readonly sent: SentRequest[] = [];
  killed = false;
  readonly #options: ScriptedOptions;
  readonly #all: ScriptedWorker[];
  readonly #ending = deferred<WorkerDeathError>();
  #death: WorkerDeathError | undefined;

  constructor(
    session: string,
    purpose: CopyRequest["purpose"],
    options: ScriptedOptions,
    all: ScriptedWorker[],
  ) {
    this.session = session;
    this.purpose = purpose;
    this.#options = options;
    this.#all = all;
    this.ended = this.#ending.promise;
    all.push(this);
  }

  get dead(): boolean {
    return this.#death !== undefined;
  }

  memoryBytes(): undefined {}

  send(encoded: EncodedRequest): Sent {
    const reply = deferred<Reply>();
    const request = decodeRequest(encoded, () => {
      throw new Error("no refs here");
    });
    const sent: SentRequest = { request, site: encoded.site, reply, cancels: 0 };
    this.sent.push(sent);
    if (this.#death) reply.reject(this.#death);
    this.#options.onSent?.(sent, this);
    const cancel = (): void => {
      sent.cancels += 1;
      if (this.#options.heedsCancel) reply.reject(new CancelledError("cancelled", ""));
    };
    return { reply: reply.promise, cancel, progress: () => undefined };
  }

  async fork({ session, purpose }: CopyRequest): Promise<ScriptedWorker> {
    if (!this.#options.forks) throw new ForkRefusedError(this.session, NO_FORKS);
    if (this.#death) throw this.#death;
    return new ScriptedWorker(session, purpose, this.#options, this.#all);
  }

  /** The payloads of the batch that was sent at that position. */
  payloads(index: number): readonly unknown[] {
    const request = this.sent[index]?.request;
    return request?.kind === "batch" ? request.payloads : [];
  }

  /** Answers a batch with its own payloads. */
  answer(index: number): void {
    this.sent[index]?.reply.resolve(batchReply(this.payloads(index), { computeMs: 2 }));
  }

  release(): void {}

  kill(): void {
    this.killed = true;
    this.die("SIGKILL");
  }

  die(signal: NodeJS.Signals | null): void {
    this.#death ??= new WorkerDiedError({
      session: this.session,
      pid: this.pid,
      signal,
      exitCode: signal === null ? 0 : null,
      during: this.sent[0]?.site.target,
      lastLines: [],
    });
    this.#ending.resolve(this.#death);
    for (const { reply } of this.sent) reply.reject(this.#death);
  }

  async close(): Promise<void> {
    this.die(null);
  }
}

/** An engine of scripted workers; code has no time to stop by itself. Closed when its test is over. */
export function scriptedEngine(options: ScriptedOptions = {}): {
  engine: Engine;
  /** Every worker that was ever made, in that order. */
  workers: ScriptedWorker[];
} {
  const workers: ScriptedWorker[] = [];
  const driver: Driver = {
    noForks: options.forks ? undefined : NO_FORKS,
    open: async (request: OpenRequest) => new ScriptedWorker(request.session, "live", options, workers),
    close: async () => {},
  };
  const engine = new Engine({
    driver,
    events: new Emitter<EngineEvents>(ENGINE_EVENTS),
    maxSessions: Number.POSITIVE_INFINITY,
    maxProcesses: options.maxProcesses ?? Number.POSITIVE_INFINITY,
    limits: { cancelGrace: 1 },
    views: [],
  });
  onTestFinished(() => engine.close({ timeout: 1 }));
  return { engine, workers };
}
