import type { RefReply, Reply, Request, Worker } from "../engine.js";
import { SessionClosedError, SessionLostError, WorkerDiedError } from "../errors/session.js";
import { LONGEST_TIMER_MS } from "../options/fields.js";
import { parseOptions } from "../options/parse.js";
import type { Emitter } from "../telemetry/emitter.js";
import type { EngineEvents } from "../telemetry/events.js";
import { Execution, type ExecutionOptions } from "./execution.js";
import {
  attributeArguments,
  type CallOptions,
  type CloseOptions,
  callArguments,
  closeOptions,
  type GetOptions,
  methodArguments,
  NO_OPTIONS,
  readCallOptions,
  readGetOptions,
} from "./options.js";
import { JobQueue } from "./queue.js";
import type { Ref } from "./ref.js";
import type { RefTable } from "./ref-table.js";
import { Release } from "./release.js";

/** How long an idle worker may take to leave when asked to. */
const LEAVE_GRACE_MS = 2_000;

/** `ready`: takes calls; `closing`, `closed`: closed by this program; `lost`: its worker is gone, and its state with it. */
export type SessionState = "ready" | "closing" | "closed" | "lost";

/** @internal What a session is made of. */
export interface SessionParts {
  readonly id: string;
  readonly worker: Worker;
  readonly refs: RefTable;
  readonly events: Emitter<EngineEvents>;
  /** Called once, when the worker is gone; without an error when the session was closed as asked. */
  readonly onEnd: (session: Session, error: Error | undefined) => void;
}

/**
 * Private Python state: a process, its module globals, the objects held by refs. Two sessions share nothing. Requests are carried out one at a
 * time, first come, first served.
 */
export class Session implements AsyncDisposable {
  readonly id: string;
  readonly #worker: Worker;
  readonly #refs: RefTable;
  readonly #queue = new JobQueue();
  readonly #executions = new Set<Execution>();
  readonly #onEnd: SessionParts["onEnd"];
  /** @internal Runs report here what happens on this session. */
  readonly events: Emitter<EngineEvents>;
  #state: SessionState = "ready";
  /** Why the worker is being killed, and whose request is to blame. */
  #killing: { error: Error; culprit: Execution | undefined } | undefined;
  #lost: Error | undefined;
  /** What a call that still waits fails with when its turn comes. */
  #refusal: Error | undefined;
  /** Whether the worker was asked to leave. */
  #leaving = false;
  #closed: Promise<void> | undefined;
  readonly #ended: Promise<void>;

  /** @internal Made by `engine.session()`. */
  constructor(parts: SessionParts) {
    this.id = parts.id;
    this.#worker = parts.worker;
    this.#refs = parts.refs;
    this.events = parts.events;
    this.#onEnd = parts.onEnd;
    this.#refs.attach(this);
    this.#ended = this.#worker.ended.then((death) => this.#end(death));
  }

  /** The process id of the worker; undefined on an engine without processes. */
  get pid(): number | undefined {
    return this.#worker.pid;
  }

  get state(): SessionState {
    return this.#state;
  }

  /**
   * Calls a Python function and gives back its result.
   *
   * @param module imported in the session's process when it is first needed.
   * @param functionName may be dotted: `Class.method`.
   * @param args positional arguments.
   * @throws PythonError when the function raises; PythonImportError, PythonFunctionError when there is no such module or function;
   * ValueNotSupportedError when an argument or the result cannot be carried; RefError for a ref of another session; CallTimeoutError,
   * CallAbortedError; WorkerDiedError when the process dies meanwhile; SessionLostError, SessionClosedError when it is gone already.
   */
  async call<Result = unknown>(
    module: string,
    functionName: string,
    args: readonly unknown[] = [],
    options: CallOptions = NO_OPTIONS,
  ): Promise<Result> {
    const reply = await this.#call("session.call()", module, functionName, args, options, "value");
    return reply.value as Result;
  }

  /**
   * Calls a Python function or class and keeps the result in the session; gives back a ref to it. @throws as `call`.
   *
   * @example
   * await using model = await session.create("sklearn.linear_model", "LogisticRegression", [], { kwargs: { max_iter: 1000 } });
   */
  async create(
    module: string,
    callable: string,
    args: readonly unknown[] = [],
    options: CallOptions = NO_OPTIONS,
  ): Promise<Ref> {
    const reply = await this.#call("session.create()", module, callable, args, options, "ref");
    const { ref, typeName } = reply.value as RefReply;
    return this.#refs.add(ref, typeName);
  }

