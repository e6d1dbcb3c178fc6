import type { Driver, OpenRequest, Reply, Request, RequestSite, Worker } from "../../src/engine.js";
import { WorkerDiedError } from "../../src/errors/session.js";
import { Engine } from "../../src/session/engine.js";
import { type Deferred, deferred } from "../dispatch/deferred.js";

/** A request that has been sent to a worker, and waits for the test to answer it. */
export interface SentRequest {
  readonly request: Request;
  readonly site: RequestSite;
  readonly reply: Deferred<Reply>;
}

/** A worker that answers when the test says so, and shows what was sent to it. */
export class ScriptedWorker implements Worker {
  readonly pid = 4711;
  readonly ended: Promise<Error>;
  readonly sent: SentRequest[] = [];
  killed = false;
  #death: Error | undefined;
  readonly #session: string;
  readonly #ending = deferred<Error>();

  constructor(session: string) {
    this.#session = session;
    this.ended = this.#ending.promise;
  }

  prepare(request: Request, site: RequestSite): () => Promise<Reply> {
    return () => {
      const reply = deferred<Reply>();
      if (this.#death) reply.reject(this.#death);
      this.sent.push({ request, site, reply });
      return reply.promise;
    };
  }

  /** The payloads of the batch that was sent at that position. */
  payloads(index: number): readonly unknown[] {
    const request = this.sent[index]?.request;
    return request?.kind === "batch" ? request.payloads : [];
  }

  /** Answers a batch with its own payloads. */
  answer(index: number): void {
    this.sent[index]?.reply.resolve({ value: this.payloads(index), computeNanoseconds: 2_000_000 });
  }

  release(): void {}

  kill(): void {
    this.killed = true;
    this.die("SIGKILL");
  }

  die(signal: NodeJS.Signals | null): void {
    const death = new WorkerDiedError({
      session: this.#session,
      pid: this.pid,
      signal,
      exitCode: signal === null ? 0 : null,
      during: this.sent[0]?.site.target,
      lastLines: [],
    });
    this.#death = death;
    for (const { reply } of this.sent) reply.reject(death);
    this.#ending.resolve(death);
  }

  async close(): Promise<void> {
    this.die(null);
  }
}

/** An engine of scripted workers. */
export function scriptedEngine(): { engine: Engine; workers: ScriptedWorker[] } {
  const workers: ScriptedWorker[] = [];
  const driver: Driver = {
    open: async (request: OpenRequest) => {
      const worker = new ScriptedWorker(request.session);
      workers.push(worker);
      return worker;
    },
    close: async () => {},
  };
  return { engine: new Engine(driver), workers };
}
