import type { RefReply, Reply, Request } from "../engine.js";
import { ForkRefusedError } from "../errors/session.js";
import { parseOptions } from "../options/parse.js";
import type { Emitter } from "../telemetry/emitter.js";
import type { EngineEvents } from "../telemetry/events.js";
import { traceCall } from "../telemetry/trace-call.js";
import type { ExecutionOptions } from "./execution-options.js";
import { type FamilyOptions, type ForkOptions, forkOptions, type ParsedForkOptions } from "./fork-options.js";
import type { Lane } from "./lane.js";
import type { Lifecycle } from "./lifecycle.js";
import type { SessionState } from "./lifecycle-parts.js";
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
import type { Ref } from "./ref.js";
import { type Replicas, type Site, siteIn } from "./replicas.js";

/** What a session needs of its engine. */
export interface SessionHost {
  fork(session: Session, options: ParsedForkOptions): Promise<Session[]>;
  replicas(session: Session, count: number, signal: AbortSignal): Promise<Replicas>;
}

/** Brings a session's state about. */
export type Setup = (session: Session) => unknown;

/** @internal What a session is made of. */
export interface SessionParts {
  readonly lifecycle: Lifecycle;
  readonly host: SessionHost;
  readonly setup: Setup | undefined;
  /** While `setup` runs, where its requests go. */
  readonly lane?: Lane | undefined;
}

/**
 * Private Python state: a process, its module globals, the objects held by refs. Two sessions share nothing. Requests are carried out one at a
 * time, first come, first served.
 */
export class Session implements AsyncDisposable {
  readonly id: string;
  /** @internal */
  readonly width = 1;
  /** @internal What forks of this session are set up by, should they have to be. */
  readonly setup: Setup | undefined;
  readonly #lifecycle: Lifecycle;
  readonly #host: SessionHost;
  #lane: Lane;

  /** @internal Made by `engine.session()`. */
  constructor(parts: SessionParts) {
    this.id = parts.lifecycle.id;
    this.#lifecycle = parts.lifecycle;
    this.#host = parts.host;
    this.setup = parts.setup;
    this.#lane = parts.lane ?? parts.lifecycle.lane;
  }

  /** The process id of the worker, which changes when the session is brought back or recycled; undefined on an engine without processes. */
  get pid(): number | undefined {
    return this.#lane.pid;
  }

  get state(): SessionState {
    return this.#lifecycle.state;
  }

  /** @internal Runs report here what happens on this session. */
  get events(): Emitter<EngineEvents> {
    return this.#lifecycle.events;
  }

  /** @internal */
  get lifecycle(): Lifecycle {
    return this.#lifecycle;
  }

  /**
   * Calls a Python function and gives back its result.
   *
   * @param module imported in the session's process when it is first needed.
   * @param functionName may be dotted: `Class.method`.
   * @param args positional arguments.
   * @throws PythonError when the function raises; PythonImportError, PythonFunctionError when there is no such module or function;
   * ValueNotSupportedError when an argument or the result cannot be carried; RefError for a ref of another session; CallTimeoutError,
   * CallAbortedError; WorkerDiedError, MemoryLimitError when the process dies meanwhile; SessionRolledBackError, once, when it died and went back to
   * an earlier state; SessionBusyError; SessionLostError, SessionClosedError when it is gone already.
   */
  async call<Result = unknown>(
    module: string,
    functionName: string,
    args: readonly unknown[] = [],
    options: CallOptions = NO_OPTIONS,
  ): Promise<Result> {
    const reply = await this.#call("session.call()", module, functionName, args, options);
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
    const lane = this.#lane;
    let made: Ref | undefined;
    // At once: a copy that is made next has the object, and must know of the ref.
    const onReply = (reply: Reply, heard: boolean): void => {
      const { ref, typeName } = reply.value as RefReply;
      made = lane.refs.add(this, ref, typeName);
      if (!heard) made.release();
    };
    await this.#call("session.create()", module, callable, args, options, onReply);
    return made as unknown as Ref;
  }

