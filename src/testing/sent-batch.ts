import { constants } from "node:os";
import type { CallRequest, Reply, Request } from "../engine.js";
import type { ExecutionOptions } from "../session/execution-options.js";
import type { Executor, Site } from "../session/replicas.js";
import type { Session } from "../session/session.js";

/** One batch on its way to Python, of which a scenario decides what becomes. */
export class SentBatch {
  readonly stage: string;
  readonly payloads: readonly unknown[];
  /** The session of the run. */
  readonly session: Session;
  readonly site: Site;
  readonly options: ExecutionOptions;
  readonly #executor: Executor;
  readonly #request: Request;

  constructor(
    session: Session,
    executor: Executor,
    request: Request & { readonly kind: "batch" },
    site: Site,
    options: ExecutionOptions,
  ) {
    this.session = session;
    this.stage = site.stage as string;
    this.payloads = request.payloads;
    this.site = site;
    this.options = options;
    this.#executor = executor;
    this.#request = request;
  }

  /** Whether several processes share the work of the run. */
  get isShared(): boolean {
    return this.#executor !== this.session;
  }

  /** As it would be without a scenario. */
  send(options: Partial<ExecutionOptions> = {}): Promise<Reply> {
    return this.#executor.execute(this.#request, this.site, { ...this.options, ...options });
  }

  /** Whichever process would have carried it out gets this signal instead, as often as the batch is sent to one. */
  sendSignal(name: NodeJS.Signals, options: Partial<ExecutionOptions> = {}): Promise<Reply> {
    const request: CallRequest = {
      kind: "call",
      module: "signal",
      function: "raise_signal",
      args: [constants.signals[name]],
      kwargs: {},
      returns: "value",
    };
    return this.#executor.execute(request, this.site, { ...this.options, ...options });
  }
}

/** Whether a session answers: it is sent the signal that only asks whether a process is there. */
export async function ping(session: Session): Promise<void> {
  await session.call("signal", "raise_signal", [0], { idempotent: true });
}
