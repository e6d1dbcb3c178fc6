import { type CallSite, describeSite } from "../errors/python.js";
import { ProtocolError, type WorkerDeathError } from "../errors/session.js";
import { SlitherError } from "../errors/slither-error.js";
import type { ViewHost } from "../view.js";
import type { Frame, LostFrame } from "../wire/frame.js";
import type { Handle } from "../wire/handle.js";
import { Kind } from "../wire/protocol.js";
import type { EncodedRequest } from "../wire/request.js";
import { answerCallback } from "../wire/view-frames.js";
import type { Connection } from "./connection.js";
import { LostBlockError } from "./worker-memory.js";

/** A request that was sent and has no answer yet. */
interface PendingRequest {
  readonly id: number;
  readonly site: CallSite;
  /** Of a batch: those of its steps. */
  readonly sites: readonly CallSite[] | undefined;
  /** Answers what the worker asks meanwhile. */
  readonly host: ViewHost | undefined;
  /** Reads the answer. What it throws is what the request fails with. */
  readonly read: (frame: Frame) => unknown;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What a conversation tells of. */
interface Listeners {
  /** The worker has something to do, or has nothing to do any more. */
  onBusy(busy: boolean): void;
  /** An answer to nothing came: nothing can be trusted on a channel that is out of step. */
  onOutOfStep(): void;
  /** An answer cannot be read because the worker died when it had sent it, for all that is known. Its request ends as the worker does. */
  onLostBlock(reason: string): void;
}

/** Requests and answers on the channel `calls` of a worker, which answers in the order of the requests. */
export class Conversation {
  readonly #calls: Connection;
  readonly #listeners: Listeners;
  readonly #resolve: (id: number) => Handle;
  /** The one that the worker is at first. Few at a time; no Map, which would keep answers for longer than they are needed: see JobQueue. */
  #pending: PendingRequest[] = [];
  #death: WorkerDeathError | undefined;
  #lastId = 0;

  /** @param resolve finds the ref behind a number that the worker names. */
  constructor(calls: Connection, listeners: Listeners, resolve: (id: number) => Handle) {
    this.#calls = calls;
    this.#listeners = listeners;
    this.#resolve = resolve;
    calls.onFrame = (frame) => this.#receive(frame);
    calls.onLost = (frame) => this.#lost(frame);
  }

  /** The oldest request that has no answer. */
  get oldest(): PendingRequest | undefined {
    return this.#pending[0];
  }

  isPending(id: number): boolean {
    return this.#pending.some((request) => request.id === id);
  }

  request<Answer>(
    kind: number,
    body: Buffer,
    { site, sites, host }: Pick<EncodedRequest, "site" | "sites" | "host">,
    read: (frame: Frame) => Answer,
  ): { id: number; answer: Promise<Answer> } {
    // Ids wrap around long after the requests that had them before were answered.
    this.#lastId = (this.#lastId % 0xffff_ffff) + 1;
    const id = this.#lastId;
    const answer = new Promise<Answer>((resolve, reject) => {
      if (this.#death !== undefined) {
        reject(this.#death);
        return;
      }
      this.#pending.push({
        id,
        site,
        sites,
        host,
        read,
        resolve: resolve as (answer: unknown) => void,
        reject,
      });
      if (this.#pending.length === 1) this.#listeners.onBusy(true);
      this.#calls.send(kind, id, body);
    });
    return { id, answer };
  }

  /** The worker is gone: what has no answer fails with that, and so does what is asked for later. */
  end(death: WorkerDeathError): void {
    this.#death = death;
    const pending = this.#pending;
    this.#pending = [];
    if (pending.length > 0) this.#listeners.onBusy(false);
    for (const { reject } of pending) reject(death);
  }

  #receive(frame: Frame): void {
    const request = this.#pending.find(({ id }) => id === frame.id);
    if (request === undefined) {
      this.#listeners.onOutOfStep();
      return;
    }
    if (frame.kind === Kind.CALLBACK) {
      void this.#answer(frame, request);
      return;
    }
    try {
      request.resolve(request.read(frame));
    } catch (error) {
      if (error instanceof LostBlockError) {
        this.#listeners.onLostBlock(error.message);
        return;
      }
      request.reject(SlitherError.is(error) ? error : unreadable(request.site, error));
    }
    this.#remove(request);
  }

  /** There was no memory for an answer: its request fails alone. A question of the worker's would wait for ever. */
  #lost({ kind, id, error }: LostFrame): void {
    const request = this.#pending.find((each) => each.id === id);
    if (request === undefined || kind === Kind.CALLBACK) {
      this.#listeners.onOutOfStep();
      return;
    }
    request.reject(unreadable(request.site, error));
    this.#remove(request);
  }

  #remove(request: PendingRequest): void {
    this.#pending = this.#pending.filter((other) => other !== request);
    if (this.#pending.length === 0) this.#listeners.onBusy(false);
  }

  /** Nobody waits for what comes when the request has been answered, or the worker is gone. */
  async #answer(frame: Frame, request: PendingRequest): Promise<void> {
    try {
      const { kind, body } = await answerCallback(frame, request.host, request.site.session, this.#resolve);
      if (this.#pending.includes(request)) this.#calls.send(kind, request.id, body);
    } catch {
      this.#listeners.onOutOfStep();
    }
  }
}

function unreadable(site: CallSite, error: unknown): ProtocolError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ProtocolError(`${describeSite(site)}: the answer cannot be read: ${reason}`, { cause: error });
}