  /**
   * Makes a fork of the session: the same modules, globals, objects and random states, in a process of its own, with a future of its own; `count`
   * makes several, all or none. It waits for its turn like a call. `ref.in(fork)` is the fork's ref to an object.
   *
   * @throws ForkRefusedError when a copy would not be safe, or the engine cannot make any; EngineFullError; OptionsError for an id that is taken.
   */
  fork(options?: ForkOptions): Promise<Session>;
  fork(options: FamilyOptions): Promise<Session[]>;
  async fork(options: ForkOptions | FamilyOptions = {}): Promise<Session | Session[]> {
    const parsed = parseOptions("session.fork()", forkOptions, options);
    this.#requireOpen();
    this.#requireState();
    const forks = await this.inLine("a fork", () => this.#host.fork(this, parsed));
    return parsed.count === undefined ? (forks[0] as Session) : forks;
  }

  /**
   * Keeps the session's state as it is now: what it goes back to when its process dies. It waits for its turn like a call, and takes the place of the
   * checkpoint before it.
   *
   * @throws ForkRefusedError when a copy would not be safe, or the engine cannot make any; EngineFullError.
   */
  async checkpoint(): Promise<void> {
    this.#requireOpen();
    if (this.#isSetUpAgain) this.#lifecycle.checkpointWhenSetUp();
    else await this.inLine("a checkpoint", () => this.#lifecycle.keeper.make());
  }

  /**
   * Refuses new calls, lets those that were made finish, then ends the process. After `timeout` what still waits is refused and what runs is stopped.
   * Resolves when the process is gone; closing twice is closing once.
   *
   * @throws ViewRefusedError in a view that the session waits for.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const { timeout } = parseOptions("session.close()", closeOptions, options);
    await this.inLine("the end", () => this.#lifecycle.close(timeout));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal One request, in the session's order. Rejects with the errors listed at `call`. */
  execute(request: Request | (() => Request), site: Site, options: ExecutionOptions): Promise<Reply> {
    return this.#lane.execute(request, siteIn(this.id, site), options);
  }

  /** @internal A run begins, which the session can be brought back for when its state is kept. */
  async keepForRun(): Promise<void> {
    // A checkpoint would have its turn in the line that waits for the end of setup, and is made then.
    if (!this.#isSetUpAgain) await this.#lifecycle.keeper.ensure();
  }

  /** @internal Copies that share the work of a run. */
  async replicas(count: number, signal: AbortSignal): Promise<Replicas> {
    this.#requireState();
    return this.#host.replicas(this, count, signal);
  }

  /** @internal Does what has its turn in the session's line. @throws ViewRefusedError in a view that the session waits for. */
  async inLine<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    const leave = this.#lifecycle.line.join(what);
    try {
      return await work();
    } finally {
      leave?.();
    }
  }

  /** @internal Setup is over: from now on its requests wait in line with those of others. */
  join(): void {
    this.#lane = this.#lifecycle.lane;
  }

  /**
   * This session's own ref to the object that `ref` is on, where `ref` is one of a session that this one comes from by forks; undefined where it has none.
   * `ref.in(fork)` is the same, and throws.
   */
  copyOf(ref: Ref): Ref | undefined {
    return this.#lane.refs.copyOf(ref);
  }

  /** @internal */
  async callRef(ref: Ref, method: string, args: readonly unknown[], options: CallOptions): Promise<unknown> {
    if (typeof method !== "string" || !Array.isArray(args))
      parseOptions("ref.call()", methodArguments, { method, args });
    const { kwargs, limits } = readCallOptions("ref.call()", options);
    const request = (): Request => ({
      kind: "ref-call",
      ref: ref.usableId,
      method,
      args,
      kwargs,
      returns: "value",
    });
    return (await this.#traced(`${ref.typeName}.${method}`, request, limits)).value;
  }

  /** @internal */
  async getFromRef(ref: Ref, attribute: string, options: GetOptions): Promise<unknown> {
    if (typeof attribute !== "string") parseOptions("ref.get()", attributeArguments, { attribute });
    const limits = readGetOptions("ref.get()", options);
    const request = (): Request => ({ kind: "ref-get", ref: ref.usableId, attribute, returns: "value" });
    return (await this.#traced(`${ref.typeName}.${attribute}`, request, limits)).value;
  }

  /** @internal */
  releaseRef(ref: Ref): void {
    if (this.state !== "lost" && this.state !== "closed") this.#lane.release(ref);
  }

  #call(
    where: string,
    module: string,
    functionName: string,
    args: readonly unknown[],
    options: CallOptions,
    onRef?: ExecutionOptions["onReply"],
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
    const returns = onRef === undefined ? "value" : "ref";
    const request: Request = { kind: "call", module, function: functionName, args, kwargs, returns };
    // An object that is made changes the state, also when making it may be repeated.
    const effects = onRef === undefined ? limits : { ...limits, changesState: true, onReply: onRef };
    return this.#traced(`${module}.${functionName}`, request, effects);
  }

  #traced(target: string, request: Request | (() => Request), options: ExecutionOptions): Promise<Reply> {
    return traceCall({ session: this.id, target }, () => this.execute(request, { target }, options));
  }

  get #isSetUpAgain(): boolean {
    return this.#lane !== this.#lifecycle.lane;
  }

  /** Only what has its state can be copied. */
  #requireState(): void {
    if (this.#isSetUpAgain) throw new ForkRefusedError(this.id, "its setup is running again");
  }

  #requireOpen(): void {
    const closed = this.#lifecycle.closed();
    if (closed !== undefined) throw closed;
  }
}