  /**
   * Refuses new calls, lets those that were made finish, then ends the process. After `timeout` what still waits is refused and what runs is killed.
   * Resolves when the process is gone; closing twice is closing once.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const { timeout } = parseOptions("session.close()", closeOptions, options);
    this.#closed ??= this.#close(timeout);
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal @throws SessionLostError, SessionClosedError: what every call is refused with when the session is gone. */
  requireReady(): void {
    if (this.#state === "ready") return;
    if (this.#state === "lost") throw new SessionLostError(this.id, this.#lost);
    throw new SessionClosedError(this.id, "it was closed, so it takes no more calls");
  }

  /** @internal One request, in the session's order. Rejects with the errors listed at `call`. */
  async execute(request: Request, options: ExecutionOptions): Promise<Reply> {
    this.requireReady();
    const prepared = this.#worker.prepare(request, options);
    // Asked again when its turn comes: the session may be gone by then.
    const send = async (): Promise<Reply> => {
      if (this.#refusal !== undefined) throw this.#refusal;
      return prepared();
    };
    const execution = new Execution(this.id, options, send, this.#queue, (error, culprit) =>
      this.#kill(error, culprit),
    );
    this.#executions.add(execution);
    try {
      execution.begin();
      return await execution.reply;
    } catch (error) {
      throw this.#explain(error, execution);
    } finally {
      this.#executions.delete(execution);
    }
  }

  /** @internal */
  async callRef(ref: Ref, method: string, args: readonly unknown[], options: CallOptions): Promise<unknown> {
    if (typeof method !== "string" || !Array.isArray(args))
      parseOptions("ref.call()", methodArguments, { method, args });
    const { kwargs, limits } = readCallOptions("ref.call()", options);
    const request: Request = {
      kind: "ref-call",
      ref: this.#refs.usable(ref),
      method,
      args,
      kwargs,
      returns: "value",
    };
    return (await this.execute(request, { target: `${ref.typeName}.${method}`, ...limits })).value;
  }

  /** @internal */
  async getFromRef(ref: Ref, attribute: string, options: GetOptions): Promise<unknown> {
    if (typeof attribute !== "string") parseOptions("ref.get()", attributeArguments, { attribute });
    const limits = readGetOptions("ref.get()", options);
    const request: Request = { kind: "ref-get", ref: this.#refs.usable(ref), attribute, returns: "value" };
    return (await this.execute(request, { target: `${ref.typeName}.${attribute}`, ...limits })).value;
  }

  /** @internal */
  releaseRef(ref: Ref): void {
    if (this.#state !== "ready" && this.#state !== "closing") return;
    const letGo = (): void => {
      this.#refs.remove(ref);
      this.#worker.release([ref.id]);
    };
    this.#queue.add(new Release(this.#queue, letGo));
  }

  #call(
    where: string,
    module: string,
    functionName: string,
    args: readonly unknown[],
    options: CallOptions,
    returns: "value" | "ref",
  ): Promise<Reply> {
    if (
      typeof module !== "string" ||
      typeof functionName !== "string" ||
      !module ||
      !functionName ||
      !Array.isArray(args)
    ) {
      parseOptions(where, callArguments, { module, function: functionName, args });
    }
    const { kwargs, limits } = readCallOptions(where, options);
    const request: Request = { kind: "call", module, function: functionName, args, kwargs, returns };
    return this.execute(request, { target: `${module}.${functionName}`, ...limits });
  }

  async #close(timeoutMs: number): Promise<void> {
    if (this.#state === "ready") {
      this.#state = "closing";
      const timer = setTimeout(() => this.#cutShort(), Math.min(timeoutMs, LONGEST_TIMER_MS));
      await Promise.allSettled([...this.#executions].map((execution) => execution.reply));
      clearTimeout(timer);
      this.#leaving = true;
      await this.#worker.close(LEAVE_GRACE_MS);
    }
    await this.#ended;
  }

  /** The time to finish is over. */
  #cutShort(): void {
    this.#refusal = new SessionClosedError(this.id, "it was closed before this call had its turn");
    this.#kill(new SessionClosedError(this.id, "it was closed while this call was running"));
  }

  #kill(error: Error, culprit?: Execution): void {
    this.#killing ??= { error, culprit };
    // At once: a call that is made before the process is gone must not wait for it.
    if (this.#state === "ready") this.#lose(error);
    this.#worker.kill();
  }

  #lose(error: Error): void {
    this.#state = "lost";
    this.#lost = error;
    this.#refusal = new SessionLostError(this.id, error);
  }

  /** The worker is gone, whatever the reason. */
  #end(death: Error): void {
    const asked = this.#leaving || this.#killing !== undefined;
    if (this.#state === "ready" || (this.#state === "closing" && !asked)) this.#lose(death);
    else if (this.#state === "closing") this.#state = "closed";
    this.#refs.clear();
    this.#onEnd(this, this.#lost);
  }

  /** A death that we brought about is told as what it was for. */
  #explain(error: unknown, execution: Execution): unknown {
    if (!(error instanceof WorkerDiedError) || this.#killing === undefined) return error;
    const { error: cause, culprit } = this.#killing;
    return culprit === undefined || culprit === execution ? cause : new SessionLostError(this.id, cause);
  }
}
