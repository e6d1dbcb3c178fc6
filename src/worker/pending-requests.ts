import { type CallSite, describeSite } from "../errors/python.js";
import { ProtocolError, type WorkerDeathError } from "../errors/session.js";
import { SlitherError } from "../errors/slither-error.js";
import type { Frame } from "../wire/frame.js";

/** A request that was sent and has no answer yet. */
export interface PendingRequest {
  readonly id: number;
  readonly site: CallSite;
  /** Reads the answer. What it throws is what the request fails with. */
  readonly read: (frame: Frame) => unknown;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The requests that a worker has not answered yet, the one that it is at first. */
export class PendingRequests {
  readonly #requests = new Map<number, PendingRequest>();
  #lastId = 0;

  get size(): number {
    return this.#requests.size;
  }

  get oldest(): PendingRequest | undefined {
    const [oldest] = this.#requests.values();
    return oldest;
  }

  has(id: number): boolean {
    return this.#requests.has(id);
  }

  /** A new request, with an id of its own. */
  add<Answer>(site: CallSite, read: (frame: Frame) => Answer): { id: number; answer: Promise<Answer> } {
    // Ids wrap around long after the requests that had them before were answered.
    this.#lastId = (this.#lastId % 0xffff_ffff) + 1;
    const id = this.#lastId;
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#requests.set(id, { id, site, read, resolve: resolve as (answer: unknown) => void, reject });
    });
    return { id, answer };
  }

  /** Takes an answer; false when it answers nothing. */
  settle(frame: Frame): boolean {
    const request = this.#requests.get(frame.id);
    if (request === undefined) return false;
    this.#requests.delete(frame.id);
    try {
      request.resolve(request.read(frame));
    } catch (error) {
      request.reject(SlitherError.is(error) ? error : unreadable(request.site, error));
    }
    return true;
  }

  fail(death: WorkerDeathError): void {
    for (const { reject } of this.#requests.values()) reject(death);
    this.#requests.clear();
  }
}

function unreadable(site: CallSite, error: unknown): ProtocolError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ProtocolError(`${describeSite(site)}: the answer cannot be read: ${reason}`, { cause: error });
}
